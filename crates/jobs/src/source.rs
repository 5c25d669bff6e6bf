//! [`Source`]: a file of rows, whatever its format, read part by part in bounded memory.
//!
//! | format | a part | what its rows are | what is in memory |
//! |---|---|---|---|
//! | Parquet | a row group | read page by page | a page a column, and a batch |
//! | Arrow IPC | a record batch | slices of it | a record batch as stored, and the dictionaries |
//! | CSV, NDJSON | the file | lines | a batch |

mod chunks;
mod csv;
mod error;
mod format;
mod ipc;
mod json;
mod ndjson;
mod parquet;
mod rows;
mod text;

use std::{ops::Range, sync::Arc};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use spanframe_store::ReadAt;

pub(crate) use self::parquet::footer;
pub use self::{
    error::{BadRow, SourceError},
    format::{Compression, Format},
};

/// How large a batch may be. A batch has at least one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadLimits {
    /// Most rows.
    pub batch_rows: usize,
    /// About how many bytes; one row may have more.
    pub batch_bytes: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { batch_rows: 4096, batch_bytes: 8 << 20 }
    }
}

/// A stretch of a file that can be read by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Rows, those included that turn out to be bad.
    pub rows: u64,
    /// Bytes of all columns when decompressed (Arrow IPC: as stored).
    pub bytes: u64,
}

/// What a source gives, in the order of the file.
#[derive(Debug)]
pub enum Read {
    /// Rows.
    Rows {
        /// Row of the file, from 0, for each row of the batch: ascending, with gaps where rows are bad.
        rows: Vec<u64>,
        /// The columns asked for, in the order asked for.
        batch: RecordBatch,
    },
    /// A row that cannot be read. It comes before the rows that follow it.
    Bad {
        /// Row of the file, from 0.
        row: u64,
        /// Line of the file where the row begins, from 1.
        line: u64,
        /// Why.
        reason: BadRow,
    },
    /// Rows that cannot be read because this part of the file is damaged. The next part is read all the same.
    Lost {
        /// Rows of the file, from 0.
        rows: Range<u64>,
        /// The damaged part.
        part: usize,
        /// What is wrong with it. Never a value.
        reason: String,
    },
}

/// What [`Source::read`] gives. After an error there is nothing more.
pub type Reads = Box<dyn Iterator<Item = Result<Read, SourceError>> + Send>;

/// An open file of rows.
pub trait Source: Send + Sync {
    /// All columns, in the order of the file.
    fn schema(&self) -> &SchemaRef;

    /// The parts of the file, in its order.
    fn parts(&self) -> &[Part];

    /// The rows of `parts` with the top-level columns of these indices, in order.
    ///
    /// Strings of column `bytes` may come as bytes that nobody checked (`Utf8` as `Binary`, and so on): a value that is not
    /// UTF-8 is an error of its row then, and elsewhere one of all rows that are decoded with it.
    ///
    /// # Errors
    /// [`SourceError::Io`] if the store fails, [`SourceError::NoSuchPart`] for parts or columns that there are not.
    /// Rows that are bad or lost are no error: they are among what is read.
    fn read(
        &self, parts: Range<usize>, columns: &[usize], bytes: Option<usize>, bounds: ReadLimits,
    ) -> Result<Reads, SourceError>;

    /// Number of rows, bad ones included.
    fn rows(&self) -> u64 {
        self.parts().iter().map(|part| part.rows).sum()
    }
}

/// Opens a file by what its name ends in: `.parquet`, `.pq`; `.arrow`, `.ipc`, `.feather`; `.csv`, `.tsv`; `.ndjson`,
/// `.jsonl`. The last four may also end in `.gz` or `.zst`; they are read once, to count rows and find types.
///
/// # Errors
/// [`SourceError::Format`] for another name, [`SourceError::Damaged`] for a file that is not of its format from end to
/// end, [`SourceError::Io`] if the store fails, and what a header can have wrong.
pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<Box<dyn Source>, SourceError> {
    let (format, compression) = Format::of(path)?;
    let text = |file, format| text::TextFile { file, path: path.to_string(), format, compression };
    Ok(match format {
        Format::Parquet => Box::new(parquet::Parquet::open(file, path)?),
        Format::Ipc => Box::new(ipc::Ipc::open(file, path)?),
        Format::Csv(delimiter) => Box::new(csv::Csv::open(text(file, "CSV"), delimiter)?),
        Format::Ndjson => Box::new(ndjson::Ndjson::open(text(file, "NDJSON"))?),
    })
}

/// `schema` with the strings of `column` as bytes, which have the same layout; none for a column of another type.
fn with_bytes(schema: &SchemaRef, column: usize) -> Option<SchemaRef> {
    let mut fields = schema.fields().to_vec();
    let bytes = match fields.get(column)?.data_type() {
        DataType::Utf8 => DataType::Binary,
        DataType::LargeUtf8 => DataType::LargeBinary,
        DataType::Utf8View => DataType::BinaryView,
        _ => return None,
    };
    fields[column] = Arc::new(Field::clone(&fields[column]).with_data_type(bytes));
    Some(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// ReadLimits of batches that are built of texts, whose offsets have 32 bits.
fn clamp(bounds: ReadLimits) -> ReadLimits {
    ReadLimits { batch_rows: bounds.batch_rows.max(1), batch_bytes: bounds.batch_bytes.clamp(1, 1 << 30) }
}
