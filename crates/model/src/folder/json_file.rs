//! [`JsonFile`]: a JSON object of a model folder, read field by field with errors that name the field.

use std::fmt::Write;

use serde_json::{Map, Value};

use crate::{ModelError, ModelFiles};

/// Most characters of a value that an error shows.
const LONGEST_SHOWN: usize = 40;

/// The fields of a JSON file. A field that is `null` counts as absent.
pub(crate) struct JsonFile {
    /// Path, for errors.
    pub(crate) file: String,
    fields: Map<String, Value>,
}

impl JsonFile {
    /// Reads the file `name` of a model; `None` if it has no such file.
    ///
    /// # Errors
    /// [`ModelError::Read`], [`ModelError::LfsPointer`]; [`ModelError::Config`] if it is not a JSON object.
    pub(crate) fn read(files: &ModelFiles, name: &str) -> Result<Option<Self>, ModelError> {
        files.read(name)?.map(|bytes| Self::parse(&bytes, files.describe(name))).transpose()
    }

    /// Parses the content of the file at `file`.
    ///
    /// # Errors
    /// [`ModelError::Config`] if it is not a JSON object.
    pub(crate) fn parse(bytes: &[u8], file: String) -> Result<Self, ModelError> {
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Ok(Self { file, fields }),
            Ok(other) => {
                let reason = format!("it is {}, expected a JSON object", described(&other));
                Err(ModelError::Config { file, reason })
            }
            Err(error) => Err(ModelError::Config { reason: not_json(&error), file }),
        }
    }

    /// The value of `field`, unless it is absent or null.
    pub(crate) fn value(&self, field: &str) -> Option<&Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// True if the file has `field`, even as null.
    pub(crate) fn names(&self, field: &str) -> bool {
        self.fields.contains_key(field)
    }

    /// Fields and values in the order of their names.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.fields.iter()
    }

    /// The string `field`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type.
    pub(crate) fn string(&self, field: &str) -> Result<Option<&str>, ModelError> {
        let as_string = |value| Value::as_str(value).ok_or_else(|| self.wrong(field, value, "a string"));
        self.value(field).map(as_string).transpose()
    }

    /// The boolean `field`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type.
    pub(crate) fn boolean(&self, field: &str) -> Result<Option<bool>, ModelError> {
        let as_bool = |value| Value::as_bool(value).ok_or_else(|| self.wrong(field, value, "true or false"));
        self.value(field).map(as_bool).transpose()
    }

    /// The integer `field`; some exporters write `512.0`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type and for a fraction.
    pub(crate) fn integer(&self, field: &str) -> Result<Option<i64>, ModelError> {
        let as_integer = |value: &Value| {
            let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 1e15).then_some(number as i64);
            let integer = value.as_i64().or_else(|| value.as_f64().and_then(whole));
            integer.ok_or_else(|| self.wrong(field, value, "an integer"))
        };
        self.value(field).map(as_integer).transpose()
    }

    /// The integer `field`, at least 1.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type and below 1.
    pub(crate) fn count(&self, field: &str) -> Result<Option<usize>, ModelError> {
        let Some(integer) = self.integer(field)? else { return Ok(None) };
        let count = usize::try_from(integer).ok().filter(|&count| count > 0);
        count.map(Some).ok_or_else(|| self.wrong(field, &integer.into(), "an integer from 1 on"))
    }

    /// The number `field`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type.
    pub(crate) fn number(&self, field: &str) -> Result<Option<f64>, ModelError> {
        let as_number = |value| Value::as_f64(value).ok_or_else(|| self.wrong(field, value, "a number"));
        self.value(field).map(as_number).transpose()
    }

    /// The list of strings `field`; empty if it is absent.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type.
    pub(crate) fn strings(&self, field: &str) -> Result<Vec<String>, ModelError> {
        let Some(value) = self.value(field) else { return Ok(Vec::new()) };
        let strings = value.as_array().and_then(|items| {
            let strings = items.iter().map(|item| item.as_str().map(str::to_string));
            strings.collect::<Option<Vec<_>>>()
        });
        strings.ok_or_else(|| self.wrong(field, value, "a list of strings"))
    }

    /// The object `field`.
    ///
    /// # Errors
    /// [`ModelError::Config`] for a value of another type; `expected` says what it may be.
    pub(crate) fn object(&self, field: &str, expected: &str) -> Result<Option<Self>, ModelError> {
        let as_object = |value: &Value| match value {
            Value::Object(fields) => Ok(Self { file: self.file.clone(), fields: fields.clone() }),
            other => Err(self.wrong(field, other, expected)),
        };
        self.value(field).map(as_object).transpose()
    }

    /// The error for `field`, whose `value` is not what is `expected`.
    pub(crate) fn wrong(&self, field: &str, value: &Value, expected: &str) -> ModelError {
        let reason = format!("`{field}` is {}, expected {expected}", described(value));
        ModelError::Config { file: self.file.clone(), reason }
    }
}

/// Says why bytes are not JSON, with the place.
pub(crate) fn not_json(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Eof => {
            format!("it ends at line {line}, column {column}, in the middle of a value: copy it again from its source")
        }
        serde_json::error::Category::Data => format!("it has other content than expected: {error}"),
        _ => format!("it is not JSON from line {line}, column {column} on: mend it, or copy it again from its source"),
    }
}

/// A value with its type, shortened and escaped: a file may come from anywhere.
fn described(value: &Value) -> String {
    let (kind, text) = match value {
        Value::Null => return "null".to_string(),
        Value::Bool(_) => ("", value.to_string()),
        Value::Number(_) => ("the number ", value.to_string()),
        Value::String(text) => ("the string ", format!("\"{text}\"")),
        Value::Array(_) => ("the list ", value.to_string()),
        Value::Object(_) => ("the object ", value.to_string()),
    };
    let mut shown = kind.to_string();
    for c in text.chars().take(LONGEST_SHOWN) {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            _ => drop(write!(shown, "{}", c.escape_debug())),
        }
    }
    if text.chars().nth(LONGEST_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}
