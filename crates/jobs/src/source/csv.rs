//! CSV and TSV. All columns are strings. An empty field is null, quoted or not, as Spark and DuckDB read it. An empty
//! line is no row, unless the file has a single column: there it is null.

use std::sync::Arc;

use arrow_array::{ArrayRef, builder::StringBuilder};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use spanframe_engine::shown_name::quoted_name;

use super::{
    BadRow, CsvOptions, Part, SourceError,
    csv_records::{Dialect, Record, Records},
    text_file::TextFile,
    text_source::{RowParser, TextFormat, TextSource},
};

/// Most bytes of an id of a row that cannot be parsed.
const MAX_ID_BYTES: usize = 64;

/// Fields separated by one byte.
pub struct Csv {
    dialect: Dialect,
    has_header: bool,
    /// True if the first field of every good row is an integer.
    has_integers: bool,
}

/// Reads the header of a CSV file and counts its rows. `separator` is that of the file's ending.
///
/// # Errors
/// [`SourceError::NoHeader`], [`SourceError::FirstRow`], [`SourceError::DuplicateColumn`], and any error of reading.
pub fn open(file: TextFile, separator: u8, options: CsvOptions) -> Result<TextSource<Csv>, SourceError> {
    let CsvOptions { separator: typed, quote, escape, header } = options;
    let escape = escape.or(quote).unwrap_or(b'"');
    let dialect = Dialect { separator: typed.unwrap_or(separator), quote, escape };
    let mut format = Csv { dialect, has_header: header, has_integers: true };
    let mut rows = Rows::new(&file, &format)?;
    rows.first()?;
    let first = rows.record();
    if let Some(reason) = first.fault.clone() {
        return Err(SourceError::FirstRow { path: file.path, line: first.line, reason });
    }
    let schema = Arc::new(if header { named(&file, first)? } else { numbered(first) });
    let width = schema.fields().len();
    if !header {
        rows = Rows::new(&file, &format)?;
    }
    rows.width = width;
    let mut part = Part { rows: 0, bytes: 0 };
    while rows.advance()? {
        let record = rows.record();
        part.rows += 1;
        part.bytes += record.byte_len() as u64;
        let is_good = record.fault.is_none() && record.len() == width;
        format.has_integers &= !is_good || record.get(0).is_some_and(is_integer);
    }
    Ok(TextSource { file, schema, part: [part], format })
}

/// The columns that the header names.
fn named(file: &TextFile, header: &Record) -> Result<Schema, SourceError> {
    let path = || file.path.clone();
    if header.len() == 0 {
        return Err(SourceError::NoHeader { path: path() });
    }
    let mut fields: Vec<Field> = Vec::new();
    for name in header.fields() {
        let name = std::str::from_utf8(name).map_err(|_| SourceError::NoHeader { path: path() })?;
        if fields.iter().any(|field| field.name() == name) {
            return Err(SourceError::DuplicateColumn { path: path(), column: quoted_name(name) });
        }
        fields.push(Field::new(name, DataType::Utf8, true));
    }
    Ok(Schema::new(fields))
}

/// Columns named as Polars names those of a file without a header: `column_0` and so on.
fn numbered(first: &Record) -> Schema {
    Schema::new((0..first.len()).map(|i| Field::new(format!("column_{i}"), DataType::Utf8, true)).collect::<Vec<_>>())
}

impl TextFormat for Csv {
    type Parser = Parser;

    fn parser(&self, file: &TextFile, schema: &SchemaRef, columns: &[usize]) -> Result<Parser, SourceError> {
        let mut rows = Rows::new(file, self)?;
        if self.has_header {
            rows.first()?;
        }
        rows.width = schema.fields().len();
        let column = |&index: &usize| Column { index, values: StringBuilder::new() };
        Ok(Parser { rows, columns: columns.iter().map(column).collect(), has_integers: self.has_integers })
    }
}

/// The rows of a file.
struct Rows {
    records: Records,
    /// Number of columns; 0 until it is known.
    width: usize,
}

impl Rows {
    fn new(file: &TextFile, format: &Csv) -> Result<Self, SourceError> {
        Ok(Self { records: Records::new(file.text()?, format.dialect), width: 0 })
    }

    /// Goes to the first line that is not blank. Without any, the record has no fields.
    fn first(&mut self) -> Result<(), SourceError> {
        while self.records.advance()? && self.record().is_blank() {}
        Ok(())
    }

    /// Goes to the next row; `false` at the end.
    fn advance(&mut self) -> Result<bool, SourceError> {
        loop {
            let more = self.records.advance()?;
            if !more || self.width == 1 || !self.record().is_blank() {
                return Ok(more);
            }
        }
    }

    fn record(&self) -> &Record {
        self.records.record()
    }
}

/// Parses rows.
pub struct Parser {
    rows: Rows,
    columns: Vec<Column>,
    /// True if the first field of every good row is an integer.
    has_integers: bool,
}

struct Column {
    /// Among the fields of a record.
    index: usize,
    values: StringBuilder,
}

impl RowParser for Parser {
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.rows.advance()
    }

    fn line(&self) -> u64 {
        self.rows.record().line
    }

    fn push(&mut self) -> Result<usize, BadRow> {
        let record = self.rows.records.record();
        if let Some(fault) = &record.fault {
            return Err(fault.clone());
        }
        if record.len() != self.rows.width {
            return Err(BadRow::Fields { found: record.len(), expected: self.rows.width, lines: record.lines() });
        }
        let fields = self.columns.iter().map(|column| text(record, column.index));
        // all of them first: a bad row must add to no column
        let fields = fields.collect::<Option<Vec<_>>>().ok_or(BadRow::NotUtf8)?;
        for (column, field) in self.columns.iter_mut().zip(&fields) {
            column.values.append_option(Some(field).filter(|field| !field.is_empty()));
        }
        Ok(fields.iter().map(|field| field.len()).sum())
    }

    /// Where fields may have moved, only the first one can be an id, and only one that looks like an id: the row may be
    /// the rest of a note.
    fn known(&self, reason: &BadRow) -> Vec<Option<String>> {
        let record = self.rows.record();
        let value = |column: &Column| {
            let field = text(record, column.index).filter(|field| !field.is_empty())?;
            let is_sure = match reason {
                BadRow::NotUtf8 => true,
                _ => column.index == 0 && self.looks_like_id(field),
            };
            is_sure.then(|| field.to_string())
        };
        self.columns.iter().map(value).collect()
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        self.columns.iter_mut().map(|column| Arc::new(column.values.finish()) as ArrayRef).collect()
    }
}

impl Parser {
    fn looks_like_id(&self, field: &str) -> bool {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        let has_digit = field.bytes().any(|byte| byte.is_ascii_digit());
        let fits = has_digit && field.len() <= MAX_ID_BYTES && field.bytes().all(is_part);
        fits && (!self.has_integers || is_integer(field.as_bytes()))
    }
}

fn text(record: &Record, index: usize) -> Option<&str> {
    std::str::from_utf8(record.get(index)?).ok()
}

fn is_integer(field: &[u8]) -> bool {
    !field.is_empty() && field.iter().all(u8::is_ascii_digit)
}
