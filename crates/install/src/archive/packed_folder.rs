//! [`PackedFolder`]: what goes into an archive.

use std::{fs::File, io, path::Path};

use crate::{StopCheck, stop::StoppableReader};

/// Some files of a folder, and the name that the folder has in the archive.
pub(crate) struct PackedFolder<'a> {
    /// Folder on disk.
    pub folder: &'a Path,
    /// Paths inside it, with `/`.
    pub files: &'a [String],
    /// Name of the folder in the archive.
    pub name: &'a str,
    /// Ends the packing.
    pub stop: &'a StopCheck,
}

impl PackedFolder<'_> {
    /// Opens the file `path` for reading. Returns its length in bytes too.
    pub fn open(&self, path: &str) -> io::Result<(StoppableReader<File>, u64)> {
        let file = File::open(self.folder.join(path))?;
        let length = file.metadata()?.len();
        Ok((self.stop.reader(file), length))
    }
}
