//! NDJSON: one JSON object per line. Blank lines are no rows. Each column has the type that fits all lines; see
//! [`JsonType`].

use std::{collections::HashMap, sync::Arc};

use arrow_array::ArrayRef;
use arrow_schema::{Field, Schema, SchemaRef};
use serde_json::Value;

use super::{
    BadRow, Part, SourceError,
    json_object::object,
    json_type::{JsonType, array},
    text_file::{Text, TextFile},
    text_source::{RowParser, TextFormat, TextSource},
};

/// The types of all columns, in the order of the schema.
pub struct Ndjson(Vec<JsonType>);

/// Counts the rows of an NDJSON file and infers the types of its columns.
pub fn open(file: TextFile) -> Result<TextSource<Ndjson>, SourceError> {
    let mut lines = Lines::new(&file)?;
    let mut part = Part { rows: 0, bytes: 0 };
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<(String, JsonType)> = Vec::new();
    while lines.advance()? {
        part.rows += 1;
        part.bytes += lines.line.len() as u64;
        // a bad line has no fields here, and is an error of its row when it is read
        for (name, value) in object(&lines.line).unwrap_or_default() {
            let place = *places.entry(name.clone()).or_insert(columns.len());
            if place == columns.len() {
                columns.push((name, JsonType::Null));
            }
            columns[place].1.widen(&value);
        }
    }
    let fields: Vec<Field> = columns.iter().map(|(name, of)| Field::new(name, of.data_type(), true)).collect();
    let format = Ndjson(columns.into_iter().map(|(_, of)| of).collect());
    Ok(TextSource { file, schema: Arc::new(Schema::new(fields)), part: [part], format })
}

impl TextFormat for Ndjson {
    type Parser = Parser;

    fn parser(&self, file: &TextFile, schema: &SchemaRef, columns: &[usize]) -> Result<Parser, SourceError> {
        let column = |&column: &usize| Column {
            name: schema.field(column).name().clone(),
            json_type: self.0[column].clone(),
            values: Vec::new(),
        };
        Ok(Parser { lines: Lines::new(file)?, columns: columns.iter().map(column).collect() })
    }
}

/// The lines of a file that are not blank.
struct Lines {
    text: Text,
    line: Vec<u8>,
    /// Number of `line`, from 1.
    number: u64,
}

impl Lines {
    fn new(file: &TextFile) -> Result<Self, SourceError> {
        Ok(Self { text: file.text()?, line: Vec::new(), number: 0 })
    }

    fn advance(&mut self) -> Result<bool, SourceError> {
        loop {
            self.number += 1;
            if !self.text.read_line(&mut self.line, self.number)? {
                return Ok(false);
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                return Ok(true);
            }
        }
    }
}

/// Parses lines.
pub struct Parser {
    lines: Lines,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    json_type: JsonType,
    values: Vec<Value>,
}

impl RowParser for Parser {
    fn advance(&mut self) -> Result<bool, SourceError> {
        self.lines.advance()
    }

    fn line(&self) -> u64 {
        self.lines.number
    }

    fn push(&mut self) -> Result<usize, BadRow> {
        let fields = object(&self.lines.line)?;
        for column in &mut self.columns {
            let value = fields.iter().find(|(name, _)| *name == column.name);
            column.values.push(value.map_or(Value::Null, |(_, value)| value.clone()));
        }
        Ok(self.lines.line.len())
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let columns = self.columns.iter_mut().map(|column| {
            let values = std::mem::take(&mut column.values);
            array(&column.json_type, &values.iter().map(Some).collect::<Vec<_>>())
        });
        columns.collect()
    }
}
