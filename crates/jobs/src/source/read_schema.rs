//! [`ReadSchema`]: the Arrow types to which the columns of a Parquet file are decoded, so that no value changes.
//!
//! | in the file | decoded to |
//! |---|---|
//! | INT96 | `Timestamp(µs)`; `Timestamp(ns)` if a value is finer |
//! | dictionary of strings or bytes | the same, with 32-bit keys: a row group may have more values than 8 bits count |
//! | dictionary of anything else | its values |
//! | UUID, JSON | its bytes or text, with the name of Arrow's extension type |
//! | TIME in UTC | the same, marked for the writer |
//! | INTERVAL | its months or its days, if the writer says that it has no others |

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, IntervalUnit, Schema, SchemaRef, TimeUnit};
use parquet::{
    arrow::{ARROW_SCHEMA_META_KEY, arrow_reader::ArrowReaderMetadata},
    basic::{LogicalType, Type as PhysicalType},
    schema::types::{ColumnDescriptor, SchemaDescriptor},
};

use super::columnar::DecodeError;
use crate::{
    logical_type::{EXTENSION, JSON, UTC, UUID},
    parquet_type::parquet_dictionary,
};

/// How the columns of a file are read.
pub struct ReadSchema {
    pub schema: SchemaRef,
    /// For each top-level column why it cannot be read without loss, if so.
    pub unreadable: Vec<Option<&'static str>>,
}

impl ReadSchema {
    /// Plans the types of a file. `int96_unit` tells the unit of an INT96 column by its index among the leaves.
    ///
    /// # Errors
    /// Those of `int96_unit`.
    pub fn new(
        metadata: &ArrowReaderMetadata, int96_unit: impl Fn(usize) -> Result<Option<TimeUnit>, DecodeError>,
    ) -> Result<Self, DecodeError> {
        let file = metadata.metadata().file_metadata();
        let pairs = file.key_value_metadata().map_or(&[][..], Vec::as_slice);
        let is_arrow = pairs.iter().any(|pair| pair.key == ARROW_SCHEMA_META_KEY);
        let mut leaves = Leaves { columns: file.schema_descr(), next: 0, is_arrow, int96_unit, unreadable: None };
        let (mut fields, mut unreadable) = (Vec::new(), Vec::new());
        for field in metadata.schema().fields() {
            fields.push(leaves.field(field)?);
            unreadable.push(leaves.unreadable.take());
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata.schema().metadata().clone()));
        Ok(Self { schema, unreadable })
    }
}

/// The leaves of a file's schema, which Arrow and Parquet have in the same order.
struct Leaves<'a, F> {
    columns: &'a SchemaDescriptor,
    /// The leaf that comes next.
    next: usize,
    /// True if the writer added its Arrow types.
    is_arrow: bool,
    int96_unit: F,
    /// Why a leaf cannot be read.
    unreadable: Option<&'static str>,
}

impl<F: Fn(usize) -> Result<Option<TimeUnit>, DecodeError>> Leaves<'_, F> {
    fn field(&mut self, field: &FieldRef) -> Result<FieldRef, DecodeError> {
        let mut mark = None;
        let data_type = match field.data_type() {
            DataType::Struct(fields) => {
                DataType::Struct(fields.iter().map(|field| self.field(field)).collect::<Result<Fields, _>>()?)
            }
            DataType::List(item) => DataType::List(self.field(item)?),
            DataType::LargeList(item) => DataType::LargeList(self.field(item)?),
            DataType::ListView(item) => DataType::ListView(self.field(item)?),
            DataType::LargeListView(item) => DataType::LargeListView(self.field(item)?),
            DataType::FixedSizeList(item, length) => DataType::FixedSizeList(self.field(item)?, *length),
            DataType::Map(entries, sorted) => DataType::Map(self.field(entries)?, *sorted),
            leaf => {
                let column = self.columns.column(self.next);
                let data_type = self.leaf(leaf, &column)?;
                mark = marked(&data_type, &column);
                self.next += 1;
                data_type
            }
        };
        let mut changed = Field::clone(field).with_data_type(data_type);
        if let Some((key, value)) = mark.filter(|(key, _)| !field.metadata().contains_key(key)) {
            changed.metadata_mut().insert(key, value);
        }
        Ok(Arc::new(changed))
    }

    fn leaf(&mut self, found: &DataType, column: &ColumnDescriptor) -> Result<DataType, DecodeError> {
        Ok(match found {
            DataType::Timestamp(TimeUnit::Nanosecond, zone) if column.physical_type() == PhysicalType::INT96 => {
                match (self.int96_unit)(self.next)? {
                    Some(unit) => DataType::Timestamp(unit, zone.clone()),
                    None => {
                        self.unreadable = Some("it has INT96 times that 64 bits do not hold");
                        found.clone()
                    }
                }
            }
            DataType::Dictionary(key, values) => match parquet_dictionary(key, values) {
                Some(dictionary) => dictionary,
                None => self.leaf(values, column)?,
            },
            DataType::Interval(unit) => {
                if !self.is_arrow || *unit == IntervalUnit::MonthDayNano {
                    self.unreadable = Some("it has intervals of months, days and milliseconds together");
                }
                found.clone()
            }
            other => other.clone(),
        })
    }
}

/// Metadata of a field that says what its type does not.
fn marked(found: &DataType, column: &ColumnDescriptor) -> Option<(&'static str, &'static str)> {
    match (column.logical_type_ref()?, found) {
        (LogicalType::Uuid, DataType::FixedSizeBinary(16)) => Some((EXTENSION, UUID)),
        (LogicalType::Json, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) => Some((EXTENSION, JSON)),
        (LogicalType::Time(time), _) if time.is_adjusted_to_u_t_c => Some((UTC, "")),
        _ => None,
    }
}
