//! [`FileProvider`]: where the files of a model come from.

use std::path::Path;

use crate::InstallError;

/// A folder on this machine or a repository of the hub.
pub(crate) trait FileProvider {
    /// Paths of all files, with `/`.
    fn list(&self) -> Result<Vec<String>, InstallError>;
    /// Writes the file `path` to the new file `target`.
    fn fetch(&self, path: &str, target: &Path) -> Result<(), InstallError>;
    /// Name of the folder or repository, for messages.
    fn describe(&self) -> String;
}
