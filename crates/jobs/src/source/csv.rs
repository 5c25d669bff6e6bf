//! Text with delimiters. All columns are texts; an empty field is null, quoted or not, as Spark and Polars read it.

use std::{io, ops::Range, sync::Arc};

use arrow_array::{ArrayRef, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{
    BadRow, Part, ReadLimits, Reads, Source, SourceError,
    rows::{self, Rows},
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

    fn read(
        &self, parts: Range<usize>, columns: &[usize], _: Option<usize>, bounds: ReadLimits,
    ) -> Result<Reads, SourceError> {
        let wrong = |_| SourceError::NoSuchPart { path: self.file.path.clone() };
        let schema = Arc::new(self.schema.project(columns).map_err(wrong)?);
        if parts.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let mut records = Records::new(&self.file, self.delimiter)?;
        records.advance()?;
        let width = self.schema.fields().len();
        let builders = columns.iter().map(|_| StringBuilder::new()).collect();
        let parser = Parser { records, width, schema, columns: columns.to_vec(), builders };
        Ok(Box::new(Rows::new(parser, bounds, self.parts[0].rows)))
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

/// Puts rows together.
struct Parser {
    records: Records,
    /// Fields of the header.
    width: usize,
    schema: SchemaRef,
    /// Of the file's columns, for each column of the batch.
    columns: Vec<usize>,
    builders: Vec<StringBuilder>,
}

impl rows::Parser for Parser {
    const FORMAT: &'static str = "CSV";

    fn path(&self) -> &str {
        &self.records.path
    }

    fn advance(&mut self) -> Result<bool, SourceError> {
        self.records.advance()
    }

    fn line(&self) -> u64 {
        self.records.line()
    }

    fn push(&mut self) -> Result<usize, BadRow> {
        let record = &self.records.record;
        if record.len() != self.width {
            return Err(BadRow::Fields { found: record.len(), expected: self.width });
        }
        let fields = self.columns.iter().map(|&column| std::str::from_utf8(&record[column]));
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(|_| BadRow::NotUtf8)?;
        for (builder, field) in self.builders.iter_mut().zip(&fields) {
            builder.append_option(Some(field).filter(|field| !field.is_empty()));
        }
        Ok(fields.iter().map(|field| field.len()).sum())
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        self.builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect()
    }
}
