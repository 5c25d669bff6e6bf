//! The Arrow types of output columns.

use std::sync::Arc;

pub use arrow_schema::DataType;
use arrow_schema::{Field, Fields};

use crate::{
    EngineError, EngineOptions, Layout,
    field::{EntityField, EntityFields},
    members::members,
};

impl EngineOptions {
    /// The type of the entities that an engine with these options gives. No model is loaded for it.
    ///
    /// # Errors
    /// [`EngineError::Pipeline`] for a wrong pipeline file, which may ask for more fields.
    pub fn data_type(&self) -> Result<DataType, EngineError> {
        Ok(EntityFields::of(&members(self)?.1).data_type(self.layout))
    }
}

impl EntityFields {
    /// The type of an entity column with these fields. For annotations it is always the same: some fields are keys of
    /// their metadata.
    #[must_use]
    pub fn data_type(&self, layout: Layout) -> DataType {
        match layout {
            Layout::StructOfLists => {
                let list = |field: &EntityField| DataType::List(item(field.data_type(), true));
                DataType::Struct(self.iter().map(|field| Field::new(field.name, list(field), true)).collect())
            }
            Layout::ListOfStructs => DataType::List(item(DataType::Struct(self.columns().into()), true)),
            Layout::Annotation => DataType::List(item(DataType::Struct(annotation_fields()), true)),
        }
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

/// The field of a list's elements.
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

/// The type of a diagnostics column, which is null for a null text.
///
/// | field | meaning |
/// |---|---|
/// | `tokens` | tokens of the text, without special tokens |
/// | `unknown_tokens` | those that stand for text outside of the vocabulary |
/// | `windows` | windows that the model reads |
/// | `words_lost` | words that are not read: 0, unless Spark NLP is emulated |
/// | `error` | why the text cannot be annotated, with null counts; null if it can |
#[must_use]
pub fn diagnostics_type() -> DataType {
    let names = ["tokens", "unknown_tokens", "windows", "words_lost"];
    let counts = names.into_iter().map(|name| Field::new(name, DataType::UInt32, true));
    DataType::Struct(counts.chain([Field::new("error", DataType::Utf8, true)]).collect())
}
