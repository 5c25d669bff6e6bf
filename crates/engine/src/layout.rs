//! [`Layout`] and [`Offsets`]: how an entity column is written.

use strum::{IntoStaticStr, VariantArray};

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

/// What `begin` and `end` count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Offsets {
    /// Code points, end exclusive, as Python and `str.slice` of Polars count.
    #[default]
    Char,
    /// UTF-8 bytes, end exclusive.
    Byte,
    /// UTF-16 code units, end inclusive, as Spark NLP counts.
    Spark,
}
