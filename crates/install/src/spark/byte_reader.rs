//! [`ByteReader`]: reads big-endian values from bytes of unknown origin, and says where they are wrong.

/// What is wrong in a file, and at which byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FormatError {
    pub at: usize,
    pub reason: String,
}

/// A position in bytes. Nothing is allocated for a length that the bytes claim, only for bytes that are there.
pub(super) struct ByteReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> ByteReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// An error at the current byte.
    pub(super) fn error<T>(&self, reason: impl Into<String>) -> Result<T, FormatError> {
        Err(FormatError { at: self.at, reason: reason.into() })
    }

    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`FormatError`] if there are fewer.
    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8], FormatError> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        let Some(end) = end else { return self.error("the file ends within a value, it is truncated") };
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> Result<u8, FormatError> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn short(&mut self) -> Result<u16, FormatError> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(super) fn int(&mut self) -> Result<i32, FormatError> {
        let bytes = self.take(4)?;
        Ok(i32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A length or number of elements, stored as a signed 32-bit integer.
    pub(super) fn length(&mut self) -> Result<usize, FormatError> {
        match usize::try_from(self.int()?) {
            Ok(length) => Ok(length),
            Err(_) => self.error("a length is negative"),
        }
    }
}
