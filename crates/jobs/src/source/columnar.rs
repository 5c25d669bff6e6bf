//! [`ColumnarSource`]: a file with an index of parts (Parquet, Arrow IPC), decoded part by part.

use std::{
    io,
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use spanframe_engine::shown_name::column_name;

use super::{Part, ReadLimits, Reads, Source, SourceError, SourceItem};

/// A format whose files list their parts.
pub trait ColumnarFile: Send + Sync + 'static {
    /// Name of the format in messages.
    const FORMAT: &'static str;

    /// Decodes the parts of one read.
    type Decoder: PartDecoder + 'static;

    /// The file's path, for messages.
    fn path(&self) -> &str;

    /// All columns, in file order.
    fn schema(&self) -> &SchemaRef;

    /// All parts, in file order.
    fn parts(&self) -> &[Part];

    /// Why a column cannot be read without loss, if so.
    fn unreadable(&self, _column: usize) -> Option<&'static str> {
        None
    }

    /// A decoder for some columns.
    fn decoder(self: Arc<Self>, request: DecodeRequest) -> Self::Decoder;
}

/// Which columns to decode, and into which batches.
pub struct DecodeRequest {
    pub projection: Projection,
    /// Column whose strings may stay unvalidated bytes.
    pub unchecked: Option<usize>,
    pub limits: ReadLimits,
}

/// Decodes one part after the other.
pub trait PartDecoder: Send {
    /// Goes to a part, whatever is left of the one before.
    fn start(&mut self, part: usize);

    /// Returns the next batch of the part, `None` at its end.
    ///
    /// # Errors
    /// [`DecodeError`]; the caller then goes on with the next part, or stops if the store failed.
    fn next_batch(&mut self) -> Result<Option<RecordBatch>, DecodeError>;
}

/// Why bytes cannot be decoded.
pub enum DecodeError {
    /// The store failed. The file may be intact.
    Store(io::Error),
    /// The bytes are not valid. The reason never quotes a value.
    Damaged(String),
    /// A column is of a type that Arrow does not have.
    UnknownType,
}

impl DecodeError {
    pub fn damaged(reason: &str) -> Self {
        Self::Damaged(reason.to_string())
    }

    /// As the error of a schema of Arrow types that cannot be read. `reason` is what its decoder says.
    pub fn of_schema(error: &dyn std::error::Error, reason: &str) -> Self {
        // Polars has integers of 128 bits, and calls them so in the schemas that it writes
        match error.to_string().contains("bit width of 128") {
            true => Self::UnknownType,
            false => Self::damaged(reason),
        }
    }

    /// As an error of the whole file `path`.
    pub fn of_file(self, path: &str, format: &'static str) -> SourceError {
        let path = path.to_string();
        match self {
            Self::Store(source) => SourceError::Io { path, source },
            Self::Damaged(reason) => SourceError::Damaged { path, format, reason },
            Self::UnknownType => SourceError::Unsupported {
                path,
                found: "a file with integers of 128 bits",
                way_out: "cast them to decimals or strings where the file is written",
            },
        }
    }
}

/// Runs a decoder of damaged bytes, which may panic: then the bytes are damaged.
pub fn guarded<T>(decode: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(DecodeError::damaged("its decoder gave up")))
}

/// Columns to decode. Decoders yield each column once and in file order.
///
/// ```text
/// requested [2, 0, 2]  ->  columns [0, 2], order [1, 0, 1]
/// ```
pub struct Projection {
    /// Column indices, ascending, without duplicates.
    pub columns: Vec<usize>,
    /// For each requested column its place in `columns`.
    order: Vec<usize>,
}

impl Projection {
    pub fn new(requested: &[usize]) -> Self {
        let mut columns = requested.to_vec();
        columns.sort_unstable();
        columns.dedup();
        let order = requested.iter().filter_map(|column| columns.binary_search(column).ok()).collect();
        Self { columns, order }
    }

    /// Brings the decoded columns into the requested order.
    pub fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
        batch.project(&self.order)
    }
}

/// Returns `schema` with `column` as bytes of the same memory layout; `None` if it has no strings.
pub fn with_bytes(schema: &SchemaRef, column: usize) -> Option<SchemaRef> {
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

/// An open columnar file.
pub struct ColumnarSource<F>(pub Arc<F>);

impl<F: ColumnarFile> Source for ColumnarSource<F> {
    fn schema(&self) -> &SchemaRef {
        self.0.schema()
    }

    fn parts(&self) -> &[Part] {
        self.0.parts()
    }

    fn check(&self, columns: &[usize]) -> Result<(), SourceError> {
        let reasons = columns.iter().filter_map(|&column| Some((column, self.0.unreadable(column)?)));
        reasons.take(1).try_for_each(|(column, reason)| {
            let column = column_name(self.0.schema().field(column).name(), column);
            Err(SourceError::Lossy { path: self.0.path().to_string(), column, reason })
        })
    }

    fn read(
        &self, parts: Range<usize>, columns: &[usize], unchecked: Option<usize>, limits: ReadLimits,
    ) -> Result<Reads, SourceError> {
        let file = Arc::clone(&self.0);
        let fields = file.schema().fields().len();
        if parts.end > file.parts().len() || columns.iter().any(|&column| column >= fields) {
            return Err(SourceError::NoSuchPart { path: file.path().to_string() });
        }
        self.check(columns)?;
        let next_row = file.parts()[..parts.start].iter().map(|part| part.rows).sum();
        let projection = Projection::new(columns);
        let decoder = Arc::clone(&file).decoder(DecodeRequest { projection, unchecked, limits });
        Ok(Box::new(PartReads { file, decoder, left: parts, current: None, next_row }))
    }
}

/// Reads the rows of some parts. A part that cannot be decoded to its end loses the rest of its rows.
struct PartReads<F: ColumnarFile> {
    file: Arc<F>,
    decoder: F::Decoder,
    left: Range<usize>,
    current: Option<CurrentPart>,
    /// First row in the file that was neither yielded nor lost.
    next_row: u64,
}

#[derive(Clone, Copy)]
struct CurrentPart {
    index: usize,
    /// Row in the file behind its last row.
    end: u64,
}

impl<F: ColumnarFile> Iterator for PartReads<F> {
    type Item = Result<SourceItem, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(part) = self.current else {
                let index = self.left.next()?;
                self.decoder.start(index);
                self.current = Some(CurrentPart { index, end: self.next_row + self.file.parts()[index].rows });
                continue;
            };
            let reason = match self.decoder.next_batch() {
                Ok(Some(batch)) if self.next_row + batch.num_rows() as u64 <= part.end => {
                    let rows = self.next_row..self.next_row + batch.num_rows() as u64;
                    self.next_row = rows.end;
                    return Some(Ok(SourceItem::Rows { rows: rows.collect(), batch }));
                }
                Ok(None) if self.next_row == part.end => {
                    self.current = None;
                    continue;
                }
                Ok(Some(_)) => "it has more rows than it declares".to_string(),
                Ok(None) => "it has fewer rows than it declares".to_string(),
                Err(DecodeError::Damaged(reason)) => reason,
                Err(DecodeError::UnknownType) => "it has a type that Arrow does not have".to_string(),
                Err(DecodeError::Store(source)) => {
                    (self.current, self.left) = (None, 0..0);
                    return Some(Err(SourceError::Io { path: self.file.path().to_string(), source }));
                }
            };
            self.current = None;
            let rows = self.next_row..part.end;
            self.next_row = part.end;
            return Some(Ok(SourceItem::Lost { rows, part: part.index, reason }));
        }
    }
}
