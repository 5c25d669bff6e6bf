//! The rows of a text column as documents, each checked by itself.

use arrow_array::{Array, BinaryArray, BinaryViewArray, LargeBinaryArray, cast::AsArray};
use arrow_schema::DataType;

use crate::{EngineError, fault::Fault, input::TextColumn};

/// A text column, or a column of bytes that should be UTF-8.
#[derive(Clone)]
pub(crate) struct Documents<'a> {
    rows: Rows<'a>,
    /// The longest document that is read, in bytes.
    limit: usize,
}

#[derive(Clone)]
enum Rows<'a> {
    Text(TextColumn<'a>),
    Binary(&'a BinaryArray),
    LargeBinary(&'a LargeBinaryArray),
    BinaryView(&'a BinaryViewArray),
}

impl<'a> Documents<'a> {
    /// Reads `array`.
    ///
    /// # Errors
    /// [`EngineError::NotText`] for a type that holds no text.
    pub(crate) fn new(array: &'a dyn Array, limit: usize) -> Result<Self, EngineError> {
        let rows = match array.data_type() {
            DataType::Binary => Rows::Binary(array.as_binary()),
            DataType::LargeBinary => Rows::LargeBinary(array.as_binary()),
            DataType::BinaryView => Rows::BinaryView(array.as_binary_view()),
            _ => Rows::Text(TextColumn::new(array)?),
        };
        // positions are of 32 bits
        Ok(Self { rows, limit: limit.min(u32::MAX as usize) })
    }

    /// Reads a column of languages for `rows` texts, one each or one for all.
    ///
    /// # Errors
    /// [`EngineError::LanguageNotText`] and [`EngineError::LanguageRows`].
    pub(crate) fn of_languages(array: &'a dyn Array, rows: usize) -> Result<Self, EngineError> {
        if array.len() != rows && array.len() != 1 {
            return Err(EngineError::LanguageRows { languages: array.len(), texts: rows });
        }
        Self::new(array, usize::MAX).map_err(|_| EngineError::LanguageNotText(array.data_type().clone()))
    }

    pub(crate) fn len(&self) -> usize {
        match &self.rows {
            Rows::Text(a) => a.len(),
            Rows::Binary(a) => a.len(),
            Rows::LargeBinary(a) => a.len(),
            Rows::BinaryView(a) => a.len(),
        }
    }

    /// Length of a row in bytes, as far as it is read.
    pub(crate) fn bytes(&self, row: usize) -> usize {
        self.get(row).ok().flatten().map_or(0, str::len)
    }

    /// The text of `row`, or `None` where it is null.
    pub(crate) fn get(&self, row: usize) -> Result<Option<&'a str>, Fault> {
        let bytes: &'a [u8] = match &self.rows {
            Rows::Text(a) => return a.get(row).map(|text| self.short(text.len()).map(|()| text)).transpose(),
            _ if self.is_null(row) => return Ok(None),
            Rows::Binary(a) => a.value(row),
            Rows::LargeBinary(a) => a.value(row),
            Rows::BinaryView(a) => a.value(row),
        };
        self.short(bytes.len())?;
        std::str::from_utf8(bytes).map(Some).map_err(|e| Fault::NotUtf8 { at: e.valid_up_to() })
    }

    fn is_null(&self, row: usize) -> bool {
        match &self.rows {
            Rows::Text(a) => a.get(row).is_none(),
            Rows::Binary(a) => a.is_null(row),
            Rows::LargeBinary(a) => a.is_null(row),
            Rows::BinaryView(a) => a.is_null(row),
        }
    }

    fn short(&self, bytes: usize) -> Result<(), Fault> {
        if bytes > self.limit { Err(Fault::TooLong { bytes, limit: self.limit }) } else { Ok(()) }
    }
}
