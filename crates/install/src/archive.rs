//! Archives of model folders: packed, and unpacked within [`Limits`] into one folder.

mod format;
mod limits;
mod packed_folder;
mod tar;
mod unpacker;
mod zip;

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

pub use self::limits::Limits;
use self::unpacker::Unpacker;
pub(crate) use self::{
    format::{ArchiveFormat, stem},
    packed_folder::PackedFolder,
};
use crate::{InstallError, StopCheck};

/// Unpacks `archive` into the empty folder `folder`. Returns the folder that holds the files: `folder`, or the only
/// folder inside it.
///
/// # Errors
/// [`InstallError::Archive`], which names the entry: for a name that leads out of `folder`, a link, a name that occurs
/// twice, and for more than `limits` allow. [`InstallError::File`] if `archive` cannot be read.
pub(crate) fn unpack(archive: &Path, folder: &Path, limits: Limits, stop: &StopCheck) -> Result<PathBuf, InstallError> {
    let file = File::open(archive).map_err(InstallError::file(archive))?;
    let mut unpacker = Unpacker::new(archive, &file, folder, limits)?;
    let file = stop.reader(file);
    match ArchiveFormat::of(archive) {
        Some(ArchiveFormat::TarGz) => tar::unpack(file, &mut unpacker)?,
        Some(ArchiveFormat::Zip) | None => zip::unpack(file, &mut unpacker)?,
    }
    Ok(without_wrapping_folders(folder))
}

/// Unpacks the zip archive `archive`, whatever its name, into `folder`.
///
/// # Errors
/// As [`unpack`].
pub(crate) fn unpack_zip(archive: &Path, folder: &Path, limits: Limits, stop: &StopCheck) -> Result<(), InstallError> {
    let file = File::open(archive).map_err(InstallError::file(archive))?;
    let mut unpacker = Unpacker::new(archive, &file, folder, limits)?;
    zip::unpack(stop.reader(file), &mut unpacker)
}

/// Writes the archive of `source` to `output`.
pub(crate) fn pack(format: ArchiveFormat, source: &PackedFolder<'_>, output: &mut File) -> io::Result<()> {
    match format {
        ArchiveFormat::TarGz => tar::pack(source, output),
        ArchiveFormat::Zip => zip::pack(source, output),
    }
}

/// Follows a folder that holds one folder and nothing else. Hidden files and `__MACOSX` do not count.
fn without_wrapping_folders(folder: &Path) -> PathBuf {
    let mut folder = folder.to_path_buf();
    loop {
        let Ok(entries) = fs::read_dir(&folder) else { return folder };
        let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        found.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            !name.starts_with('.') && name != "__MACOSX"
        });
        match found.as_slice() {
            [only] if only.is_dir() => folder = found.remove(0),
            _ => return folder,
        }
    }
}
