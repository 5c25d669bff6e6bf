//! [`Store`]: a folder on disk or in an object store.

use std::{io::Write, path::PathBuf, sync::Arc};

use bytes::Bytes;

use crate::{Lock, Object, ReadAt, StoreError, Writer, local::Local, path, remote::Remote};

/// A folder on disk, or a prefix in an object store. Cheap to clone. Threads may share it.
///
/// Paths are relative to the root and separated by `/`; `""` is the root. A path with `.`, `..` or an empty name is
/// [`StoreError::BadPath`]. Methods block. Every error names the file or folder.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::io::Write;
/// let folder = tempfile::tempdir()?;
/// let store = spanframe_store::Store::open(folder.path().to_str().unwrap())?;
/// let mut writer = store.create("year=2024/part-0.txt")?;
/// writer.write_all(b"whole")?;
/// assert_eq!(store.stat("year=2024/part-0.txt")?, None);
/// assert!(writer.commit(false)?);
/// assert_eq!(store.list("")?[0].size, 5);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    backend: Backend,
}

#[derive(Clone, Debug)]
enum Backend {
    Local(Local),
    Remote(Remote),
}

impl Store {
    pub(crate) fn local(root: PathBuf) -> Self {
        Self { backend: Backend::Local(Local::new(root)) }
    }

    pub(crate) fn remote(remote: Remote) -> Self {
        Self { backend: Backend::Remote(remote) }
    }

    /// The prefix `root` of an object store, named `base` in messages. For tests.
    #[doc(hidden)]
    #[must_use]
    pub fn over(store: Arc<dyn object_store::ObjectStore>, base: &str, root: &str) -> Self {
        Self::remote(Remote::new(store, base, root))
    }

    /// Opens the folder at `path_or_url`, which need not exist. Makes no request.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], [`StoreError::UnknownScheme`], [`StoreError::Settings`], [`StoreError::BadPath`].
    pub fn open(path_or_url: &str) -> Result<Self, StoreError> {
        crate::locate::open(path_or_url)
    }

    /// True if it is on disk.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.backend, Backend::Local(_))
    }

    /// Returns the file system path of `path`; `None` in an object store.
    #[must_use]
    pub fn local_path(&self, path: &str) -> Option<PathBuf> {
        match &self.backend {
            Backend::Local(local) => Some(local.path(path)),
            Backend::Remote(_) => None,
        }
    }

    /// Returns `path` as messages show it, without credentials.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match &self.backend {
            Backend::Local(local) => local.url(path),
            Backend::Remote(remote) => remote.url(path),
        }
    }

    /// Lists the files below `prefix` at any depth, sorted by path; `prefix` itself if it is a file; none if it is
    /// absent.
    ///
    /// Skips hidden names below `prefix`, as Hive and Spark do: names that begin with `.`, or with `_` unless they are
    /// a partition (`_key=value`). Follows links on disk.
    ///
    /// # Errors
    /// [`StoreError::NotUtf8`], [`StoreError::NotFound`] for a dangling link, [`StoreError::Other`] for a link to a
    /// folder above it, and any error of the store.
    pub fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let prefix = path::inside(prefix)?;
        match &self.backend {
            Backend::Local(local) => local.list(prefix),
            Backend::Remote(remote) => remote.list(prefix),
        }
    }

    /// Looks up the file at `path`; `None` if it is absent or a folder.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn stat(&self, path: &str) -> Result<Option<Object>, StoreError> {
        let path = path::inside(path)?;
        match &self.backend {
            Backend::Local(local) => local.stat(path),
            Backend::Remote(remote) => remote.stat(path),
        }
    }

    /// Opens the file at `path` for reading.
    ///
    /// On disk the file stays open while the reader lives. From an object store the reader fetches blocks of 1 MiB and
    /// keeps the 16 that were used last. A read above 8 MiB is one request of its own.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and any error of the store. Reading an object that was replaced meanwhile is
    /// [`StoreError::Changed`], if its server has ETags.
    pub fn reader(&self, path: &str) -> Result<Arc<dyn ReadAt>, StoreError> {
        let path = path::inside(path)?;
        match &self.backend {
            Backend::Local(local) => local.reader(path),
            Backend::Remote(remote) => remote.reader(path),
        }
    }

    /// Reads a small file as a whole; `None` if it is absent.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let path = path::inside(path)?;
        match &self.backend {
            Backend::Local(local) => local.get(path),
            Backend::Remote(remote) => remote.get(path),
        }
    }

    /// Writes a small file, and replaces one that exists. Readers see the old content or the new.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(path, bytes, true).map(drop)
    }

    /// Writes a small file unless it exists. Of several writers exactly one gets `true`.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn put_new(&self, path: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        self.write(path, bytes, false)
    }

    fn write(&self, path: &str, bytes: &[u8], replace: bool) -> Result<bool, StoreError> {
        let mut writer = self.create(path)?;
        writer.write_all(bytes).map_err(|e| StoreError::from_io(&self.url(path), e))?;
        writer.commit(replace)
    }

    /// Begins a new file at `path`. It becomes visible when it is committed; folders above it are created then.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn create(&self, path: &str) -> Result<Writer, StoreError> {
        let path = path::inside(path)?;
        if path.is_empty() {
            return Err(StoreError::WrongKind { url: self.url(path), found: "folder", expected: "file" });
        }
        match &self.backend {
            Backend::Local(local) => local.create(path).map(Writer::local),
            Backend::Remote(remote) => remote.create(path).map(Writer::remote),
        }
    }

    /// Removes the file at `path`, if it exists.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails.
    pub fn remove(&self, path: &str) -> Result<(), StoreError> {
        let path = path::inside(path)?;
        match &self.backend {
            Backend::Local(local) => local.remove(path),
            Backend::Remote(remote) => remote.remove(path),
        }
    }

    /// Removes the partial files of killed processes. Returns their number.
    ///
    /// Partial files of live processes are locked and stay. A partial file of another machine is removed when it is a
    /// day old, since locks of some network file systems do not reach other machines. In an object store there is
    /// nothing to do: incomplete uploads are never visible, and the bucket's lifecycle rule removes them.
    ///
    /// # Errors
    /// [`StoreError`] if the file system fails.
    pub fn sweep(&self) -> Result<usize, StoreError> {
        match &self.backend {
            Backend::Local(local) => local.sweep(),
            Backend::Remote(_) => Ok(0),
        }
    }

    /// Takes the lock `name` (one path component) until it is dropped; `None` if someone else holds it.
    ///
    /// The lock is advisory. An object store and a file system without locks always grant it; there
    /// [`put_new`](Self::put_new) keeps writers apart.
    ///
    /// # Errors
    /// [`StoreError`] if the file system fails.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let name = path::inside(name)?;
        if name.is_empty() || name.contains('/') {
            return Err(StoreError::BadPath { path: name.to_string() });
        }
        match &self.backend {
            Backend::Local(local) => local.lock(name),
            Backend::Remote(_) => Ok(Some(Lock::new(None))),
        }
    }
}
