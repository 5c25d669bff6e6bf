//! The output column: one definition for every face.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};

/// How the entities of a row are laid out. Both share the same child buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `Struct{chunk: List<Utf8>, entity: List<Utf8>, begin: List<UInt32>, end: List<UInt32>, confidence: List<Float32>}`
    #[default]
    StructOfLists,
    /// `List<Struct{chunk: Utf8, entity: Utf8, begin: UInt32, end: UInt32, confidence: Float32}>`
    ListOfStructs,
}

impl Layout {
    /// By the names that users write.
    pub const NAMES: [(&'static str, Self); 2] =
        [("struct_of_lists", Self::StructOfLists), ("list_of_structs", Self::ListOfStructs)];
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

/// Names and types of an entity's fields, in order.
#[must_use]
pub fn entity_fields() -> [(&'static str, DataType); 5] {
    [
        ("chunk", DataType::Utf8),
        ("entity", DataType::Utf8),
        ("begin", DataType::UInt32),
        ("end", DataType::UInt32),
        ("confidence", DataType::Float32),
    ]
}

/// The field of a list's values.
#[must_use]
pub fn item(data_type: DataType, nullable: bool) -> Arc<Field> {
    Arc::new(Field::new("item", data_type, nullable))
}

/// The fields of the struct, for `layout`.
#[must_use]
pub fn struct_fields(layout: Layout) -> Fields {
    entity_fields()
        .into_iter()
        .map(|(name, data_type)| match layout {
            Layout::StructOfLists => Field::new(name, DataType::List(item(data_type, true)), true),
            Layout::ListOfStructs => Field::new(name, data_type, true),
        })
        .collect()
}

/// The type of the output column.
#[must_use]
pub fn data_type(layout: Layout) -> DataType {
    let fields = DataType::Struct(struct_fields(layout));
    match layout {
        Layout::StructOfLists => fields,
        Layout::ListOfStructs => DataType::List(item(fields, true)),
    }
}
