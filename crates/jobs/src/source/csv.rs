//! CSV and TSV. All columns are strings. An empty field is null, quoted or not, as Spark and Polars read it.

use std::{io, sync::Arc};

use arrow_array::{ArrayRef, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use csv::{ByteRecord, Reader, ReaderBuilder};

use super::{
    BadRow, Part, SourceError,
    text_file::{MAX_ROW_BYTES, Text, TextFile},
    text_source::{RowParser, TextFormat, TextSource},
};

/// Fields separated by one byte.
pub struct Csv {
    delimiter: u8,
}

/// Reads the header of a CSV file and counts its rows.
pub fn open(file: TextFile, delimiter: u8) -> Result<TextSource<Csv>, SourceError> {
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
    Ok(TextSource { file, schema: Arc::new(Schema::new(fields)), part: [part], format: Csv { delimiter } })
}

impl TextFormat for Csv {
    type Parser = Parser;

    fn parser(&self, file: &TextFile, schema: &SchemaRef, columns: &[usize]) -> Result<Parser, SourceError> {
        let mut records = Records::new(file, self.delimiter)?;
        // the header
        records.advance()?;
        let column = |&index: &usize| Column { index, values: StringBuilder::new() };
        Ok(Parser { records, width: schema.fields().len(), columns: columns.iter().map(column).collect() })
    }
}

/// The records of a file, as bytes.
struct Records {
    reader: Reader<LimitedText>,
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
            .from_reader(LimitedText::new(file.text()?));
        Ok(Self { reader, record: ByteRecord::new(), path: file.path.clone() })
    }

    /// Reads the next record; `false` at the end.
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.reader.get_mut().left = MAX_ROW_BYTES;
        let read = self.reader.read_byte_record(&mut self.record);
        let end = self.reader.position().byte();
        let limited = self.reader.get_mut();
        let line = limited.newlines + 1;
        read.inspect(|_| limited.count_to(end)).map_err(|error| match error.into_kind() {
            _ if limited.left == 0 => limited.text.long_row(line),
            csv::ErrorKind::Io(error) => limited.text.error(&error),
            _ => {
                let reason = format!("the row that begins in line {line} cannot be parsed");
                SourceError::Damaged { path: self.path.clone(), format: "CSV", reason }
            }
        })
    }

    /// The line where the record begins. The reader's own count leaves out newlines inside of fields.
    fn line(&self) -> u64 {
        let LimitedText { newlines, last, .. } = self.reader.get_ref();
        let inside = newlines_in(self.record.as_slice());
        (newlines + 1).saturating_sub(inside + u64::from(*last == b'\n'))
    }
}

fn newlines_in(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|&&byte| byte == b'\n').count() as u64
}

/// Limits the bytes of a row, so that a quote that is never closed does not fill the memory. Counts lines besides.
///
/// The reader buffers, so it has read beyond the record that it yields. Newlines are counted up to the record alone:
///
/// ```text
/// given to the reader   |1,a\n2,"b\nb"\n3,c\n4,...|
/// counted               ^ counted_to    ^ end of the record, the next counted_to
/// ```
struct LimitedText {
    text: Text,
    /// Bytes that the current row may still have.
    left: usize,
    /// What the reader got last, and at which byte of the text that begins.
    given: (u64, Vec<u8>),
    counted_to: u64,
    /// Newlines before `counted_to`.
    newlines: u64,
    /// The byte before `counted_to`.
    last: u8,
}

impl LimitedText {
    fn new(text: Text) -> Self {
        Self { text, left: MAX_ROW_BYTES, given: (0, Vec::new()), counted_to: 0, newlines: 0, last: 0 }
    }

    /// Counts the newlines up to byte `end`, which is in what was given last.
    fn count_to(&mut self, end: u64) {
        let (start, given) = &self.given;
        let [from, to] = [self.counted_to, end].map(|at| given.len().min(at.saturating_sub(*start) as usize));
        let counted = given.get(from..to).unwrap_or_default();
        self.newlines += newlines_in(counted);
        self.last = counted.last().copied().unwrap_or(self.last);
        self.counted_to = end;
    }
}

impl io::Read for LimitedText {
    /// The reader asks for more only after it has used all that it got.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let read = self.text.read(buffer)?;
        self.left = self.left.saturating_sub(read);
        if read > 0 {
            let start = self.given.0 + self.given.1.len() as u64;
            self.count_to(start);
            self.given = (start, buffer[..read].to_vec());
        }
        Ok(read)
    }
}

/// Parses records.
pub struct Parser {
    records: Records,
    /// Number of fields of the header.
    width: usize,
    columns: Vec<Column>,
}

struct Column {
    /// Among the fields of a record.
    index: usize,
    values: StringBuilder,
}

impl RowParser for Parser {
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
        let fields = self.columns.iter().map(|column| std::str::from_utf8(&record[column.index]));
        // all of them first: a bad row must add to no column
        let fields = fields.collect::<Result<Vec<_>, _>>().map_err(|_| BadRow::NotUtf8)?;
        for (column, field) in self.columns.iter_mut().zip(&fields) {
            column.values.append_option(Some(field).filter(|field| !field.is_empty()));
        }
        Ok(fields.iter().map(|field| field.len()).sum())
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        self.columns.iter_mut().map(|column| Arc::new(column.values.finish()) as ArrayRef).collect()
    }
}
