//! The output column: one definition for every face.

use std::sync::Arc;

pub use arrow_schema::DataType;
use arrow_schema::{Field, Fields};

/// How the entities of a row are laid out. The first two share the same child buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `Struct{chunk: List<Utf8>, entity: List<Utf8>, begin: List<UInt32>, end: List<UInt32>, confidence: List<Float32>}`
    #[default]
    StructOfLists,
    /// `List<Struct{chunk: Utf8, entity: Utf8, begin: UInt32, end: UInt32, confidence: Float32}>`
    ListOfStructs,
    /// Spark NLP's `array<Annotation>`: `List<Struct{annotatorType: Utf8, begin: Int32, end: Int32, result: Utf8,
    /// metadata: Map<Utf8, Utf8>, embeddings: List<Float32>}>`; the map has entity, sentence, chunk and confidence.
    Annotation,
}

impl Layout {
    /// By the names that users write.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("struct_of_lists", Self::StructOfLists),
        ("list_of_structs", Self::ListOfStructs),
        ("annotation", Self::Annotation),
    ];
}

/// Unit and end of the positions `begin` and `end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Offsets {
    /// Code points, half-open: what Python and `str.slice` of Polars count.
    #[default]
    Char,
    /// UTF-8 bytes, half-open.
    Byte,
    /// UTF-16 code units with an inclusive end: what Spark NLP counts.
    Spark,
}

impl Offsets {
    /// By the names that users write.
    pub const NAMES: [(&'static str, Self); 3] = [("char", Self::Char), ("byte", Self::Byte), ("spark", Self::Spark)];
}

/// The field that a set of models adds to each entity: the name of its model.
pub const MODEL: &str = "model";

/// Names and types of an entity's fields, in order.
#[must_use]
pub fn entity_fields() -> Vec<(&'static str, DataType)> {
    vec![
        ("chunk", DataType::Utf8),
        ("entity", DataType::Utf8),
        ("begin", DataType::UInt32),
        ("end", DataType::UInt32),
        ("confidence", DataType::Float32),
    ]
}

/// As [`entity_fields`], of entities that name their model.
#[must_use]
pub fn entity_fields_of_set() -> Vec<(&'static str, DataType)> {
    entity_fields().into_iter().chain([(MODEL, DataType::Utf8)]).collect()
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

/// The fields of the struct, for `layout`, of entities with the fields `entity`.
fn struct_fields(layout: Layout, entity: Vec<(&'static str, DataType)>) -> Fields {
    let list = |data_type| DataType::List(item(data_type, true));
    match layout {
        Layout::StructOfLists => {
            entity.into_iter().map(|(name, data_type)| Field::new(name, list(data_type), true)).collect()
        }
        Layout::ListOfStructs => {
            entity.into_iter().map(|(name, data_type)| Field::new(name, data_type, true)).collect()
        }
        Layout::Annotation => [
            ("annotatorType", DataType::Utf8),
            ("begin", DataType::Int32),
            ("end", DataType::Int32),
            ("result", DataType::Utf8),
            ("metadata", DataType::Map(metadata_entries(), false)),
            ("embeddings", list(DataType::Float32)),
        ]
        .into_iter()
        .map(|(name, data_type)| Field::new(name, data_type, true))
        .collect(),
    }
}

/// The type of the output column of one model.
#[must_use]
pub fn data_type(layout: Layout) -> DataType {
    column(layout, entity_fields())
}

/// The type of the output column of a set of models: [`MODEL`] is one more field of each entity, or, in annotations, one more
/// key of their metadata, which leaves the type as it is.
#[must_use]
pub fn data_type_of_set(layout: Layout) -> DataType {
    column(layout, entity_fields_of_set())
}

fn column(layout: Layout, entity: Vec<(&'static str, DataType)>) -> DataType {
    let fields = DataType::Struct(struct_fields(layout, entity));
    match layout {
        Layout::StructOfLists => fields,
        Layout::ListOfStructs | Layout::Annotation => DataType::List(item(fields, true)),
    }
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
