//! [`Source`]: an open file of rows, read part by part in bounded memory, whatever its format.
//!
//! | format | one part | rows are read | held in memory |
//! |---|---|---|---|
//! | Parquet | a row group | page by page | a page per column, and a batch |
//! | Arrow IPC | a record batch | as slices of it | a stored record batch, and the dictionaries |
//! | CSV, NDJSON | the whole file | line by line | a batch |
//!
//! To add a format: name its file endings in `format.rs`; implement `ColumnarFile` for a file with an index of parts,
//! or `TextFormat` for a file of lines; open it in `open.rs`.

mod column_chunks;
mod columnar;
mod csv;
mod csv_options;
mod csv_records;
mod error;
mod format;
mod int96;
mod ipc;
mod json_object;
mod json_type;
mod ndjson;
mod open;
mod parquet;
mod read_schema;
mod text_file;
mod text_source;

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

pub(crate) use self::parquet::key_values;
pub use self::{
    csv_options::CsvOptions,
    error::{BadRow, RowLines, SourceError},
    format::{Compression, Format},
    open::{open, open_with},
};

/// Upper limits of a batch, which always has at least one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Most rows.
    pub batch_rows: usize,
    /// About how many bytes. A single row may have more.
    pub batch_bytes: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { batch_rows: 4096, batch_bytes: 8 << 20 }
    }
}

/// A stretch of a file that can be read on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Number of rows, including rows that turn out to be bad.
    pub rows: u64,
    /// Bytes of all columns: decompressed, but as stored for Arrow IPC.
    pub bytes: u64,
}

/// One item that a source yields, in file order.
#[derive(Debug)]
pub enum SourceItem {
    /// Rows that were read.
    Rows {
        /// For each row of the batch its row in the file, from 0. Ascending, with gaps where rows are bad.
        rows: Vec<u64>,
        /// The requested columns, in the requested order.
        batch: RecordBatch,
    },
    /// A row that cannot be parsed. It comes before the batch with its neighbours.
    Bad {
        /// Row in the file, from 0.
        row: u64,
        /// Line in the file where the row begins, from 1.
        line: u64,
        /// Why it cannot be parsed.
        reason: BadRow,
        /// For each requested column its value, where that is sure in spite of it. May be empty.
        known: Vec<Option<String>>,
    },
    /// Rows of a damaged part. The next part is read all the same.
    Lost {
        /// Rows in the file, from 0.
        rows: Range<u64>,
        /// Index of the damaged part.
        part: usize,
        /// What is wrong with it. Never quotes a value.
        reason: String,
    },
}

/// What [`Source::read`] returns. After an error it yields nothing more.
pub type Reads = Box<dyn Iterator<Item = Result<SourceItem, SourceError>> + Send>;

/// An open file of rows.
pub trait Source: Send + Sync {
    /// All columns, in file order.
    fn schema(&self) -> &SchemaRef;

    /// The parts of the file, in file order.
    fn parts(&self) -> &[Part];

    /// Checks that these columns can be read without loss. [`read`](Self::read) checks it too.
    ///
    /// # Errors
    /// [`SourceError::Lossy`] if not.
    fn check(&self, _columns: &[usize]) -> Result<(), SourceError> {
        Ok(())
    }

    /// Reads the rows of `parts`. `columns` are indices of top-level columns; one may be asked for twice.
    ///
    /// The strings of column `unchecked` may come as bytes (`Utf8` as `Binary`, and so on), which nobody has validated.
    /// A value that is not UTF-8 is then an error of its row alone. In any other column it loses all rows decoded with
    /// it.
    ///
    /// # Errors
    /// [`SourceError::Io`] if the store fails, [`SourceError::NoSuchPart`] if a part or column does not exist,
    /// [`SourceError::Lossy`] if a column cannot be read without loss.
    /// Bad and lost rows are no errors; they are items of the iterator.
    fn read(
        &self, parts: Range<usize>, columns: &[usize], unchecked: Option<usize>, limits: ReadLimits,
    ) -> Result<Reads, SourceError>;

    /// Number of rows, including bad ones.
    fn rows(&self) -> u64 {
        self.parts().iter().map(|part| part.rows).sum()
    }
}
