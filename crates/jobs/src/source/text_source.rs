//! [`TextSource`]: a file with one row per line or record (CSV, NDJSON), read from its beginning to its end.

use std::{ops::Range, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use super::{BadRow, Part, ReadLimits, Reads, Source, SourceError, SourceItem, text_file::TextFile};

/// Most bytes of text in a batch: the offsets of its strings have 32 bits.
const MAX_BATCH_BYTES: usize = 1 << 30;

/// A text format.
pub trait TextFormat: Send + Sync {
    /// Parses the rows of one read.
    type Parser: RowParser + 'static;

    /// A parser at the first row of `file`, for the columns of these indices of `schema`.
    fn parser(&self, file: &TextFile, schema: &SchemaRef, columns: &[usize]) -> Result<Self::Parser, SourceError>;
}

/// Finds rows and builds columns of them.
pub trait RowParser: Send {
    /// Goes to the next row; `false` at the end of the file.
    fn advance(&mut self) -> Result<bool, SourceError>;

    /// The line where the row begins, from 1.
    fn line(&self) -> u64;

    /// Adds the row to the columns, and returns its bytes.
    fn push(&mut self) -> Result<usize, BadRow>;

    /// The value of each column of a row that `push` refused, where it is sure. By default, none is.
    fn known(&self, reason: &BadRow) -> Vec<Option<String>> {
        let _ = reason;
        Vec::new()
    }

    /// Takes the columns out: of the planned types, with a value for each row that was added.
    fn take(&mut self) -> Vec<ArrayRef>;
}

/// An open text file. Its columns are known and its rows were counted.
pub struct TextSource<F> {
    pub file: TextFile,
    pub schema: SchemaRef,
    /// The whole file.
    pub part: [Part; 1],
    pub format: F,
}

impl<F: TextFormat> Source for TextSource<F> {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self) -> &[Part] {
        &self.part
    }

    fn read(
        &self, parts: Range<usize>, columns: &[usize], _: Option<usize>, limits: ReadLimits,
    ) -> Result<Reads, SourceError> {
        let wrong = |_| SourceError::NoSuchPart { path: self.file.path.clone() };
        let schema = Arc::new(self.schema.project(columns).map_err(wrong)?);
        if parts.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let parser = self.format.parser(&self.file, &self.schema, columns)?;
        let limits = ReadLimits {
            batch_rows: limits.batch_rows.max(1),
            batch_bytes: limits.batch_bytes.clamp(1, MAX_BATCH_BYTES),
        };
        Ok(Box::new(TextRows {
            parser: Some(parser),
            path: self.file.path.clone(),
            format: self.file.format,
            schema,
            limits,
            rows: Vec::new(),
            bytes: 0,
            next_row: 0,
            end: self.part[0].rows,
        }))
    }
}

/// Reads the rows of a file into batches.
struct TextRows<P> {
    /// `None` after the end.
    parser: Option<P>,
    path: String,
    format: &'static str,
    /// The requested columns.
    schema: SchemaRef,
    limits: ReadLimits,
    /// Rows of the current batch, and their bytes.
    rows: Vec<u64>,
    bytes: usize,
    /// Row in the file.
    next_row: u64,
    /// Rows that were counted when the file was opened.
    end: u64,
}

impl<P: RowParser> TextRows<P> {
    fn stop(&mut self, error: SourceError) -> Option<Result<SourceItem, SourceError>> {
        self.parser = None;
        Some(Err(error))
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.limits.batch_rows || self.bytes >= self.limits.batch_bytes
    }
}

impl<P: RowParser> Iterator for TextRows<P> {
    type Item = Result<SourceItem, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let parser = self.parser.as_mut()?;
            let more = match parser.advance() {
                Ok(more) => more,
                Err(error) => return self.stop(error),
            };
            if more == (self.next_row == self.end) {
                let (path, reason) = (self.path.clone(), "it changed while it was read".to_string());
                let format = self.format;
                return self.stop(SourceError::Damaged { path, format, reason });
            }
            if more {
                let row = self.next_row;
                self.next_row += 1;
                match parser.push() {
                    Err(reason) => {
                        let (line, known) = (parser.line(), parser.known(&reason));
                        return Some(Ok(SourceItem::Bad { row, line, reason, known }));
                    }
                    Ok(bytes) => {
                        self.rows.push(row);
                        self.bytes += bytes;
                    }
                }
            }
            if !more || self.is_full() {
                let mut parser = self.parser.take()?;
                self.bytes = 0;
                let rows = std::mem::take(&mut self.rows);
                let read = (!rows.is_empty()).then(|| {
                    let batch = batch(&self.schema, parser.take(), rows.len());
                    Ok(SourceItem::Rows { rows, batch })
                });
                self.parser = Some(parser).filter(|_| more);
                return read;
            }
        }
    }
}

/// A batch of `rows` rows, even if it has no columns.
fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .unwrap_or_else(|_| RecordBatch::new_empty(Arc::clone(schema)))
}
