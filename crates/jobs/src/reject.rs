//! [`Rejects`]: the rows of a unit that were left out, with their reasons, in a file of their own.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

/// Collects rejected rows. None of its columns has a text.
#[derive(Default)]
pub struct Rejects {
    rows: Vec<u64>,
    lines: Vec<Option<u64>>,
    ids: Vec<Option<String>>,
    codes: Vec<&'static str>,
    reasons: Vec<String>,
}

impl Rejects {
    /// `file: Utf8, row: UInt64` (of the file, from 0)`, line: UInt64` (of a text file, from 1)`, id: Utf8` (where the job
    /// has an id column and the row could be read)`, code: Utf8, reason: Utf8`.
    #[must_use]
    pub fn schema() -> SchemaRef {
        Arc::new(Schema::new(vec![
            Field::new("file", DataType::Utf8, false),
            Field::new("row", DataType::UInt64, false),
            Field::new("line", DataType::UInt64, true),
            Field::new("id", DataType::Utf8, true),
            Field::new("code", DataType::Utf8, false),
            Field::new("reason", DataType::Utf8, false),
        ]))
    }

    /// Adds a row, by its place and what its owners call it.
    pub fn push(&mut self, (row, line): (u64, Option<u64>), id: Option<String>, code: &'static str, reason: String) {
        self.rows.push(row);
        self.lines.push(line);
        self.ids.push(id);
        self.codes.push(code);
        self.reasons.push(reason);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All of them, as rows of the file `url`.
    ///
    /// # Errors
    /// Never, as the columns are of one length.
    pub fn batch(&self, url: &str) -> Result<RecordBatch, arrow_schema::ArrowError> {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![url; self.len()])),
            Arc::new(UInt64Array::from(self.rows.clone())),
            Arc::new(UInt64Array::from(self.lines.clone())),
            Arc::new(self.ids.iter().map(Option::as_deref).collect::<StringArray>()),
            Arc::new(StringArray::from(self.codes.clone())),
            Arc::new(StringArray::from_iter_values(&self.reasons)),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }
}
