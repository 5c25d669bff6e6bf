//! Values of columns whose type is not known before.

use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use spanframe_engine::EngineError;

use crate::error::CliError;

/// A column of any type with a text form. Integers are as they are written.
pub struct TextValues(StringArray);

impl TextValues {
    pub fn new(column: &ArrayRef) -> Result<Self, CliError> {
        Ok(Self(cast(column, &DataType::Utf8).map_err(EngineError::from)?.as_string::<i32>().clone()))
    }

    /// The value of a row; `None` for null and for white space alone.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.0.is_valid(row).then(|| self.0.value(row)).filter(|text| !text.trim().is_empty())
    }

    /// The value as an integer: `Ok(None)` for null and white space, `Err` for anything else that is not one.
    pub fn integer(&self, row: usize) -> Result<Option<i64>, std::num::ParseIntError> {
        self.get(row).map(|text| text.trim().parse()).transpose()
    }

    /// True for `true`, `t`, `yes`, `y` and `1`.
    pub fn is_true(&self, row: usize) -> bool {
        let yes = ["true", "t", "yes", "y", "1"];
        self.get(row).is_some_and(|text| yes.iter().any(|yes| text.trim().eq_ignore_ascii_case(yes)))
    }
}
