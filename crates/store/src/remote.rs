//! [`Remote`]: a prefix in an object store.

mod blocks;
mod classify;
mod connect;
mod file;
mod runtime;
mod upload;

use std::{collections::HashSet, fmt, sync::Arc};

use bytes::Bytes;
use classify::Classify;
pub use connect::connect;
use futures_util::TryStreamExt;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, PutMode, PutPayload, path::Path as Key};
pub use upload::Upload;

use crate::{Object, ReadAt, StoreError, path};

/// The remote half of [`Store`](crate::Store).
#[derive(Clone)]
pub struct Remote {
    store: Arc<dyn ObjectStore>,
    /// Scheme with bucket or host, without credentials and without a trailing `/`.
    base: String,
    /// Key of the folder.
    root: String,
    /// Web servers without WebDAV cannot list, so that a prefix is tried as a file first.
    is_http: bool,
    /// The process that opened it. Connections do not survive a fork.
    process: u32,
}

impl Remote {
    pub fn new(store: Arc<dyn ObjectStore>, base: &str, root: &str) -> Self {
        let (base, root) = (base.trim_end_matches('/').to_string(), root.to_string());
        let is_http = base.starts_with("http://") || base.starts_with("https://");
        Self { store, base, root, is_http, process: std::process::id() }
    }

    pub fn url(&self, path: &str) -> String {
        path::join(&self.base, &path::join(&self.root, path))
    }

    pub fn list(&self, prefix: &str) -> Result<Vec<Object>, StoreError> {
        let file = || Ok(self.stat(prefix)?.into_iter().collect::<Vec<_>>());
        if self.is_http {
            let found: Vec<_> = file()?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let key = self.key(prefix)?;
        let store = Arc::clone(&self.store);
        let all: object_store::Result<Vec<ObjectMeta>> =
            self.wait(prefix, async move { store.list(Some(&key)).try_collect().await })?;
        // a prefix cannot be absent, only the bucket
        let all = self.stored(prefix, all)?;
        let folders: HashSet<&str> = all.iter().flat_map(|meta| folders(meta.location.as_ref())).collect();
        let mut found: Vec<Object> = all
            .iter()
            // empty objects by which web consoles mark folders
            .filter(|meta| meta.size > 0 || !folders.contains(meta.location.as_ref()))
            .filter_map(|meta| {
                let path = self.inside(meta.location.as_ref())?;
                let below = path.strip_prefix(prefix)?.trim_start_matches('/');
                let is_seen = !below.is_empty() && !below.split('/').any(path::is_hidden);
                is_seen.then(|| object(path.to_string(), meta))
            })
            .collect();
        if found.is_empty() && !prefix.is_empty() && !self.is_http {
            return file();
        }
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    pub fn stat(&self, path: &str) -> Result<Option<Object>, StoreError> {
        Ok(self.head(path)?.map(|meta| object(path.to_string(), &meta)))
    }

    fn head(&self, path: &str) -> Result<Option<ObjectMeta>, StoreError> {
        if self.is_bucket(path) {
            return Ok(None);
        }
        let (store, key) = (Arc::clone(&self.store), self.key(path)?);
        self.found(path, self.wait(path, async move { store.head(&key).await })?)
    }

    pub fn reader(&self, path: &str) -> Result<Arc<dyn ReadAt>, StoreError> {
        let meta = self.head(path)?.ok_or_else(|| StoreError::NotFound { url: self.url(path) })?;
        Ok(Arc::new(file::RemoteFile::new(self.clone(), path, meta)))
    }

    pub fn get(&self, path: &str) -> Result<Option<Bytes>, StoreError> {
        if self.is_bucket(path) {
            return Ok(None);
        }
        let (store, key) = (Arc::clone(&self.store), self.key(path)?);
        self.found(path, self.wait(path, async move { store.get(&key).await?.bytes().await })?)
    }

    pub fn create(&self, path: &str) -> Result<Upload, StoreError> {
        Upload::new(self.clone(), path)
    }

    /// Writes by one request. Returns `false` if `replace` is false and the path exists.
    fn put(&self, path: &str, bytes: Bytes, replace: bool) -> Result<bool, StoreError> {
        let send = |mode: PutMode| {
            let (store, key, payload) = (Arc::clone(&self.store), self.key(path)?, PutPayload::from(bytes.clone()));
            self.wait(path, async move { store.put_opts(&key, payload, mode.into()).await })
        };
        let mode = if replace { PutMode::Overwrite } else { PutMode::Create };
        match send(mode)? {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) if !replace => Ok(false),
            // the server has no conditional writes: looking first is the best there is
            Err(Error::NotImplemented { .. }) if !replace => {
                if self.head(path)?.is_some() {
                    return Ok(false);
                }
                self.stored(path, send(PutMode::Overwrite)?).map(|_| true)
            }
            Err(e) => self.stored(path, Err(e)),
        }
    }

    pub fn remove(&self, path: &str) -> Result<(), StoreError> {
        let (store, key) = (Arc::clone(&self.store), self.key(path)?);
        self.found(path, self.wait(path, async move { store.delete(&key).await })?).map(drop)
    }

    fn key(&self, path: &str) -> Result<Key, StoreError> {
        // taken literally: `Key::from` would percent-encode
        let key = path::join(&self.root, path);
        Key::parse(&key).map_err(|_| StoreError::BadPath { path: key })
    }

    /// Returns `key` relative to the root.
    fn inside<'a>(&self, key: &'a str) -> Option<&'a str> {
        if self.root.is_empty() { Some(key) } else { key.strip_prefix(&self.root)?.strip_prefix('/') }
    }

    fn is_bucket(&self, path: &str) -> bool {
        path.is_empty() && self.root.is_empty()
    }

    fn found<T>(&self, path: &str, answer: object_store::Result<T>) -> Result<Option<T>, StoreError> {
        match answer {
            Ok(found) => Ok(Some(found)),
            Err(e) if e.is_absent() => Ok(None),
            Err(e) => Err(e.at(&self.url(path))),
        }
    }

    /// Converts the answer to a write or listing. Only the bucket can be absent then.
    fn stored<T>(&self, path: &str, answer: object_store::Result<T>) -> Result<T, StoreError> {
        answer.map_err(|e| if e.is_absent() { e.at(&self.base) } else { e.at(&self.url(path)) })
    }

    /// True if this process opened it.
    fn is_here(&self) -> bool {
        self.process == std::process::id()
    }

    /// Blocks until `future` is done.
    ///
    /// # Errors
    /// [`StoreError::Forked`], [`StoreError::Other`] if the request panicked.
    fn wait<T: Send + 'static>(
        &self, path: &str, future: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, StoreError> {
        if !self.is_here() {
            return Err(StoreError::Forked { url: self.url(path) });
        }
        runtime::wait(future).map_err(|reason| StoreError::Other { url: self.url(path), reason })
    }
}

impl fmt::Debug for Remote {
    /// Without the object store, whose own output may have credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Remote").field(&self.url("")).finish()
    }
}

fn object(path: String, meta: &ObjectMeta) -> Object {
    let changed = || format!("{:x}-{:x}", meta.size, meta.last_modified.timestamp_micros());
    Object { path, size: meta.size, version: meta.e_tag.clone().unwrap_or_else(changed) }
}

/// Returns every folder above `key`.
fn folders(key: &str) -> impl Iterator<Item = &str> {
    key.match_indices('/').map(|(end, _)| &key[..end])
}
