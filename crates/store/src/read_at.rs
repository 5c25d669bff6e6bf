//! [`ReadAt`]: bytes of a file, by their place.

use std::io::{self, ErrorKind};

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

/// Where `length` bytes from `offset` on end, if they lie in the `len` bytes of the file at `url`.
pub fn within(offset: u64, length: usize, len: u64, url: &str) -> io::Result<u64> {
    offset.checked_add(length as u64).filter(|&end| end <= len).ok_or_else(|| {
        let asked = format!("`{url}` has {len} bytes, asked for {length} from {offset} on: it is cut short or damaged");
        io::Error::new(ErrorKind::UnexpectedEof, asked)
    })
}
