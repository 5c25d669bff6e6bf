//! Spark NLP's annotations, as its NerConverter writes them.
//!
//! | field | value |
//! |---|---|
//! | `annotatorType` | `chunk` |
//! | `begin`, `end`, `result` | entity fields with this [place](AnnotationPlace) |
//! | `metadata` | `entity`, `sentence` (its number, or 0), `chunk` (number in its row), then the other entity fields, all as text; with attributes, `assertion`: their label of i2b2 |
//! | `embeddings` | empty |

use std::{fmt::Write, rc::Rc, sync::Arc};

use arrow_array::{
    ArrayRef, Int32Array, ListArray, MapArray, StringArray, StructArray,
    builder::{ArrayBuilder, StringBuilder},
    new_empty_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::{DataType, Fields};

use super::{
    list_item,
    metadata::Metadata,
    values::{Values, field_values},
};
use crate::{
    EngineError, Mention,
    assertion::i2b2_label,
    field::{AnnotationPlace, EntityField, EntityFields, FIELDS, Value, is_string},
    schema,
};

/// `annotatorType` of a mention.
const ANNOTATOR_TYPE: &str = "chunk";
/// The first key of the metadata; `sentence` and `chunk` follow it.
const FIRST_KEY: &str = "entity";
/// Most bytes that an entity field adds to a text column besides its text: keys and numbers.
const ENTRY_BYTES: usize = 64;

/// True if `fields` are those of an annotation. Its metadata may be a map, or the list of pairs that Polars makes of
/// it.
pub(super) fn is_annotation(fields: &Fields) -> bool {
    let has = |name: &str, fits: &dyn Fn(&DataType) -> bool| {
        fields.find(name).is_some_and(|(_, field)| fits(field.data_type()))
    };
    let pair = |data_type: &DataType| {
        let entry = match data_type {
            DataType::Map(entries, _) => Some(entries.data_type()),
            other => list_item(other),
        };
        matches!(entry, Some(DataType::Struct(pair)) if pair.len() == 2 && pair.iter().all(|f| is_string(f.data_type())))
    };
    has("metadata", &pair)
        && FIELDS.iter().all(|field| match field.annotation.struct_field() {
            Some(name) => has(name, &|data_type| field.accepts(data_type)),
            None => true,
        })
}

impl AnnotationPlace {
    /// The name of the struct field, or `None` for a key of the metadata.
    fn struct_field(self) -> Option<&'static str> {
        match self {
            Self::Begin => Some("begin"),
            Self::End => Some("end"),
            Self::Result => Some("result"),
            Self::Metadata(_) => None,
        }
    }
}

/// Collects mentions into the fields of annotations.
#[derive(Default)]
pub(super) struct Annotations {
    begins: Vec<i32>,
    ends: Vec<i32>,
    results: StringBuilder,
    keys: StringBuilder,
    values: StringBuilder,
    /// Number of metadata entries of each annotation.
    entries: Vec<usize>,
    /// At least the length of each text column.
    bytes: usize,
}

impl Annotations {
    /// Adds a mention: the one with this `number`, from 0, of its row.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if texts outgrow 32-bit offsets or a position outgrows 32 bits.
    pub(super) fn push(
        &mut self, fields: &EntityFields, mention: &Mention<'_>, number: usize,
    ) -> Result<(), EngineError> {
        let too_large = || EngineError::OutputTooLarge { rows: number };
        let position = |position: i64| i32::try_from(position).map_err(|_| too_large());
        let before = self.keys.len();
        for field in fields.iter() {
            let value = field.get(mention);
            let json =
                matches!(value, Some(Value::Concepts(_))).then(|| value.as_ref().map(ToString::to_string)).flatten();
            let value = json.as_deref().map(Value::Text).or(value);
            self.bytes += if let Some(Value::Text(text)) = value { text.len() } else { 0 } + ENTRY_BYTES;
            i32::try_from(self.bytes).map_err(|_| too_large())?;
            match (field.annotation, value) {
                (AnnotationPlace::Begin, Some(Value::Integer(begin))) => self.begins.push(position(begin)?),
                (AnnotationPlace::End, Some(Value::Integer(end))) => self.ends.push(position(end)?),
                (AnnotationPlace::Result, Some(Value::Text(text))) => self.results.append_value(text),
                (AnnotationPlace::Result, _) => self.results.append_null(),
                (AnnotationPlace::Metadata(key), Some(value)) => {
                    self.entry(key, value);
                    if key == FIRST_KEY {
                        self.entry("sentence", Value::Integer(mention.sentence.into()));
                        self.entry("chunk", Value::Integer(number as i64));
                    }
                }
                _ => {}
            }
        }
        if let Some(label) = i2b2_label(mention).filter(|_| fields.has_attributes()) {
            self.bytes += ENTRY_BYTES;
            self.entry("assertion", Value::Text(label));
        }
        self.entries.push(self.keys.len() - before);
        Ok(())
    }

    fn entry(&mut self, key: &str, value: Value<'_>) {
        self.keys.append_value(key);
        // a string builder never fails to be written to
        let _ = write!(self.values, "{value}");
        self.values.append_value("");
    }

    /// The arrays of [`annotation_fields`](schema::annotation_fields).
    pub(super) fn finish(mut self) -> Result<Vec<ArrayRef>, EngineError> {
        let n = self.entries.len();
        let DataType::Struct(pair) = schema::metadata_entries().data_type().clone() else {
            return Err(EngineError::Internal("metadata entries are no struct".to_string()));
        };
        let pairs =
            StructArray::try_new(pair, vec![Arc::new(self.keys.finish()), Arc::new(self.values.finish())], None)?;
        let offsets = OffsetBuffer::from_lengths(self.entries);
        let metadata = MapArray::try_new(schema::metadata_entries(), offsets, pairs, None, false)?;
        let float = schema::item(DataType::Float32, true);
        let no_floats = new_empty_array(&DataType::Float32);
        let embeddings = ListArray::try_new(float, OffsetBuffer::new_zeroed(n), no_floats, None)?;
        Ok(vec![
            Arc::new(StringArray::from(vec![ANNOTATOR_TYPE; n])),
            Arc::new(Int32Array::from(self.begins)),
            Arc::new(Int32Array::from(self.ends)),
            Arc::new(self.results.finish()),
            Arc::new(metadata),
            Arc::new(embeddings),
        ])
    }
}

/// The values of `field` for each annotation, or `None` if they are of another type.
pub(super) fn values<'a>(
    annotations: &'a StructArray, metadata: &Rc<Metadata<'a>>, field: &'static EntityField,
) -> Option<Values<'a>> {
    match field.annotation {
        AnnotationPlace::Metadata(key) => {
            let metadata = Rc::clone(metadata);
            Some(Box::new(move |i| field.parse(metadata.get(i, key)?)))
        }
        place => field_values(field, annotations.column_by_name(place.struct_field()?)?),
    }
}
