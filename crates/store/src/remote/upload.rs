//! [`Upload`]: a file that is being sent. It becomes visible as a whole.

use std::{
    io::{self, Write},
    mem,
    sync::Arc,
    time::Duration,
};

use object_store::{Error, MultipartUpload, ObjectStoreExt, PutPayload};
use tokio::task::JoinSet;

use super::{Remote, runtime};
use crate::StoreError;

/// Bytes of a part. Stores take 10,000 parts, so a file has at most 80 GiB.
const PART: usize = 8 << 20;

/// Parts that are sent while the next one fills: at most 40 MiB per file.
const PARTS: usize = 4;

/// How long a dropped upload waits for its abort.
const ABORT_TIME: Duration = Duration::from_secs(10);

/// The remote half of [`Writer`](crate::Writer): one request for a file of up to 8 MiB, parts for a larger one.
pub struct Upload {
    remote: Remote,
    path: String,
    /// The part that is being filled.
    buffer: Vec<u8>,
    parts: Option<Parts>,
}

/// The parts of one upload.
struct Parts {
    upload: Box<dyn MultipartUpload>,
    sending: JoinSet<object_store::Result<()>>,
}

impl Upload {
    pub fn new(remote: Remote, path: &str) -> Result<Self, StoreError> {
        remote.key(path)?;
        Ok(Self { remote, path: path.to_string(), buffer: Vec::new(), parts: None })
    }

    pub fn commit(mut self, replace: bool) -> Result<bool, StoreError> {
        if self.parts.is_none() {
            return self.remote.put(&self.path, mem::take(&mut self.buffer).into(), replace);
        }
        // stores have no condition for uploads in parts: looking first is the best there is
        if !replace && self.remote.head(&self.path)?.is_some() {
            return Ok(false);
        }
        if !self.buffer.is_empty() {
            self.send()?;
        }
        self.step(Parts::finish)?;
        self.parts = None;
        Ok(true)
    }

    /// Sends the buffer as a part. Waits until less than [`PARTS`] are being sent.
    fn send(&mut self) -> Result<(), StoreError> {
        if self.parts.is_none() {
            let (store, key) = (Arc::clone(&self.remote.store), self.remote.key(&self.path)?);
            let started = self.remote.wait(&self.path, async move { store.put_multipart(&key).await })?;
            let upload = self.remote.stored(&self.path, started)?;
            self.parts = Some(Parts { upload, sending: JoinSet::new() });
        }
        let payload = PutPayload::from(mem::take(&mut self.buffer));
        self.step(|parts| parts.add(payload))
    }

    /// Runs a step on the runtime's threads, which take the parts meanwhile.
    fn step<F>(&mut self, step: impl FnOnce(Parts) -> F) -> Result<(), StoreError>
    where
        F: Future<Output = (Parts, object_store::Result<()>)> + Send + 'static,
    {
        let Some(parts) = self.parts.take() else { return Ok(()) };
        let (parts, answer) = self.remote.wait(&self.path, step(parts))?;
        self.parts = Some(parts);
        self.remote.stored(&self.path, answer)
    }
}

impl Parts {
    async fn add(mut self, payload: PutPayload) -> (Self, object_store::Result<()>) {
        let room = self.wait_for(PARTS - 1).await;
        if room.is_ok() {
            self.sending.spawn(self.upload.put_part(payload));
        }
        (self, room)
    }

    async fn finish(mut self) -> (Self, object_store::Result<()>) {
        let answer = match self.wait_for(0).await {
            Ok(()) => self.upload.complete().await.map(drop),
            failed => failed,
        };
        (self, answer)
    }

    /// Waits until at most `left` parts are being sent.
    async fn wait_for(&mut self, left: usize) -> object_store::Result<()> {
        while self.sending.len() > left {
            if let Some(sent) = self.sending.join_next().await {
                sent.map_err(Error::from)??;
            }
        }
        Ok(())
    }

    async fn abort(mut self) {
        self.sending.shutdown().await;
        // if that fails, the parts stay invisible and the bucket's lifecycle rule removes them
        let _ = self.upload.abort().await;
    }
}

impl Write for Upload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == PART {
            self.send()?;
        }
        let taken = bytes.len().min(PART - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    /// Does nothing: all parts but the last have the same size.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(parts) = self.parts.take().filter(|_| self.remote.is_here()) {
            runtime::wait_at_most(ABORT_TIME, parts.abort());
        }
    }
}
