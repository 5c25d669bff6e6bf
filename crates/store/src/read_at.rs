//! [`ReadAt`]: reads ranges of a file.

use std::io::{self, ErrorKind};

use bytes::Bytes;

/// A file whose bytes can be read in any order, by several threads at once.
pub trait ReadAt: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// True if the file has no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads exactly `length` bytes from `offset` on.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] if the range ends behind the file; any other kind if the store fails.
    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes>;
}

/// Returns the end of `length` bytes from `offset` on, if they lie in the `len` bytes of the file `url`.
pub fn within(offset: u64, length: usize, len: u64, url: &str) -> io::Result<u64> {
    offset.checked_add(length as u64).filter(|&end| end <= len).ok_or_else(|| {
        let message =
            format!("`{url}` has {len} bytes and was to give {length} from {offset} on: it is cut short or damaged");
        io::Error::new(ErrorKind::UnexpectedEof, message)
    })
}
