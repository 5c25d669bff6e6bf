//! Folders that last: made and made durable.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
};

use super::parent;

/// Makes `folder` and those above it, so that they are still there after a power cut.
pub fn make(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = parent(folder);
    if above != folder {
        make(above)?;
    }
    match fs::create_dir(folder) {
        // it may be gone again, which is the error of this look
        Err(e) if e.kind() == ErrorKind::AlreadyExists => match fs::metadata(folder)?.is_dir() {
            true => Ok(()),
            false => Err(ErrorKind::NotADirectory.into()),
        },
        Err(e) => Err(e),
        Ok(()) => sync(above),
    }
}

/// Makes the names in `folder` durable.
pub fn sync(folder: &Path) -> io::Result<()> {
    if cfg!(windows) {
        return Ok(()); // its folders cannot be opened, and need it not
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        // some network file systems sync no folders
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        // a folder that may be written but not listed
        Err(e) if e.kind() == ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    }
}
