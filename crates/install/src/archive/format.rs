//! [`ArchiveFormat`]: the archive formats, told apart by the ending of the file name.

use std::path::Path;

/// An archive format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArchiveFormat {
    Zip,
    TarGz,
}

const ENDINGS: [(&str, ArchiveFormat); 3] =
    [(".zip", ArchiveFormat::Zip), (".tar.gz", ArchiveFormat::TarGz), (".tgz", ArchiveFormat::TarGz)];

impl ArchiveFormat {
    /// Format of the file `path` by its ending, in any case; `None` for any other name.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let name = path.to_string_lossy().to_lowercase();
        ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, format)| *format)
    }
}

/// File name without the archive's ending: `ours` for `/models/ours.tar.gz`.
pub(crate) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let lower = name.to_lowercase();
    let ending = ENDINGS.iter().map(|(ending, _)| *ending).find(|ending| lower.ends_with(ending));
    name[..name.len() - ending.map_or(0, str::len)].to_string()
}
