//! The environment variables that the model crate reads. No other file of the crate reads the environment.

use std::{env, ffi::OsString, path::PathBuf};

/// Folder of spanframe's own files; installed models are in `models/` in it.
pub const HOME_VARIABLE: &str = "SPANFRAME_HOME";

/// Path of the ONNX Runtime library, or of the folder with it.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Roots of the active Python environment, whose `onnxruntime` package holds a library.
pub(crate) const PYTHON_ROOT_VARIABLES: [&str; 2] = ["VIRTUAL_ENV", "CONDA_PREFIX"];

/// Folders with programs; an environment may be the one of the first `python3` in them.
pub(crate) const PROGRAM_FOLDERS_VARIABLE: &str = "PATH";

/// Variables that name the user's data folder, each with the path from there to spanframe's folder.
pub(crate) const DATA_VARIABLES: &[(&str, &str)] = if cfg!(target_os = "windows") {
    &[("LOCALAPPDATA", "spanframe")]
} else if cfg!(target_os = "macos") {
    &[("HOME", "Library/Application Support/spanframe")]
} else {
    &[("XDG_DATA_HOME", "spanframe"), ("HOME", ".local/share/spanframe")]
};

/// The value of the variable `name`; `None` if it is absent or empty.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the environment")]
pub(crate) fn value(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// [`value`] as a path.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    value(name).map(PathBuf::from)
}
