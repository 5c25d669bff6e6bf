//! [`models_folder`]: the folder with installed models, and what is in it.

use std::path::{Path, PathBuf};

use crate::{
    HOME_VARIABLE, HubName, Manifest,
    environment::{self, DATA_VARIABLES},
};

/// The folder of installed models: `$SPANFRAME_HOME/models`, else `models` in the platform's data folder.
///
/// The default is `$XDG_DATA_HOME/spanframe/models` or `~/.local/share/spanframe/models` on Linux,
/// `~/Library/Application Support/spanframe/models` on macOS and `%LOCALAPPDATA%\spanframe\models` on Windows. `None`
/// if no variable names an absolute folder (`SPANFRAME_HOME` may be relative). Nothing is created or read.
///
/// ```
/// # use spanframe_model::models_folder;
/// assert!(models_folder().is_none_or(|folder| folder.ends_with("models")));
/// ```
#[must_use]
pub fn models_folder() -> Option<PathBuf> {
    let home = environment::path(HOME_VARIABLE).or_else(|| {
        let folders = DATA_VARIABLES.iter().filter_map(|(name, below)| Some((environment::path(name)?, below)));
        folders.filter(|(folder, _)| folder.is_absolute()).map(|(folder, below)| folder.join(below)).next()
    });
    home.map(|folder| folder.join("models"))
}

/// The folder of the installed model `name`. A name is never a path: `..` and `a/b` find nothing.
#[must_use]
pub fn installed(name: &str) -> Option<PathBuf> {
    let is_name = Path::new(name).file_name().is_some_and(|last| last == name);
    let folder = models_folder().filter(|_| is_name)?.join(name);
    folder.is_dir().then_some(folder)
}

/// The folder of the installed model that was downloaded as `name`, according to its manifest.
#[must_use]
pub fn installed_from(name: &HubName) -> Option<PathBuf> {
    let is_of = |folder: &PathBuf| matches!(Manifest::read(folder), Ok(Some(manifest)) if manifest.is_of(name));
    installed_names().into_iter().filter_map(|installed_name| installed(&installed_name)).find(is_of)
}

/// Names of all installed models, sorted. Files and hidden folders are skipped.
#[must_use]
pub fn installed_names() -> Vec<String> {
    let entries = models_folder().and_then(|folder| folder.read_dir().ok());
    let folders = entries.into_iter().flatten().flatten().filter(|e| e.path().is_dir());
    let names = folders.filter_map(|e| e.file_name().into_string().ok());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}
