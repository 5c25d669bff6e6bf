//! [`Rejects`]: the rows of a unit that were left out, with the reasons, as a table.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};

/// A row that was left out.
pub struct Reject {
    /// Row in the file, from 0.
    pub row: u64,
    /// Line in a text file, from 1.
    pub line: Option<u64>,
    /// Value of the job's id column, if the row could be read.
    pub id: Option<String>,
    /// Stable name of the reason.
    pub code: &'static str,
    /// The reason in words. Never quotes the row.
    pub reason: String,
}

/// Collects rejected rows. No column has text of a note.
#[derive(Default)]
pub struct Rejects(Vec<Reject>);

impl Rejects {
    /// | column | type | |
    /// |---|---|---|
    /// | `file` | Utf8 | the input file |
    /// | `row` | UInt64 | row in the file, from 0 |
    /// | `line` | UInt64 or null | line in a text file, from 1 |
    /// | `id` | Utf8 or null | the job's id column, if the row could be read |
    /// | `code` | Utf8 | name of the reason |
    /// | `reason` | Utf8 | the reason in words |
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

    /// Adds a row.
    pub fn push(&mut self, reject: Reject) {
        self.0.push(reject);
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if no row was rejected.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All rejected rows of the file `url`, in columns of [`schema`](Self::schema).
    ///
    /// # Errors
    /// None: the columns have the types and lengths of the schema.
    pub fn batch(&self, url: &str) -> Result<RecordBatch, ArrowError> {
        let each = || self.0.iter();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec![url; self.len()])),
            Arc::new(UInt64Array::from_iter_values(each().map(|reject| reject.row))),
            Arc::new(each().map(|reject| reject.line).collect::<UInt64Array>()),
            Arc::new(each().map(|reject| reject.id.as_deref()).collect::<StringArray>()),
            Arc::new(StringArray::from_iter_values(each().map(|reject| reject.code))),
            Arc::new(StringArray::from_iter_values(each().map(|reject| &reject.reason))),
        ];
        RecordBatch::try_new(Self::schema(), columns)
    }
}
