//! [`TextColumn`]: reads a column of any Arrow string type. [`bytes_as_text`] makes strings of bytes.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, DictionaryArray, LargeStringArray, StringArray, StringViewArray,
    cast::AsArray,
    types::{
        ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
        UInt64Type,
    },
};
use arrow_schema::DataType;

use crate::EngineError;

/// A borrowed column of texts: Utf8, LargeUtf8, Utf8View, a dictionary of these, or Null.
#[derive(Clone)]
pub struct TextColumn<'a> {
    len: usize,
    texts: Texts<'a>,
    /// For a dictionary, the index of each row's value.
    keys: Option<Vec<Option<usize>>>,
}

#[derive(Clone)]
enum Texts<'a> {
    Utf8(&'a StringArray),
    Large(&'a LargeStringArray),
    View(&'a StringViewArray),
    Null,
}

impl<'a> TextColumn<'a> {
    /// Reads `array`.
    ///
    /// # Errors
    /// [`EngineError::NotText`] for any other type.
    pub fn new(array: &'a dyn Array) -> Result<Self, EngineError> {
        if let DataType::Dictionary(key, _) = array.data_type() {
            macro_rules! keys {
                ($($name:ident => $key:ty),*) => {
                    match key.as_ref() {
                        $(DataType::$name => dictionary::<$key>(array.as_dictionary()),)*
                        other => Err(EngineError::NotText(other.clone())),
                    }
                };
            }
            return keys!(Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
                UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type);
        }
        Ok(Self { len: array.len(), texts: Texts::new(array)?, keys: None })
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True without rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The text of `row`, or `None` if it is null.
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a str> {
        match &self.keys {
            Some(keys) => self.texts.get(keys[row]?),
            None => self.texts.get(row),
        }
    }
}

impl<'a> Texts<'a> {
    fn new(array: &'a dyn Array) -> Result<Self, EngineError> {
        match array.data_type() {
            DataType::Utf8 => Ok(Self::Utf8(array.as_string())),
            DataType::LargeUtf8 => Ok(Self::Large(array.as_string())),
            DataType::Utf8View => Ok(Self::View(array.as_string_view())),
            DataType::Null => Ok(Self::Null),
            other => Err(EngineError::NotText(other.clone())),
        }
    }

    fn get(&self, row: usize) -> Option<&'a str> {
        match self {
            Self::Utf8(a) => a.is_valid(row).then(|| a.value(row)),
            Self::Large(a) => a.is_valid(row).then(|| a.value(row)),
            Self::View(a) => a.is_valid(row).then(|| a.value(row)),
            Self::Null => None,
        }
    }
}

/// Returns a column of bytes as strings, where Hive and Impala keep their texts. A value that is not UTF-8 gets `�` for
/// what is invalid. A column of any other type stays as it is.
#[must_use]
pub fn bytes_as_text(column: &ArrayRef) -> ArrayRef {
    fn lossy<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> ArrayRef {
        Arc::new(values.map(|bytes| bytes.map(String::from_utf8_lossy)).collect::<LargeStringArray>())
    }
    match column.data_type() {
        DataType::Binary => match StringArray::try_from_binary(column.as_binary().clone()) {
            Ok(texts) => Arc::new(texts),
            Err(_) => lossy(column.as_binary::<i32>().iter()),
        },
        DataType::LargeBinary => match LargeStringArray::try_from_binary(column.as_binary().clone()) {
            Ok(texts) => Arc::new(texts),
            Err(_) => lossy(column.as_binary::<i64>().iter()),
        },
        DataType::BinaryView => match column.as_binary_view().clone().to_string_view() {
            Ok(texts) => Arc::new(texts),
            Err(_) => lossy(column.as_binary_view().iter()),
        },
        _ => Arc::clone(column),
    }
}

fn dictionary<K: ArrowDictionaryKeyType>(array: &DictionaryArray<K>) -> Result<TextColumn<'_>, EngineError> {
    let keys = (0..array.len()).map(|row| array.key(row)).collect();
    Ok(TextColumn { len: array.len(), texts: Texts::new(array.values().as_ref())?, keys: Some(keys) })
}
