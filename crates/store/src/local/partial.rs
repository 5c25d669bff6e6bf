//! A file being written: hidden until it is whole, swept when its process died.

use std::{
    fs::{self, File, TryLockError},
    io::{self, BufWriter, ErrorKind, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

use super::{folder, no_locks, parent};
use crate::StoreError;

/// Partial files lie in this folder of the root: on its file system, hidden from Hive, Spark and Polars, and there only
/// while something is written.
const PARTIAL: &str = ".spanframe-partial";

/// Bytes gathered before the system is called.
const BUFFER: usize = 256 << 10;

/// How long a partial file is made anew where a sweep, or a writer that is done, takes it or its folder meanwhile.
///
/// A time, not a count: where others remove the folder all the while, thousands of tries fail on end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two of these tries.
const PAUSE: Duration = Duration::from_millis(1);

/// Locks may not reach to other machines, so a partial file of another one is taken for dead at this age alone.
const FOREIGN_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// The local half of [`Writer`](crate::Writer).
///
/// Holds a lock on its file: what can be locked by another belongs to nobody alive.
pub struct Partial {
    file: BufWriter<NamedTempFile>,
    target: PathBuf,
    url: String,
    // after the file, so that the folder is empty when its turn comes
    tidy: Tidy,
}

impl Partial {
    pub fn new(root: &Path, target: PathBuf, url: String) -> Result<Self, StoreError> {
        let tidy = Tidy { folder: root.join(PARTIAL) };
        let file = folder::make(root).and_then(|()| new_in(&tidy.folder)).map_err(|e| StoreError::from_io(&url, e))?;
        Ok(Self { file: BufWriter::with_capacity(BUFFER, file), target, url, tidy })
    }

    pub fn commit(self, replace: bool) -> Result<bool, StoreError> {
        let Self { file, target, url, tidy: _tidy } = self;
        let moved = || -> io::Result<bool> {
            let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
            // the content first, then its name: after a power cut there is a whole file or none
            file.as_file().sync_all()?;
            let folder = parent(&target);
            folder::make(folder)?;
            if replace {
                file.persist(&target).map_err(|e| e.error)?;
            } else {
                match file.persist_noclobber(&target) {
                    Err(e) if e.error.kind() == ErrorKind::AlreadyExists => return Ok(false),
                    kept => kept.map_err(|e| e.error)?,
                };
            }
            folder::sync(folder)?;
            Ok(true)
        };
        moved().map_err(|e| StoreError::from_io(&url, e))
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes).map_err(|e| named(&self.url, e))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush().map_err(|e| named(&self.url, e))
    }
}

fn named(url: &str, error: io::Error) -> io::Error {
    match error.kind() {
        // `write_all` tries again, if it is told
        ErrorKind::Interrupted => error,
        _ => StoreError::from_io(url, error).into(),
    }
}

/// A new file in `folder`, which is made where it is not there, with a lock.
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

/// A new file in `folder`, locked, with the rights that the user's umask gives any new file.
///
/// # Errors
/// [`ErrorKind::NotFound`] also where a sweep took it between its birth and its lock: try again.
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
        // without locks a sweep removes nothing, so this file is as safe
        Err(TryLockError::Error(e)) if no_locks(&e) => Ok(file),
        Err(TryLockError::Error(e)) => Err(e),
    }
}

/// Removes the partial files whose process is gone; how many those were.
pub fn sweep(root: &Path) -> io::Result<usize> {
    let tidy = Tidy { folder: root.join(PARTIAL) };
    let entries = match fs::read_dir(&tidy.folder) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(0),
        entries => entries?,
    };
    let mut swept = 0;
    for entry in entries {
        let path = entry?.path();
        // NFS locks only what is open for writing; what cannot be opened is another user's
        let Ok(file) = File::options().write(true).open(&path) else { continue };
        if file.try_lock().is_err() {
            continue;
        }
        if (is_ours(&path) || is_old(&file)) && fs::remove_file(&path).is_ok() {
            swept += 1;
        }
        // closing alone leaves the lock with a process that was forked meanwhile
        let _ = file.unlock();
    }
    Ok(swept)
}

/// Whether this machine wrote it.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split_once('.').is_some_and(|(writer, _)| writer == machine())
}

fn is_old(file: &File) -> bool {
    let age = file.metadata().and_then(|metadata| metadata.modified()).map(|time| time.elapsed());
    age.is_ok_and(|age| age.is_ok_and(|age| age > FOREIGN_AGE))
}

/// This machine's name as the kernel has it, in characters that suit a file's name.
fn machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    if name.is_empty() { "local".to_string() } else { name }
}

/// Removes the folder of partial files when dropped, if none is left in it.
struct Tidy {
    folder: PathBuf,
}

impl Drop for Tidy {
    fn drop(&mut self) {
        // refused while another writer's file lies there
        let _ = fs::remove_dir(&self.folder);
    }
}
