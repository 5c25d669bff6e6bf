//! [`ReadAt`]: bytes of a file, by their place.

use std::io;

use bytes::Bytes;

/// A file whose bytes can be read at any place, from several threads.
pub trait ReadAt: Send + Sync {
    /// Its length in bytes.
    fn len(&self) -> u64;

    /// Whether it has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Exactly `length` bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] beyond the end, and what the store answers.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes>;
}
