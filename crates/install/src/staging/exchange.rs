//! [`exchange`]: swaps two folders in one system call.

use std::{io, path::Path};

/// A function that swaps two folders. Tests give one that cannot.
pub(super) type Exchange = fn(&Path, &Path) -> io::Result<()>;

/// Swaps the folders `a` and `b`, so that each name always leads to one of them.
///
/// # Errors
/// Also where the system or the file system cannot do it.
#[cfg(target_os = "linux")]
pub(super) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
