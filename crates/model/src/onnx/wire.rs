//! [`Wire`]: the wire format of protocol buffers, field by field, without a copy of what is passed over.

use std::io::{BufRead, Seek};

/// Fields of one message, read in place. Total: no bytes make it panic or hold more than was asked for.
///
/// ```
/// use std::io::Cursor;
/// use spanframe_model::{Field, Wire};
/// let mut wire = Wire::new(Cursor::new([0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i']), 7);
/// assert_eq!(wire.field(7)?, Some((1, Field::Varint(150))));
/// assert_eq!(wire.field(7)?, Some((2, Field::Bytes { length: 2 })));
/// assert_eq!(wire.bytes(2, 100)?, b"hi");
/// assert_eq!(wire.field(7)?, None);
/// # Ok::<(), spanframe_model::WireError>(())
/// ```
pub struct Wire<R> {
    inner: R,
    at: u64,
    length: u64,
}

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Field {
    /// An integer.
    Varint(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Eight bytes.
    Fixed64(u64),
    /// A string, bytes or a message, which begins here: read it or [`skip`](Wire::skip) it.
    Bytes {
        /// Its length.
        length: u64,
    },
}

/// Bytes that are no message.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The bytes break the format.
    #[error("byte {at}: {reason}")]
    Malformed {
        /// Place in the file.
        at: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

impl<R: BufRead + Seek> Wire<R> {
    /// Reads `length` bytes of `inner` from its begin.
    pub fn new(inner: R, length: u64) -> Self {
        Self { inner, at: 0, length }
    }

    /// Place of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Number and value of the next field before `end`; `None` at `end`.
    ///
    /// # Errors
    /// [`WireError`] for a field that ends beyond `end` or is of no known kind.
    pub fn field(&mut self, end: u64) -> Result<Option<(u64, Field)>, WireError> {
        if self.at >= end.min(self.length) {
            return Ok(None);
        }
        let key = self.varint(end)?;
        let value = match key & 7 {
            0 => Field::Varint(self.varint(end)?),
            1 => Field::Fixed64(u64::from_le_bytes(self.fixed(end)?)),
            2 => {
                let length = self.varint(end)?;
                if self.at.checked_add(length).is_none_or(|after| after > end.min(self.length)) {
                    return Err(self.malformed("a field is longer than what it is in"));
                }
                Field::Bytes { length }
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed(end)?)),
            _ => return Err(self.malformed("a field of an unknown kind")),
        };
        Ok(Some((key >> 3, value)))
    }

    /// The `length` bytes that begin here, if they are at most `most`.
    ///
    /// # Errors
    /// [`WireError`] also where there are more.
    pub fn bytes(&mut self, length: u64, most: u64) -> Result<Vec<u8>, WireError> {
        if length > most.min(self.length.saturating_sub(self.at)) {
            return Err(self.malformed("a name or value is too long"));
        }
        let mut bytes = vec![0; length as usize];
        self.inner.read_exact(&mut bytes)?;
        self.at += length;
        Ok(bytes)
    }

    /// Passes over `length` bytes without reading them.
    ///
    /// # Errors
    /// [`WireError::Read`].
    pub fn skip(&mut self, length: u64) -> Result<(), WireError> {
        let length = length.min(self.length.saturating_sub(self.at));
        self.at += length;
        // what is buffered stays so
        self.inner.seek_relative(i64::try_from(length).map_err(std::io::Error::other)?)?;
        Ok(())
    }

    /// An integer without its key, as in a packed field.
    ///
    /// # Errors
    /// [`WireError`] for one that does not end before `end`.
    pub fn varint(&mut self, end: u64) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed(end)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("an integer of more than 64 bits"))
    }

    fn fixed<const N: usize>(&mut self, end: u64) -> Result<[u8; N], WireError> {
        if self.at.saturating_add(N as u64) > end.min(self.length) {
            return Err(self.malformed("it ends within a field"));
        }
        let mut bytes = [0; N];
        self.inner.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    fn malformed(&self, reason: &'static str) -> WireError {
        WireError::Malformed { at: self.at, reason }
    }
}
