//! `spanframe model add`, `import`, `pack`, `remove` and `verify`: the folder of installed models.

use std::{
    io::{IsTerminal, stderr},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanframe_engine::EngineOptions;
use spanframe_install::{Installed, Models, Naming, Progress, Source, Token};

use crate::{
    error::CliError,
    flags::{AddFlags, HubFlags, ImportFlags},
    tell::tell,
    text::print,
};

pub fn add(flags: &AddFlags, options: EngineOptions) -> Result<(), CliError> {
    let mut models = Models::home(options.runtime)?;
    ask_hub(&mut models, &flags.hub, flags.quiet)?;
    let naming = Naming { name: flags.name.clone(), replace: flags.replace };
    told(&models.add(&Source::parse(&flags.source)?, &naming)?)
}

pub fn import(flags: &ImportFlags, options: EngineOptions) -> Result<(), CliError> {
    let naming = Naming { name: flags.name.clone(), replace: flags.replace };
    told(&Models::home(options.runtime)?.import(&flags.path, &naming)?)
}

pub fn pack(model: &str, archive: &Path, options: EngineOptions) -> Result<(), CliError> {
    let manifest = Models::home(options.runtime)?.pack(model, archive)?;
    print(&format!("wrote {} files of {model} to {}\n", manifest.files.len(), archive.display()))
}

pub fn remove(name: &str, options: EngineOptions) -> Result<(), CliError> {
    let folder = Models::home(options.runtime)?.remove(name)?;
    print(&format!("removed {name} from {}\n", folder.display()))
}

pub fn verify(model: &str, options: EngineOptions) -> Result<(), CliError> {
    let verified = Models::home(options.runtime)?.verify(model)?;
    let folder = verified.folder.display();
    print(&match verified.manifest {
        None => format!("{folder} has no manifest.json: nothing is known of its files\n"),
        Some(manifest) => {
            let files: String = manifest
                .files
                .iter()
                .map(|file| format!("{}  {:>11}  {}\n", file.sha256, file.bytes, file.path))
                .collect();
            let commit = manifest.commit.map_or_else(String::new, |commit| format!(" at {commit}"));
            format!("{files}{folder} is what it was when it came from {}{commit}\n", manifest.source)
        }
    })
}

fn told(installed: &Installed) -> Result<(), CliError> {
    let Installed { name, folder, manifest, card, tried } = installed;
    let bytes: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    let commit = manifest.commit.as_ref().map_or_else(String::new, |commit| format!(" at {commit}"));
    let untried = if *tried { "" } else { "note          ONNX Runtime was not found, so that the model was not run\n" };
    print(&format!(
        "installed     {name}\nfolder        {}\nfrom          {}{commit}\nfiles         {}, {:.1} MB\nentities      {}\n{untried}",
        folder.display(),
        manifest.source,
        manifest.files.len(),
        bytes as f64 / 1e6,
        card.entities.join(", "),
    ))
}

/// The flags go before the environment.
fn ask_hub(models: &mut Models, flags: &HubFlags, quiet: bool) -> Result<(), CliError> {
    if let Some(endpoint) = &flags.endpoint {
        models.hub.endpoint = Some(endpoint.clone());
    }
    if let Some(file) = &flags.token_file {
        models.hub.token = Some(Token::read(file)?);
    }
    models.hub.offline |= flags.offline;
    if !quiet {
        let shown = Mutex::new(Shown::default());
        models.hub.progress =
            Some(Arc::new(move |progress| shown.lock().unwrap_or_else(PoisonError::into_inner).show(progress)));
    }
    Ok(())
}

/// A bar for each file on a terminal, a line when it begins elsewhere.
#[derive(Default)]
struct Shown {
    file: String,
    bar: Option<ProgressBar>,
}

impl Shown {
    fn show(&mut self, progress: Progress<'_>) {
        if self.file != progress.file {
            self.file = progress.file.to_string();
            let size = progress.of.map_or_else(|| "unknown size".to_string(), |of| HumanBytes(of).to_string());
            self.bar = None;
            if stderr().is_terminal() {
                let bar = ProgressBar::with_draw_target(progress.of, ProgressDrawTarget::stderr());
                if let Ok(style) =
                    ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec}")
                {
                    bar.set_style(style);
                }
                bar.set_message(self.file.clone());
                self.bar = Some(bar);
            } else {
                tell(format_args!("fetching {}, {size}", self.file));
            }
        }
        if let Some(bar) = &self.bar {
            bar.set_position(progress.bytes);
        }
    }
}
