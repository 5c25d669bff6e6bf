//! [`Fields`]: the fields of a temporary record, written and read in order.

/// Appends a field of any length.
pub(crate) fn put_text(record: &mut Vec<u8>, text: &str) {
    record.extend_from_slice(&(text.len() as u64).to_be_bytes());
    record.extend_from_slice(text.as_bytes());
}

/// Appends an integer. Integers of one sign are ordered as their bytes.
pub(crate) fn put(record: &mut Vec<u8>, value: i64) {
    record.extend_from_slice(&value.to_be_bytes());
}

/// Reads the fields of a record. A record is what this crate wrote a moment ago, so a missing field is a bug or a file
/// that another program altered meanwhile.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn integer(&mut self) -> Option<i64> {
        let (bytes, rest) = self.0.split_first_chunk::<8>()?;
        self.0 = rest;
        Some(i64::from_be_bytes(*bytes))
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let length = usize::try_from(self.integer()?).ok()?;
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok()
    }
}
