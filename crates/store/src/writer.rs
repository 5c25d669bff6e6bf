//! [`Writer`]: writes a file that becomes visible as a whole or not at all.

use std::io::{self, Write};

use crate::{StoreError, local::PartialFile, remote::Upload};

/// A file that is being written. It becomes visible at its path by [`commit`](Self::commit); dropped before, it leaves
/// nothing.
///
/// An object store gets a file of up to 8 MiB by one request, and a larger one in parts of 8 MiB, four at a time. So a
/// writer takes at most 40 MiB of memory, and a file has at most 80 GiB. Writing blocks while four parts are being
/// sent.
///
/// Errors of writing keep their kind, such as [`StorageFull`](io::ErrorKind::StorageFull), and hold a [`StoreError`],
/// which [`StoreError::from_io`] returns.
#[must_use = "a file that is not committed is discarded"]
pub struct Writer {
    sink: Sink,
    written: u64,
}

enum Sink {
    Local(PartialFile),
    Remote(Upload),
}

impl Writer {
    pub(crate) fn local(partial: PartialFile) -> Self {
        Self { sink: Sink::Local(partial), written: 0 }
    }

    pub(crate) fn remote(upload: Upload) -> Self {
        Self { sink: Sink::Remote(upload), written: 0 }
    }

    /// Bytes written so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Makes the file visible and durable. Without `replace` it returns `false` and discards the file if the path
    /// exists.
    ///
    /// Of several writers without `replace`, exactly one gets `true`. The exception is a file above 8 MiB in an object
    /// store, which has no such condition for uploads in parts: there the path is looked up just before.
    ///
    /// # Errors
    /// [`StoreError`] if the store fails. Then nothing became visible.
    pub fn commit(self, replace: bool) -> Result<bool, StoreError> {
        match self.sink {
            Sink::Local(partial) => partial.commit(replace),
            Sink::Remote(upload) => upload.commit(replace),
        }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = match &mut self.sink {
            Sink::Local(partial) => partial.write(bytes)?,
            Sink::Remote(upload) => upload.write(bytes)?,
        };
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Local(partial) => partial.flush(),
            Sink::Remote(upload) => upload.flush(),
        }
    }
}
