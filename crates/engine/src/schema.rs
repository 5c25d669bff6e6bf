//! The output column: one definition for every face.

use std::sync::Arc;

pub use arrow_schema::DataType;
use arrow_schema::{Field, Fields};
use strum::{IntoStaticStr, VariantArray};

use crate::field::{EntityField, EntityFields};

/// How the entities of a row are laid out. The first two share the same child buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Layout {
    /// A struct with a list for each entity field: `Struct{chunk: List<Utf8>, entity: List<Utf8>, ...}`.
    #[default]
    StructOfLists,
    /// A list of structs with the entity fields: `List<Struct{chunk: Utf8, entity: Utf8, ...}>`.
    ListOfStructs,
    /// Spark NLP's `array<Annotation>`, as its NerConverter writes it. Most entity fields are keys of its metadata.
    Annotation,
}

/// Unit and end of the positions `begin` and `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Offsets {
    /// Code points, half-open: what Python and `str.slice` of Polars count.
    #[default]
    Char,
    /// UTF-8 bytes, half-open.
    Byte,
    /// UTF-16 code units with an inclusive end: what Spark NLP counts.
    Spark,
}

/// The field of a list's values.
#[must_use]
pub fn item(data_type: DataType, nullable: bool) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, nullable))
}

/// The entries of an annotation's metadata.
#[must_use]
pub fn metadata_entries() -> Arc<Field> {
    let entry = [Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)];
    Arc::new(Field::new("entries", DataType::Struct(entry.into_iter().collect()), false))
}

/// The type of an entity column. Annotations have all their fields whatever `fields` says: some are keys of their metadata.
pub(crate) fn entities_type(layout: Layout, fields: &EntityFields) -> DataType {
    match layout {
        Layout::StructOfLists => {
            let list = |field: &EntityField| DataType::List(item(field.data_type(), true));
            DataType::Struct(fields.iter().map(|field| Field::new(field.name, list(field), true)).collect())
        }
        Layout::ListOfStructs => DataType::List(item(DataType::Struct(fields.columns().into()), true)),
        Layout::Annotation => DataType::List(item(DataType::Struct(annotation_fields()), true)),
    }
}

/// The fields of Spark NLP's `Annotation`.
#[must_use]
pub fn annotation_fields() -> Fields {
    [
        ("annotatorType", DataType::Utf8),
        ("begin", DataType::Int32),
        ("end", DataType::Int32),
        ("result", DataType::Utf8),
        ("metadata", DataType::Map(metadata_entries(), false)),
        ("embeddings", DataType::List(item(DataType::Float32, true))),
    ]
    .into_iter()
    .map(|(name, data_type)| Field::new(name, data_type, true))
    .collect()
}

/// The type of a diagnostics column: what reading a text takes, without running the model. Null for a null text.
///
/// | field | meaning |
/// |---|---|
/// | `tokens` | pieces of the text, without special tokens |
/// | `unknown_tokens` | those that stand for what the vocabulary lacks |
/// | `windows` | windows that the model is given |
/// | `words_lost` | words that are not read: 0, unless Spark NLP is emulated |
/// | `error` | why the text cannot be annotated, and null counts then; null where it can |
#[must_use]
pub fn diagnostics_type() -> DataType {
    let names = ["tokens", "unknown_tokens", "windows", "words_lost"];
    let counts = names.into_iter().map(|name| Field::new(name, DataType::UInt32, true));
    DataType::Struct(counts.chain([Field::new("error", DataType::Utf8, true)]).collect())
}
