//! What a file system may lack: locks, and syncs to the disk.

use std::{
    fs::File,
    io::{self, ErrorKind},
};

/// `EPERM`, which file systems in user space return for calls that they do not have. `EACCES`, a missing permission,
/// has the same [`ErrorKind`].
const NOT_PERMITTED: i32 = 1;

/// `ENOLCK` on Linux: an NFS mount without a lock service.
const NO_LOCK_SERVICE: i32 = 37;

/// True if the file system does not have the call: `ENOSYS`, `EOPNOTSUPP`, `EINVAL` or `EPERM`.
#[must_use]
pub fn lacks_call(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
        || (cfg!(unix) && error.raw_os_error() == Some(NOT_PERMITTED))
}

/// True if the file system has no locks, as some network and FUSE mounts.
pub fn lacks_locks(error: &io::Error) -> bool {
    lacks_call(error) || (cfg!(target_os = "linux") && error.raw_os_error() == Some(NO_LOCK_SERVICE))
}

/// Writes a file or folder through to the disk. A file system without syncs does what it can by itself: a killed
/// process still leaves whole files, a power failure may not.
///
/// # Errors
/// That of the system, unless the file system has no syncs.
pub fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(error) if lacks_call(&error) => Ok(()),
        synced => synced,
    }
}
