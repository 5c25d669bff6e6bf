//! Creates folders and makes them durable.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
};

use super::{lacks, parent};

/// Creates `folder` and its parents. They survive a power failure.
pub fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    if above != folder {
        make(above)?;
    }
    match fs::create_dir(folder) {
        // if another process removed it again, this returns the error
        Err(e) if e.kind() == ErrorKind::AlreadyExists => match fs::metadata(folder)?.is_dir() {
            true => Ok(()),
            false => Err(ErrorKind::NotADirectory.into()),
        },
        Err(e) => Err(e),
        Ok(()) => sync(above),
    }
}

/// Makes the names in `folder` durable: created and renamed files survive a power failure.
pub fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(()); // Windows cannot open folders, and needs no sync
    }
    match File::open(folder).and_then(|folder| lacks::sync(&folder)) {
        // the folder may be written but not listed
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}
