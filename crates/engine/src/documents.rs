//! [`Documents`]: the rows of a text column, each checked by itself.

use arrow_array::{Array, BinaryArray, BinaryViewArray, LargeBinaryArray, cast::AsArray};
use arrow_schema::DataType;

use crate::{EngineError, RowErrorKind, input::TextColumn};

/// A column of texts, or of bytes that should be UTF-8.
#[derive(Clone)]
pub(crate) struct Documents<'a> {
    rows: Rows<'a>,
    /// Most bytes of a document.
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
    /// Reads `array`, without documents of more than `limit` bytes.
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
        // positions have 32 bits
        Ok(Self { rows, limit: limit.min(u32::MAX as usize) })
    }

    /// Reads the languages of `rows` texts: one for each, or one for all.
    ///
    /// # Errors
    /// [`EngineError::LanguageNotText`] for a type that holds no text; [`EngineError::LanguageRows`] for another number of rows.
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

    /// Length of a row in bytes. 0 for a null and for a row that cannot be read.
    pub(crate) fn bytes(&self, row: usize) -> usize {
        self.get(row).ok().flatten().map_or(0, str::len)
    }

    /// The text of `row`, or `None` if it is null.
    ///
    /// # Errors
    /// [`RowErrorKind::TooLong`] and [`RowErrorKind::NotUtf8`].
    pub(crate) fn get(&self, row: usize) -> Result<Option<&'a str>, RowErrorKind> {
        let bytes: &'a [u8] = match &self.rows {
            Rows::Text(a) => return a.get(row).map(|text| self.check_length(text.len()).map(|()| text)).transpose(),
            _ if self.is_null(row) => return Ok(None),
            Rows::Binary(a) => a.value(row),
            Rows::LargeBinary(a) => a.value(row),
            Rows::BinaryView(a) => a.value(row),
        };
        self.check_length(bytes.len())?;
        std::str::from_utf8(bytes).map(Some).map_err(|e| RowErrorKind::NotUtf8 { at: e.valid_up_to() })
    }

    fn is_null(&self, row: usize) -> bool {
        match &self.rows {
            Rows::Text(a) => a.get(row).is_none(),
            Rows::Binary(a) => a.is_null(row),
            Rows::LargeBinary(a) => a.is_null(row),
            Rows::BinaryView(a) => a.is_null(row),
        }
    }

    fn check_length(&self, bytes: usize) -> Result<(), RowErrorKind> {
        if bytes > self.limit { Err(RowErrorKind::TooLong { bytes, limit: self.limit }) } else { Ok(()) }
    }
}

/// True if columns of this type can be annotated: strings, dictionaries of strings, bytes (read as UTF-8), nulls.
#[must_use]
pub fn is_text(data_type: &DataType) -> bool {
    Documents::new(&arrow_array::new_empty_array(data_type), usize::MAX).is_ok()
}
