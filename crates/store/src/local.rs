//! [`Local`]: a folder on disk.

mod file;
mod folder;
mod lacks;
mod list;
mod partial;
mod publish;

use std::{
    fs::{self, File, Metadata, TryLockError},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use lacks::lacks_locks;
pub use lacks::{lacks_call, sync};
pub use partial::PartialFile;
pub use publish::publish_new;

use crate::{Lock, Object, ReadAt, StoreError, path};

/// Folder of the lock files. Hive, Spark and Polars ignore names that begin with a dot.
const LOCKS: &str = ".spanframe";

/// The local half of [`Store`](crate::Store).
#[derive(Clone, Debug)]
pub struct Local {
    root: PathBuf,
}

impl Local {
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub fn path(&self, path: &str) -> PathBuf {
        // joining "" would append a `/`
        if path.is_empty() { self.root.clone() } else { self.root.join(path) }
    }

    pub fn url(&self, path: &str) -> String {
        self.path(path).display().to_string()
    }

    pub fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        list::list(self, prefix)
    }

    pub fn stat(&self, path: &str) -> Result<Option<Object>, StoreError> {
        let metadata = self.absent_is_none(path, fs::metadata(self.path(path)))?;
        Ok(metadata.filter(Metadata::is_file).map(|metadata| object(path.to_string(), &metadata)))
    }

    pub fn reader(&self, path: &str) -> Result<Arc<dyn ReadAt>, StoreError> {
        let file = file::DiskFile::open(&self.path(path), self.url(path)).map_err(|e| self.error(path, e))?;
        Ok(Arc::new(file))
    }

    pub fn get(&self, path: &str) -> Result<Option<bytes::Bytes>, StoreError> {
        Ok(self.absent_is_none(path, fs::read(self.path(path)))?.map(Into::into))
    }

    pub fn create(&self, path: &str) -> Result<PartialFile, StoreError> {
        PartialFile::new(&self.root, self.path(path), self.url(path))
    }

    pub fn remove(&self, path: &str) -> Result<(), StoreError> {
        let file = self.path(path);
        if self.absent_is_none(path, fs::remove_file(&file))?.is_some()
            && let Some(parent) = file.parent()
        {
            folder::sync(parent).map_err(|e| self.error(path, e))?;
        }
        Ok(())
    }

    pub fn sweep(&self) -> Result<usize, StoreError> {
        partial::sweep(&self.root).map_err(|e| self.error("", e))
    }

    pub fn lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let place = path::join(LOCKS, &format!("{name}.lock"));
        let file = folder::make(&self.path(LOCKS)).and_then(|()| File::create(self.path(&place)));
        let file = file.map_err(|e| self.error(&place, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock::new(Some(file)))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) if lacks_locks(&e) => Ok(Some(Lock::new(None))),
            Err(TryLockError::Error(e)) => Err(self.error(&place, e)),
        }
    }

    fn error(&self, path: &str, error: io::Error) -> StoreError {
        StoreError::from_io(&self.url(path), error)
    }

    /// Returns `None` for an absent file. A path below a file is absent, too.
    fn absent_is_none<T>(&self, path: &str, found: io::Result<T>) -> Result<Option<T>, StoreError> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
            Err(e) => Err(self.error(path, e)),
        }
    }
}

fn object(path: String, metadata: &Metadata) -> Object {
    // without a modification time, or with one before 1970, the size alone makes the version
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let nanos = changed.map_or(0, |since| since.as_nanos());
    Object { path, size: metadata.len(), version: format!("{:x}-{nanos:x}", metadata.len()) }
}

/// The folder that holds `file`.
fn parent(file: &Path) -> &Path {
    file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
