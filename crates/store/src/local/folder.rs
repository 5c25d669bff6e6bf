//! Folders that last: made and made durable.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
};

use super::{ATTEMPTS, parent};

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
        Err(e) if e.kind() == ErrorKind::AlreadyExists && folder.is_dir() => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(ErrorKind::NotADirectory.into()),
        Err(e) => Err(e),
        Ok(()) => sync(above),
    }
}

/// What `create` makes in `folder`, which is made first: again where another process, done with it, removes it meanwhile.
pub fn make_in<T>(folder: &Path, create: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    let mut attempt = 1;
    loop {
        match make(folder).and_then(|()| create(folder)) {
            Err(e) if e.kind() == ErrorKind::NotFound && attempt < ATTEMPTS => attempt += 1,
            made => return made,
        }
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
