//! [`Wire`]: reads the wire format of protocol buffers field by field, and skips fields without reading them.

use std::io::{BufRead, Seek};

/// A cursor over the fields of a message. No bytes make it panic or allocate more than the caller allows.
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
    /// An integer of variable length.
    Varint(u64),
    /// Four bytes.
    Fixed32(u32),
    /// Eight bytes.
    Fixed64(u64),
    /// A string, bytes or a message, which begins at the cursor: read it or [`skip`](Wire::skip) it.
    Bytes {
        /// Length in bytes.
        length: u64,
    },
}

/// Why a message cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The bytes violate the wire format.
    #[error("byte {at}: {reason}")]
    Malformed {
        /// Position in the file.
        at: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

impl<R: BufRead + Seek> Wire<R> {
    /// A cursor at the start of `inner`, which has `length` bytes.
    pub fn new(inner: R, length: u64) -> Self {
        Self { inner, at: 0, length }
    }

    /// Position of the next byte.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Number and value of the next field; `None` at `end`.
    ///
    /// # Errors
    /// [`WireError`] for a field that ends beyond `end` or has an unknown wire type.
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
                    return Err(self.malformed("a field is longer than its message"));
                }
                Field::Bytes { length }
            }
            5 => Field::Fixed32(u32::from_le_bytes(self.fixed(end)?)),
            _ => return Err(self.malformed("a field has an unknown wire type")),
        };
        Ok(Some((key >> 3, value)))
    }

    /// Reads `length` bytes.
    ///
    /// # Errors
    /// [`WireError::Malformed`] if `length` is above `most` or beyond the end of the file; [`WireError::Read`].
    pub fn bytes(&mut self, length: u64, most: u64) -> Result<Vec<u8>, WireError> {
        if length > most.min(self.length.saturating_sub(self.at)) {
            return Err(self.malformed("a name or value is too long"));
        }
        let mut bytes = vec![0; length as usize];
        self.inner.read_exact(&mut bytes)?;
        self.at += length;
        Ok(bytes)
    }

    /// Skips `length` bytes.
    ///
    /// # Errors
    /// [`WireError::Read`].
    pub fn skip(&mut self, length: u64) -> Result<(), WireError> {
        let length = length.min(self.length.saturating_sub(self.at));
        self.at += length;
        // `seek` would drop the buffer
        self.inner.seek_relative(i64::try_from(length).map_err(std::io::Error::other)?)?;
        Ok(())
    }

    /// Reads an integer without a key, as packed fields hold them.
    ///
    /// # Errors
    /// [`WireError`] if it does not end before `end` or has more than 64 bits.
    pub fn varint(&mut self, end: u64) -> Result<u64, WireError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.fixed(end)?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("an integer has more than 64 bits"))
    }

    fn fixed<const N: usize>(&mut self, end: u64) -> Result<[u8; N], WireError> {
        if self.at.saturating_add(N as u64) > end.min(self.length) {
            return Err(self.malformed("the file ends within a field"));
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
