//! A JSON object a line. Types are those that fit all lines; see [`Kind`].

use std::{collections::HashMap, ops::Range, sync::Arc};

use arrow_array::ArrayRef;
use arrow_schema::{Field, Schema, SchemaRef};
use serde_json::Value;

use super::{
    BadRow, Part, ReadLimits, Reads, Source, SourceError,
    json::{Kind, array, object},
    rows::{self, Rows},
    text::{Text, TextFile},
};

/// An NDJSON file whose types are known and whose rows were counted. Blank lines are no rows.
pub struct Ndjson {
    file: TextFile,
    schema: SchemaRef,
    kinds: Vec<Kind>,
    parts: [Part; 1],
}

impl Ndjson {
    pub fn open(file: TextFile) -> Result<Self, SourceError> {
        let mut lines = Lines::new(&file)?;
        let mut part = Part { rows: 0, bytes: 0 };
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut columns: Vec<(String, Kind)> = Vec::new();
        while lines.advance()? {
            part.rows += 1;
            part.bytes += lines.line.len() as u64;
            for (name, value) in object(&lines.line).unwrap_or_default() {
                let place = *places.entry(name.clone()).or_insert(columns.len());
                if place == columns.len() {
                    columns.push((name, Kind::Null));
                }
                columns[place].1.widen(&value);
            }
        }
        let fields: Vec<Field> = columns.iter().map(|(name, kind)| Field::new(name, kind.data_type(), true)).collect();
        let kinds = columns.into_iter().map(|(_, kind)| kind).collect();
        Ok(Self { file, schema: Arc::new(Schema::new(fields)), kinds, parts: [part] })
    }
}

impl Source for Ndjson {
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
        let kinds = columns.iter().map(|&column| self.kinds[column].clone()).collect();
        let parser = Parser { lines: Lines::new(&self.file)?, schema, kinds, values: vec![Vec::new(); columns.len()] };
        Ok(Box::new(Rows::new(parser, bounds, self.parts[0].rows)))
    }
}

/// The lines of a file that are not blank.
struct Lines {
    text: Text,
    path: String,
    line: Vec<u8>,
    /// Of `line`, from 1.
    number: u64,
}

impl Lines {
    fn new(file: &TextFile) -> Result<Self, SourceError> {
        Ok(Self { text: file.text()?, path: file.path.clone(), line: Vec::new(), number: 0 })
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

/// Puts rows together.
struct Parser {
    lines: Lines,
    schema: SchemaRef,
    kinds: Vec<Kind>,
    /// Of each column the values.
    values: Vec<Vec<Value>>,
}

impl rows::Parser for Parser {
    const FORMAT: &'static str = "NDJSON";

    fn path(&self) -> &str {
        &self.lines.path
    }

    fn advance(&mut self) -> Result<bool, SourceError> {
        self.lines.advance()
    }

    fn line(&self) -> u64 {
        self.lines.number
    }

    fn push(&mut self) -> Result<usize, BadRow> {
        let mut fields = object(&self.lines.line)?;
        for (field, values) in self.schema.fields().iter().zip(&mut self.values) {
            // of a name that is there twice the last counts
            let value = fields.iter_mut().rev().find(|(name, _)| name == field.name());
            values.push(value.map_or(Value::Null, |(_, value)| value.clone()));
        }
        Ok(self.lines.line.len())
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn take(&mut self) -> Vec<ArrayRef> {
        let columns = self.values.iter_mut().zip(&self.kinds).map(|(values, kind)| {
            let values = std::mem::take(values);
            array(kind, &values.iter().map(Some).collect::<Vec<_>>())
        });
        columns.collect()
    }
}
