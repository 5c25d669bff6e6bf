//! [`PartialFile`]: a file that is being written.
//!
//! It lies in a hidden folder of the store's root, so that it is on the file system of its target and a rename makes it
//! visible. Its writer holds a lock on it. A sweep removes a partial file that it can lock: its writer was killed.
//!
//! ```text
//! writer  create, lock, write -> sync the file -> rename to the target -> sync the folder
//! sweep   open, try to lock: locked -> its writer lives; else remove
//! ```

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

use super::{
    folder,
    lacks::{lacks_locks, sync},
    parent,
    publish::Finished,
};
use crate::StoreError;

/// Folder of the partial files in the root. Hive, Spark and Polars ignore it. It exists only while something is
/// written.
const PARTIAL: &str = ".spanframe-partial";

/// Bytes that are buffered before a system call.
const BUFFER: usize = 256 << 10;

/// How long to retry after two races: a sweep deletes the new file before it is locked, or another writer removes the
/// folder.
///
/// It is a time, not a count: thousands of tries may fail while others keep removing the folder.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(1);

/// Age at which a partial file of another machine is abandoned. Its lock says nothing here if locks do not reach across
/// machines.
const FOREIGN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The local half of [`Writer`](crate::Writer).
pub struct PartialFile {
    file: BufWriter<NamedTempFile>,
    target: PathBuf,
    url: String,
    // dropped after the file, so that the folder is empty then
    cleanup: FolderCleanup,
}

impl PartialFile {
    pub fn new(root: &Path, target: PathBuf, url: String) -> Result<Self, StoreError> {
        let cleanup = FolderCleanup { folder: root.join(PARTIAL) };
        let file =
            folder::make(root).and_then(|()| new_in(&cleanup.folder)).map_err(|e| StoreError::from_io(&url, e))?;
        Ok(Self { file: BufWriter::with_capacity(BUFFER, file), target, url, cleanup })
    }

    pub fn commit(self, replace: bool) -> Result<bool, StoreError> {
        let Self { file, target, url, cleanup: _cleanup } = self;
        let rename = || -> io::Result<bool> {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            // content before name: after a power failure the file is whole or absent
            sync(file.as_file())?;
            let folder = parent(&target);
            folder::make(folder)?;
            let finished = Finished { file, target: &target, url: &url };
            let is_visible = if replace { finished.replace().map(|()| true)? } else { finished.take()? };
            if is_visible {
                folder::sync(folder)?;
            }
            Ok(is_visible)
        };
        rename().map_err(|e| StoreError::from_io(&url, e))
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|e| named(&self.url, e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|e| named(&self.url, e))
    }
}

fn named(url: &str, error: io::Error) -> io::Error {
    match error.kind() {
        // `write_all` retries on this kind
        ErrorKind::Interrupted => error,
        _ => StoreError::from_io(url, error).into(),
    }
}

/// Creates a locked file in `folder`, and the folder if it is absent.
fn new_in(folder: &Path) -> io::Result<NamedTempFile> {
    let start = Instant::now();
    loop {
        match fs::create_dir(folder) {
            Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
            _ => {}
        }
        match locked(folder) {
            Err(e) if e.kind() == ErrorKind::NotFound && start.elapsed() < PATIENCE => thread::sleep(PAUSE),
            file => return file,
        }
    }
}

/// Creates a locked file in `folder`, with the permissions that the umask gives to any new file.
///
/// # Errors
/// [`ErrorKind::NotFound`] also if a sweep removed the file before it was locked: try again.
fn locked(folder: &Path) -> io::Result<NamedTempFile> {
    let prefix = format!("{}.", machine());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".partial");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.tempfile_in(folder)?;
    match file.as_file().try_lock() {
        Ok(()) if file.path().exists() => Ok(file),
        Ok(()) | Err(TryLockError::WouldBlock) => Err(ErrorKind::NotFound.into()),
        // without locks a sweep removes nothing, so the file is as safe
        Err(TryLockError::Error(e)) if lacks_locks(&e) => Ok(file),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Removes the partial files of killed processes. Returns their number.
pub fn sweep(root: &Path) -> io::Result<usize> {
    let cleanup = FolderCleanup { folder: root.join(PARTIAL) };
    let entries = match fs::read_dir(&cleanup.folder) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(0),
        entries => entries?,
    };
    let mut swept = 0;
    for entry in entries {
        let path = entry?.path();
        // for writing, since NFS locks only such files. A file that cannot be opened is another user's
        let Ok(file) = File::options().write(true).open(&path) else { continue };
        let is_abandoned = match file.try_lock() {
            Ok(()) => is_ours(&path) || is_old(&file),
            // without locks, age alone tells whether its writer lives
            Err(TryLockError::Error(e)) if lacks_locks(&e) => is_old(&file),
            Err(_) => false,
        };
        if is_abandoned && fs::remove_file(&path).is_ok() {
            swept += 1;
        }
        // after a fork, closing alone would leave the lock with the child
        let _ = file.unlock();
    }
    Ok(swept)
}

/// True if this machine wrote the file.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split_once('.').is_some_and(|(writer, _)| writer == machine())
}

fn is_old(file: &File) -> bool {
    let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age > FOREIGN_AGE))
}

/// This machine's host name, with `-` for all but ASCII letters and digits.
fn machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.is_empty() { "local".to_string() } else { name }
}

/// Removes the folder of partial files when dropped, unless it has files.
struct FolderCleanup {
    folder: PathBuf,
}

impl Drop for FolderCleanup {
    fn drop(&mut self) {
        // fails while another writer has a file there
        let _ = fs::remove_dir(&self.folder);
    }
}
