//! Text with delimiters. All columns are texts; an empty field is null, quoted or not, as Spark and Polars read it.

use std::{io, ops::Range, sync::Arc};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{
    BadRow, Bounds, Part, Read, Reads, Source, SourceError, clamp,
    text::{MOST, Text, TextFile},
};

/// A CSV file whose rows were counted.
pub struct Csv {
    file: TextFile,
    delimiter: u8,
    schema: SchemaRef,
    parts: [Part; 1],
}

impl Csv {
    pub fn open(file: TextFile, delimiter: u8) -> Result<Self, SourceError> {
        let mut records = Records::new(&file, delimiter)?;
        let no_header = || SourceError::NoHeader { path: file.path.clone() };
        if !records.advance()? {
            return Err(no_header());
        }
        let mut fields: Vec<Field> = Vec::new();
        for name in &records.record {
            let name = std::str::from_utf8(name).map_err(|_| no_header())?;
            if fields.iter().any(|field| field.name() == name) {
                return Err(SourceError::DuplicateColumn { path: file.path.clone(), column: name.to_string() });
            }
            fields.push(Field::new(name, DataType::Utf8, true));
        }
        let mut part = Part { rows: 0, bytes: 0 };
        while records.advance()? {
            part.rows += 1;
            part.bytes += records.record.as_slice().len() as u64;
        }
        Ok(Self { file, delimiter, schema: Arc::new(Schema::new(fields)), parts: [part] })
    }
}

impl Source for Csv {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn read(&self, parts: Range<usize>, columns: &[usize], bounds: Bounds) -> Result<Reads, SourceError> {
        let wrong = |_| SourceError::NoSuchPart { path: self.file.path.clone() };
        let schema = Arc::new(self.schema.project(columns).map_err(wrong)?);
        if parts.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let mut records = Records::new(&self.file, self.delimiter)?;
        records.advance()?;
        let width = self.schema.fields().len();
        let batch = Batch::new(schema, columns);
        let end = self.parts[0].rows;
        Ok(Box::new(Rows { records: Some(records), width, batch, bounds: clamp(bounds), row: 0, end }))
    }
}

/// The records of a file, in bytes.
struct Records {
    reader: Reader<Limited>,
    record: ByteRecord,
    path: String,
}

impl Records {
    fn new(file: &TextFile, delimiter: u8) -> Result<Self, SourceError> {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 << 10)
            .from_reader(Limited::new(file.text()?));
        Ok(Self { reader, record: ByteRecord::new(), path: file.path.clone() })
    }

    /// Reads the next record; `false` at the end.
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.reader.get_mut().left = MOST;
        let read = self.reader.read_byte_record(&mut self.record);
        let end = self.reader.position().byte();
        let limited = self.reader.get_mut();
        let line = limited.newlines + 1;
        read.inspect(|_| limited.pass(end)).map_err(|error| match error.into_kind() {
            _ if limited.left == 0 => limited.text.long_row(line),
            csv::ErrorKind::Io(error) => limited.text.error(&error),
            _ => {
                let reason = format!("in the row that begins in line {line}");
                SourceError::Damaged { path: self.path.clone(), format: "CSV", reason }
            }
        })
    }

    /// Where the record begins. The reader's own count leaves out lines inside of fields.
    fn line(&self) -> u64 {
        let Limited { newlines, last, .. } = self.reader.get_ref();
        let inside = count(self.record.as_slice());
        (newlines + 1).saturating_sub(inside + u64::from(*last == b'\n'))
    }
}

fn count(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Gives so many bytes and no more, so that a quote that is never closed does not fill the memory; and counts lines.
struct Limited {
    text: Text,
    left: usize,
    /// What was given last, and where it begins.
    given: (u64, Vec<u8>),
    /// Where the last record ends, the ends of lines before that, and the last byte before that.
    passed: u64,
    newlines: u64,
    last: u8,
}

impl Limited {
    fn new(text: Text) -> Self {
        Self { text, left: MOST, given: (0, Vec::new()), passed: 0, newlines: 0, last: 0 }
    }

    /// Counts on to a byte of what was given last.
    fn pass(&mut self, end: u64) {
        let (start, given) = &self.given;
        let [from, to] = [self.passed, end].map(|at| given.len().min(at.saturating_sub(*start) as usize));
        let passed = given.get(from..to).unwrap_or_default();
        self.newlines += count(passed);
        self.last = passed.last().copied().unwrap_or(self.last);
        self.passed = end;
    }
}

impl io::Read for Limited {
    /// It is asked for more when all that was given is used.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let read = self.text.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        if read > 0 {
            let start = self.given.0 + self.given.1.len() as u64;
            self.pass(start);
            self.given = (start, buffer[..read].to_vec());
        }
        Ok(read)
    }
}

/// Goes through records.
struct Rows {
    /// `None` after the end.
    records: Option<Records>,
    /// Fields of the header.
    width: usize,
    batch: Batch,
    bounds: Bounds,
    /// Of the file, the next.
    row: u64,
    /// Rows that were counted when the file was opened.
    end: u64,
}

impl Iterator for Rows {
    type Item = Result<Read, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(records) = &mut self.records {
            let more = match records.advance() {
                Ok(more) => more,
                Err(error) => return self.stop(error),
            };
            if more == (self.row == self.end) {
                let (path, reason) = (records.path.clone(), "it changed while it was read".to_string());
                return self.stop(SourceError::Damaged { path, format: "CSV", reason });
            }
            if !more {
                self.records = None;
                break;
            }
            let row = self.row;
            self.row += 1;
            if let Err(reason) = self.batch.push(row, &records.record, self.width) {
                return Some(Ok(Read::Bad { row, line: records.line(), reason }));
            }
            if self.batch.rows.len() >= self.bounds.batch_rows || self.batch.bytes >= self.bounds.batch_bytes {
                break;
            }
        }
        (!self.batch.rows.is_empty()).then(|| Ok(self.batch.take()))
    }
}

impl Rows {
    fn stop(&mut self, error: SourceError) -> Option<Result<Read, SourceError>> {
        self.records = None;
        self.batch.rows.clear();
        Some(Err(error))
    }
}

/// The batch in hand.
struct Batch {
    schema: SchemaRef,
    /// Of the file's columns, for each column of the batch.
    columns: Vec<usize>,
    builders: Vec<StringBuilder>,
    rows: Vec<u64>,
    bytes: usize,
}

impl Batch {
    fn new(schema: SchemaRef, columns: &[usize]) -> Self {
        let builders = columns.iter().map(|_| StringBuilder::new()).collect();
        Self { schema, columns: columns.to_vec(), builders, rows: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, row: u64, record: &ByteRecord, width: usize) -> Result<(), BadRow> {
        if record.len() != width {
            return Err(BadRow::Fields { found: record.len(), expected: width });
        }
        let fields = self.columns.iter().map(|&column| std::str::from_utf8(&record[column]));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(|_| BadRow::NotUtf8)?;
        for (builder, field) in self.builders.iter_mut().zip(fields) {
            builder.append_option(Some(field).filter(|field| !field.is_empty()));
            self.bytes += field.len();
        }
        self.rows.push(row);
        Ok(())
    }

    fn take(&mut self) -> Read {
        let columns = self.builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        // one text a row and column: the lengths are equal
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .unwrap_or_else(|_| RecordBatch::new_empty(Arc::clone(&self.schema)));
        Read::Rows { rows, batch }
    }
}
