//! [`Rows`]: batches of the rows of a text file, which are read one after the other.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::SchemaRef;

use super::{BadRow, Read, ReadLimits, SourceError, clamp};

/// A text format: finds rows, and puts them together.
pub trait Parser {
    /// Its name.
    const FORMAT: &'static str;

    /// The file.
    fn path(&self) -> &str;

    /// Goes to the next row; `false` at the end.
    fn advance(&mut self) -> Result<bool, SourceError>;

    /// Where the row begins, from 1.
    fn line(&self) -> u64;

    /// Adds the row to the batch in hand, and gives its bytes.
    fn push(&mut self) -> Result<usize, BadRow>;

    /// The columns of batches.
    fn schema(&self) -> &SchemaRef;

    /// The columns of the batch in hand: of the schema's types, with a value for each row that was added.
    fn take(&mut self) -> Vec<ArrayRef>;
}

/// Goes through the rows of a file.
pub struct Rows<P> {
    /// `None` after the end.
    parser: Option<P>,
    /// Of the batch in hand.
    rows: Vec<u64>,
    bytes: usize,
    bounds: ReadLimits,
    /// Of the file, the next.
    row: u64,
    /// Rows that were counted when the file was opened.
    end: u64,
}

impl<P: Parser> Rows<P> {
    pub fn new(parser: P, bounds: ReadLimits, end: u64) -> Self {
        Self { parser: Some(parser), rows: Vec::new(), bytes: 0, bounds: clamp(bounds), row: 0, end }
    }

    fn stop(&mut self, error: SourceError) -> Option<Result<Read, SourceError>> {
        self.parser = None;
        Some(Err(error))
    }
}

impl<P: Parser> Iterator for Rows<P> {
    type Item = Result<Read, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        let parser = self.parser.as_mut()?;
        loop {
            let more = match parser.advance() {
                Ok(more) => more,
                Err(error) => return self.stop(error),
            };
            if more == (self.row == self.end) {
                let (path, reason) = (parser.path().to_string(), "it changed while it was read".to_string());
                return self.stop(SourceError::Damaged { path, format: P::FORMAT, reason });
            }
            if more {
                let row = self.row;
                self.row += 1;
                match parser.push() {
                    Err(reason) => return Some(Ok(Read::Bad { row, line: parser.line(), reason })),
                    Ok(bytes) => {
                        self.rows.push(row);
                        self.bytes += bytes;
                    }
                }
            }
            if !more || self.rows.len() >= self.bounds.batch_rows || self.bytes >= self.bounds.batch_bytes {
                self.bytes = 0;
                let rows = std::mem::take(&mut self.rows);
                let read = (!rows.is_empty()).then(|| Ok(Read::Rows { batch: batch(parser, rows.len()), rows }));
                self.parser = self.parser.take().filter(|_| more);
                return read;
            }
        }
    }
}

/// The batch in hand, which has so many rows and perhaps no column.
fn batch(parser: &mut impl Parser, rows: usize) -> RecordBatch {
    let columns = parser.take();
    let schema = Arc::clone(parser.schema());
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(&schema), columns, &options)
        .unwrap_or_else(|_| RecordBatch::new_empty(schema))
}
