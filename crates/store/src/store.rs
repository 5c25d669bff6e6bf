//! [`Store`]: a folder, wherever it is.

use std::{io::Write, path::PathBuf, sync::Arc};

use bytes::Bytes;

use crate::{Lock, Object, ReadAt, StoreError, Writer, local::Local, path, remote::Remote};

/// A folder on disk or a prefix in an object store. Cheap to clone; may be shared by threads.
///
/// Paths are relative to the root, `/`-separated, `""` for the root itself; one with `.`, `..` or an empty name is refused
/// ([`StoreError::BadPath`]). Every method blocks, and every error names the place.
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
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    Local(Local),
    Remote(Remote),
}

impl Store {
    pub(crate) fn local(root: PathBuf) -> Self {
        Self { place: Place::Local(Local::new(root)) }
    }

    pub(crate) fn remote(remote: Remote) -> Self {
        Self { place: Place::Remote(remote) }
    }

    /// The prefix `root` of a given object store, which messages call `base`: for tests.
    #[doc(hidden)]
    #[must_use]
    pub fn over(store: Arc<dyn object_store::ObjectStore>, base: &str, root: &str) -> Self {
        Self::remote(Remote::new(store, base, root))
    }

    /// The folder at `path_or_url`, which need not exist yet. No request is made.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`], [`StoreError::UnknownScheme`], [`StoreError::Settings`], [`StoreError::BadPath`].
    pub fn open(path_or_url: &str) -> Result<Self, StoreError> {
        crate::locate::open(path_or_url)
    }

    /// Whether it is on disk.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(self.place, Place::Local(_))
    }

    /// Where `path` is on disk; none in an object store.
    #[must_use]
    pub fn local_path(&self, path: &str) -> Option<PathBuf> {
        match &self.place {
            Place::Local(local) => Some(local.path(path)),
            Place::Remote(_) => None,
        }
    }

    /// `path` for messages: without credentials.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        match &self.place {
            Place::Local(local) => local.url(path),
            Place::Remote(remote) => remote.url(path),
        }
    }

    /// The files below `prefix` at any depth, sorted by path; `prefix` itself if it is a file; none if it is absent.
    ///
    /// Left out is what has a hidden name between `prefix` and itself, as Hive and Spark read folders: one that begins
    /// with `.`, or with `_` unless it is a partition (`_key=value`). A hidden `prefix` is listed. On disk links are
    /// followed.
    ///
    /// # Errors
    /// A name that is not UTF-8, a link to nothing or to a folder above it, and what the store answers.
    pub fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let prefix = path::inside(prefix)?;
        match &self.place {
            Place::Local(local) => local.list(prefix),
            Place::Remote(remote) => remote.list(prefix),
        }
    }

    /// The file at `path`; none if it is absent or a folder.
    ///
    /// # Errors
    /// What the store answers.
    pub fn stat(&self, path: &str) -> Result<Option<Object>, StoreError> {
        let path = path::inside(path)?;
        match &self.place {
            Place::Local(local) => local.stat(path),
            Place::Remote(remote) => remote.stat(path),
        }
    }

    /// The file at `path`, to be read at any place.
    ///
    /// On disk one file is held open while the reader lives. From an object store it reads blocks of 1 MiB and keeps the
    /// last 16 of them (16 MiB a reader); a read of more than 8 MiB is one request of its own.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], and what the store answers. Reading an object that was replaced since is
    /// [`StoreError::Changed`], where its server has ETags.
    pub fn reader(&self, path: &str) -> Result<Arc<dyn ReadAt>, StoreError> {
        let path = path::inside(path)?;
        match &self.place {
            Place::Local(local) => local.reader(path),
            Place::Remote(remote) => remote.reader(path),
        }
    }

    /// The whole content of a small file; none if it is absent.
    ///
    /// # Errors
    /// What the store answers.
    pub fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        let path = path::inside(path)?;
        match &self.place {
            Place::Local(local) => local.get(path),
            Place::Remote(remote) => remote.get(path),
        }
    }

    /// Writes a small file at once, in place of one that is there: readers see the old content or the new.
    ///
    /// # Errors
    /// What the store answers.
    pub fn put(&self, path: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(path, bytes, true).map(drop)
    }

    /// Writes a small file at once unless there is one: of several writers, one alone gets `true`.
    ///
    /// # Errors
    /// What the store answers.
    pub fn put_new(&self, path: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        self.write(path, bytes, false)
    }

    fn write(&self, path: &str, bytes: &[u8], replace: bool) -> Result<bool, StoreError> {
        let mut writer = self.create(path)?;
        writer.write_all(bytes).map_err(|e| StoreError::from_io(&self.url(path), e))?;
        writer.commit(replace)
    }

    /// A new file that will be seen at `path` when it is committed; folders above it are made then.
    ///
    /// # Errors
    /// What the store answers.
    pub fn create(&self, path: &str) -> Result<Writer, StoreError> {
        let path = path::inside(path)?;
        if path.is_empty() {
            return Err(StoreError::WrongKind { url: self.url(path), found: "folder", expected: "file" });
        }
        match &self.place {
            Place::Local(local) => local.create(path).map(Writer::local),
            Place::Remote(remote) => remote.create(path).map(Writer::remote),
        }
    }

    /// Removes the file at `path`; that it is absent is fine.
    ///
    /// # Errors
    /// What the store answers.
    pub fn remove(&self, path: &str) -> Result<(), StoreError> {
        let path = path::inside(path)?;
        match &self.place {
            Place::Local(local) => local.remove(path),
            Place::Remote(remote) => remote.remove(path),
        }
    }

    /// Removes the partial files that died runs left, and tells how many those were.
    ///
    /// Files of runs that live are kept: each holds a lock on its own. One that another machine wrote is removed when it
    /// is a day old, since locks of some network file systems end at the machine. In an object store there is nothing to
    /// do: what a died run left there is never seen, and goes by the bucket's rule for incomplete uploads.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn sweep(&self) -> Result<usize, StoreError> {
        match &self.place {
            Place::Local(local) => local.sweep(),
            Place::Remote(_) => Ok(0),
        }
    }

    /// The lock `name`, one path component, until it is dropped; none if another process, or another holder in this one,
    /// has it.
    ///
    /// Advice only, and always given in an object store or on a file system without locks: what keeps writers apart is
    /// [`put_new`](Self::put_new).
    ///
    /// # Errors
    /// What the file system answers.
    pub fn lock(&self, name: &str) -> Result<Option<Lock>, StoreError> {
        let name = path::inside(name)?;
        if name.is_empty() || name.contains('/') {
            return Err(StoreError::BadPath { path: name.to_string() });
        }
        match &self.place {
            Place::Local(local) => local.lock(name),
            Place::Remote(_) => Ok(Some(Lock::new(None))),
        }
    }
}
