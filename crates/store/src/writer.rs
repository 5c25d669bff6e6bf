//! [`Writer`]: a file that is there whole or not at all.

use std::io::{self, Write};

use crate::{StoreError, local::Partial, remote::Upload};

/// A file being written; nothing is seen at its path until [`commit`](Self::commit). Dropped before, it leaves nothing.
///
/// In an object store up to 8 MiB go by one request, and more by parts of 8 MiB, four at a time: 40 MiB of memory and files
/// of 80 GiB at most. Writing blocks while all four are under way.
///
/// An `io::Error` that writing raises keeps its kind ([`StorageFull`](io::ErrorKind::StorageFull) and the like) and holds
/// a [`StoreError`]: [`StoreError::from_io`] takes it out.
#[must_use = "nothing is kept without a commit"]
pub struct Writer {
    sink: Sink,
    written: u64,
}

enum Sink {
    Local(Partial),
    Remote(Upload),
}

impl Writer {
    pub(crate) fn local(partial: Partial) -> Self {
        Self { sink: Sink::Local(partial), written: 0 }
    }

    pub(crate) fn remote(upload: Upload) -> Self {
        Self { sink: Sink::Remote(upload), written: 0 }
    }

    /// Bytes taken so far.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Shows the whole file at its path, durably; `false` if `replace` is, and the path exists already: ours is discarded.
    ///
    /// Of several writers that do not replace, one alone gets `true`; but an object store has no such condition for a file
    /// of more than 8 MiB, where the path is looked at just before.
    ///
    /// # Errors
    /// What the store answers; then nothing was shown.
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
