//! Archives of model folders: unpacked within limits, and never anywhere else.

mod tar;
mod unpacker;
mod zip;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
};

pub(crate) use self::{tar::pack as pack_tar, zip::pack as pack_zip};
use crate::InstallError;

/// What an archive may unpack to. A zip within Spark NLP's folders is held to the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most files and folders.
    pub entries: usize,
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most bytes for each byte of the archive, where there are more than [`Limits::SMALL`].
    pub ratio: u64,
}

impl Limits {
    /// Most files and folders.
    pub const ENTRIES: usize = 10_000;
    /// Most bytes: 32 GiB.
    pub const BYTES: u64 = 32 << 30;
    /// Weights hardly shrink, JSON ten times; archives that are made to fill disks a thousand times.
    pub const RATIO: u64 = 100;
    /// As many bytes, 1 MiB, may come from however small an archive.
    pub const SMALL: u64 = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: Self::ENTRIES, bytes: Self::BYTES, ratio: Self::RATIO }
    }
}

const ZIP: &str = ".zip";
const TARS: [&str; 2] = [".tar.gz", ".tgz"];

/// Whether its name is that of an archive that is read.
pub(crate) fn is_archive(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    name.ends_with(ZIP) || is_tar(&name)
}

fn is_tar(name: &str) -> bool {
    TARS.iter().any(|ending| name.ends_with(ending))
}

/// Whether `path` is to be a tar archive, rather than a zip one.
pub(crate) fn is_tar_name(path: &Path) -> bool {
    is_tar(&path.to_string_lossy().to_lowercase())
}

/// Name of an archive without its ending.
pub(crate) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let ending = [ZIP].into_iter().chain(TARS).find(|ending| name.to_lowercase().ends_with(ending));
    name[..name.len() - ending.map_or(0, str::len)].to_string()
}

/// Unpacks `archive` into `folder`, which is empty, and gives the folder in it that holds the files: `folder` itself, or
/// the only one in it.
///
/// # Errors
/// [`InstallError::Archive`] that names the entry, for names that lead out of the folder, links, names that are there
/// twice, and more than the limits allow.
pub(crate) fn unpack(archive: &Path, folder: &Path, limits: Limits) -> Result<PathBuf, InstallError> {
    let file = File::open(archive).map_err(InstallError::file(archive))?;
    let mut unpacker = unpacker::Unpacker::new(archive, &file, folder, limits)?;
    match is_tar_name(archive) {
        true => tar::unpack(file, &mut unpacker)?,
        false => zip::unpack(file, &mut unpacker)?,
    }
    Ok(root(folder))
}

/// Unpacks `archive`, a zip archive of whatever name, into `folder`.
///
/// # Errors
/// As [`unpack`].
pub(crate) fn unpack_zip(archive: &Path, folder: &Path, limits: Limits) -> Result<(), InstallError> {
    let file = File::open(archive).map_err(InstallError::file(archive))?;
    let mut unpacker = unpacker::Unpacker::new(archive, &file, folder, limits)?;
    zip::unpack(file, &mut unpacker)
}

/// The folder itself, or the only folder in it, where there is nothing else (hidden files and those of macOS aside).
fn root(folder: &Path) -> PathBuf {
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
