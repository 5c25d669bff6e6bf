//! `spanframe model add`, `import`, `pack`, `remove` and `verify`: the folder of installed models.

use std::{
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use spanframe_engine::{
    EngineOptions, catalogue,
    shown_name::{escaped, escaped_lines},
};
use spanframe_install::{Installed, ModelSource, Models, Naming, Token};

use crate::{
    console::print,
    download_bar::DownloadBar,
    error::CliError,
    flags::{AddFlags, HubFlags, ImportFlags},
};

/// Installs a model.
pub fn add(flags: &AddFlags, options: EngineOptions) -> Result<(), CliError> {
    let mut models = models(options)?;
    set_hub(&mut models, &flags.hub, flags.quiet)?;
    let naming = Naming { name: flags.name.clone(), replace: flags.replace };
    print_installed(&models.add(&ModelSource::parse(&flags.source)?, &naming)?)
}

/// Installs what Spark NLP saved.
pub fn import(flags: &ImportFlags, options: EngineOptions) -> Result<(), CliError> {
    let naming = Naming { name: flags.name.clone(), replace: flags.replace };
    print_installed(&models(options)?.import(&flags.path, &naming)?)
}

/// Writes a model to an archive.
pub fn pack(model: &str, archive: &Path, options: EngineOptions) -> Result<(), CliError> {
    let manifest = models(options)?.pack(model, archive)?;
    print(&format!("wrote {} files of {model} to {}\n", manifest.files.len(), archive.display()))
}

/// Removes an installed model.
pub fn remove(name: &str, options: EngineOptions) -> Result<(), CliError> {
    let folder = models(options)?.remove(name)?;
    print(&format!("removed {name} from {}\n", folder.display()))
}

/// Compares the files of a model with its manifest.
pub fn verify(model: &str, options: EngineOptions) -> Result<(), CliError> {
    let verified = models(options)?.verify(model)?;
    let folder = verified.folder.display();
    print(&escaped_lines(&match verified.manifest {
        None => format!("{folder} has no manifest.json, so its files cannot be verified\n"),
        Some(manifest) => {
            let files: String = manifest
                .files
                .iter()
                .map(|file| format!("{}  {:>11}  {}\n", file.sha256, file.bytes, escaped(&file.path)))
                .collect();
            let commit = at_commit(manifest.commit.as_deref());
            format!("{files}{folder} is unchanged since it came from {}{commit}\n", manifest.source)
        }
    }))
}

fn models(options: EngineOptions) -> Result<Models, CliError> {
    Ok(Models::home(options.runtime, catalogue::BUNDLED)?)
}

fn print_installed(installed: &Installed) -> Result<(), CliError> {
    let Installed { name, folder, manifest, card, was_run } = installed;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let note = match was_run {
        true => "",
        false => "note          the model was not run, because ONNX Runtime was not found\n",
    };
    print(&format!(
        "installed     {name}\nfolder        {}\nfrom          {}{}\nfiles         {}, {:.1} MB\nentities      {}\n{note}",
        folder.display(),
        escaped(&manifest.source),
        at_commit(manifest.commit.as_deref()),
        manifest.files.len(),
        bytes as f64 / 1e6,
        escaped(&card.entities.join(", ")),
    ))?;
    card.warnings.iter().try_for_each(|warning| print(&format!("warning       {}\n", escaped(warning))))
}

fn at_commit(commit: Option<&str>) -> String {
    commit.map_or_else(String::new, |commit| format!(" at {}", escaped(commit)))
}

/// Changes the hub of the environment to that of the flags.
fn set_hub(models: &mut Models, flags: &HubFlags, quiet: bool) -> Result<(), CliError> {
    if let Some(endpoint) = &flags.endpoint {
        models.hub.endpoint = Some(endpoint.clone());
    }
    if let Some(file) = &flags.token_file {
        models.hub.token = Some(Token::read(file)?);
    }
    models.hub.offline |= flags.offline;
    if !quiet {
        let bar = Mutex::new(DownloadBar::default());
        models.hub.progress =
            Some(Arc::new(move |progress| bar.lock().unwrap_or_else(PoisonError::into_inner).show(progress)));
    }
    Ok(())
}
