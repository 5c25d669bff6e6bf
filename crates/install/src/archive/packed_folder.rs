//! [`PackedFolder`]: what goes into an archive.

use std::path::Path;

/// Some files of a folder, and the name that the folder has in the archive.
pub(crate) struct PackedFolder<'a> {
    /// Folder on disk.
    pub folder: &'a Path,
    /// Paths inside it, with `/`.
    pub files: &'a [String],
    /// Name of the folder in the archive.
    pub name: &'a str,
}
