//! [`StopCheck`]: lets another thread end an operation on models.

use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom},
    sync::Arc,
};

/// Asked again and again during an operation; once it gives true, the operation ends and leaves nothing behind.
///
/// ```
/// use spanframe_install::StopCheck;
///
/// assert!(!StopCheck::default().is_stopped());
/// assert!(StopCheck::new(|| true).is_stopped());
/// ```
#[derive(Clone, Default)]
pub struct StopCheck(Option<Arc<dyn Fn() -> bool + Send + Sync>>);

impl StopCheck {
    /// Asks `should_stop`.
    pub fn new(should_stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(should_stop)))
    }

    /// True if the operation should end.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.as_ref().is_some_and(|should_stop| should_stop())
    }

    /// `inner`, which can be read until the operation should end.
    pub(crate) fn reader<R>(&self, inner: R) -> StoppableReader<R> {
        StoppableReader { inner, stop: self.clone() }
    }
}

impl fmt::Debug for StopCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StopCheck").field(&self.is_stopped()).finish()
    }
}

/// A reader that fails once the operation should end.
pub(crate) struct StoppableReader<R> {
    inner: R,
    stop: StopCheck,
}

impl<R: Read> Read for StoppableReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.stop.is_stopped() {
            true => Err(io::Error::other("stopped")),
            false => self.inner.read(buffer),
        }
    }
}

impl<R: Seek> Seek for StoppableReader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
