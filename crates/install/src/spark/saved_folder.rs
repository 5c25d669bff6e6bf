//! Files in a folder that Spark NLP saved.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use crate::InstallError;

/// The error for `path`, a saved folder or a file in it.
pub(super) fn refused(path: &Path, reason: impl Into<String>) -> InstallError {
    InstallError::Spark { path: path.to_path_buf(), reason: reason.into() }
}

/// Everything in `folder`, sorted by name.
///
/// # Errors
/// [`InstallError::File`].
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let entries = fs::read_dir(folder).map_err(InstallError::file(folder))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}

/// The first file in `folder` whose name ends with `ending`.
///
/// # Errors
/// [`InstallError::File`].
pub(super) fn find(folder: &Path, ending: &str) -> Result<Option<PathBuf>, InstallError> {
    Ok(entries(folder)?.into_iter().find(|path| path.is_file() && name(path).ends_with(ending)))
}

/// The files `part-*` of `folder` in order, as Spark splits its output.
///
/// # Errors
/// [`InstallError::Spark`] if there is none, or no such folder.
pub(super) fn parts(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let mut found = entries(folder).unwrap_or_default();
    found.retain(|path| name(path).starts_with("part-"));
    match found.is_empty() {
        true => Err(refused(folder, "it has no file part-*: copy the whole folder that Spark NLP saved")),
        false => Ok(found),
    }
}

/// The content of the file `path`, of at most `most` bytes.
///
/// # Errors
/// [`InstallError::Spark`] for a longer file, [`InstallError::File`].
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, InstallError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(InstallError::file(path))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(InstallError::file(path))?;
    match bytes.len() as u64 > most {
        true => Err(refused(
            path,
            format!("it is longer than {most} bytes, the limit for this file: copy the folder again"),
        )),
        false => Ok(bytes),
    }
}

/// Last part of a path.
pub(super) fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
