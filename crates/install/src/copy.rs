//! [`copy`]: copies a model folder, its needed files alone.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use spanframe_model::{MANIFEST, Manifest, ModelFiles, join_errors};

use crate::{InstallError, StopCheck, collect::collect, file_provider::FileProvider, installed::Origin, spark};

/// A model that was copied.
pub(crate) struct Copied {
    /// Paths of the ONNX file and of its external data, inside the folder.
    pub weights: Vec<String>,
    /// Where the model first came from, if its folder has a manifest.
    pub origin: Option<Origin>,
}

/// Copies the model at `path`, a folder or an ONNX file in one, into the empty folder `target`.
///
/// # Errors
/// [`InstallError::WrongKind`] for a folder of Spark NLP, [`InstallError::Faults`] if the files do not equal those of the
/// manifest, and those of [`collect`].
pub(crate) fn copy(path: &Path, target: &Path, stop: &StopCheck) -> Result<Copied, InstallError> {
    if spark::is_saved(path) {
        return Err(InstallError::WrongKind {
            path: path.display().to_string(),
            reason: "was saved by Spark NLP: use `spanframe model import` for it",
        });
    }
    let (folder, onnx) = match ModelFiles::find(path, "") {
        Ok(ModelFiles::Folder { folder, onnx }) if path.is_file() => (folder, Some(onnx)),
        _ => (path.to_path_buf(), None),
    };
    let onnx = onnx.map(|onnx| onnx.strip_prefix(&folder).unwrap_or(&onnx).to_string_lossy().into_owned());
    let manifest = Manifest::read(&folder)?;
    if let Some(manifest) = &manifest {
        check_files(manifest, &folder, &path.display().to_string())?;
    }
    let place = folder.display().to_string();
    let weights = collect(&LocalFolder { folder, stop }, onnx.as_deref(), target);
    let weights = weights.map_err(|e| e.relocated(target, &place))?;
    let origin = manifest.map(|manifest| Origin { source: manifest.source, commit: manifest.commit });
    Ok(Copied { weights, origin })
}

/// Compares the files of `folder` with its manifest. `name` is for the error.
///
/// # Errors
/// [`InstallError::Faults`] with every difference.
pub(crate) fn check_files(manifest: &Manifest, folder: &Path, name: &str) -> Result<(), InstallError> {
    let errors = manifest.verify(folder)?;
    match errors.is_empty() {
        true => Ok(()),
        false => Err(InstallError::Faults { name: name.to_string(), faults: join_errors(&errors) }),
    }
}

/// A model folder on this machine. Links are followed: the user who names the folder means the files behind them.
struct LocalFolder<'a> {
    folder: PathBuf,
    stop: &'a StopCheck,
}

impl FileProvider for LocalFolder<'_> {
    fn list(&self) -> Result<Vec<String>, InstallError> {
        let mut found = Vec::new();
        for below in ["", "onnx"] {
            let Ok(entries) = fs::read_dir(self.folder.join(below)) else { continue };
            let files = entries.flatten().filter(|entry| entry.path().is_file());
            let names = files.filter_map(|entry| entry.file_name().into_string().ok());
            found.extend(names.map(|name| if below.is_empty() { name } else { format!("{below}/{name}") }));
        }
        found.retain(|path| path != MANIFEST);
        found.sort();
        Ok(found)
    }

    fn fetch(&self, path: &str, target: &Path) -> Result<(), InstallError> {
        let from = self.folder.join(path);
        let copy = || {
            let mut output = fs::File::create_new(target)?;
            io::copy(&mut self.stop.reader(fs::File::open(&from)?), &mut output)
        };
        copy().map(drop).map_err(InstallError::file(&from))
    }

    fn describe(&self) -> String {
        self.folder.display().to_string()
    }
}
