//! [`FIELDS`]: the table of an entity's fields. Every schema, writer, reader and document of entities is made from it.

use std::fmt;

use arrow_schema::{DataType, Field, FieldRef};
use spanframe_core::{Named, assertion::Attribute};

use crate::{EngineOptions, Mention};

/// The field of an [`Attribute`]: requested by the option `assertion`.
macro_rules! attribute {
    ($attribute:ident, $name:literal, $doc:literal) => {
        EntityField {
            name: $name,
            doc: $doc,
            presence: Presence::OnRequest {
                by: "`assertion`",
                is_requested: |options| options.assertion.contains(Attribute::$attribute),
            },
            annotation: AnnotationPlace::Metadata($name),
            missing: None,
            access: Access::Bool {
                get: |m| m.attribute(Attribute::$attribute),
                set: |m, value| m.attributes[Attribute::$attribute as usize] = Some(value),
            },
        }
    };
}

/// All fields of an entity, in the order of the output.
pub static FIELDS: [EntityField; 11] = [
    EntityField {
        name: "chunk",
        doc: "text of the mention",
        presence: Presence::Always,
        annotation: AnnotationPlace::Result,
        missing: None,
        access: Access::Text { get: |m| m.chunk.as_deref(), set: |m, text| m.chunk = Some(text.into()) },
    },
    EntityField {
        name: "entity",
        doc: "entity type",
        presence: Presence::Always,
        annotation: AnnotationPlace::Metadata("entity"),
        missing: Some("an entity without type (of Spark NLP, take the column of NerConverter, not of the classifier)"),
        access: Access::Text { get: |m| Some(&m.entity), set: |m, text| m.entity = text.into() },
    },
    EntityField {
        name: "begin",
        doc: "first position, in the unit of `offsets`",
        presence: Presence::Always,
        annotation: AnnotationPlace::Begin,
        missing: Some("an entity without begin"),
        access: Access::Integer { get: |m| Some(m.begin), set: |m, position| m.begin = position },
    },
    EntityField {
        name: "end",
        doc: "end position: exclusive, but inclusive for `spark`",
        presence: Presence::Always,
        annotation: AnnotationPlace::End,
        missing: Some("an entity without end"),
        access: Access::Integer { get: |m| Some(m.end), set: |m, position| m.end = position },
    },
    EntityField {
        name: "confidence",
        doc: "0 to 1",
        presence: Presence::Always,
        annotation: AnnotationPlace::Metadata("confidence"),
        missing: None,
        access: Access::Float { get: |m| m.confidence, set: |m, confidence| m.confidence = Some(confidence) },
    },
    EntityField {
        name: "model",
        doc: "name of the model that found it",
        presence: Presence::OnRequest { by: "several models", is_requested: |options| options.model.is_set() },
        annotation: AnnotationPlace::Metadata("model"),
        missing: None,
        access: Access::Text { get: |m| m.model.as_deref(), set: |m, name| m.model = Some(name.into()) },
    },
    attribute!(Negated, "negated", "it is said not to be: \"denies chest pain\""),
    attribute!(Uncertain, "uncertain", "it may be: \"possible pneumonia\""),
    attribute!(Historical, "historical", "it was, before this episode: \"history of stroke\""),
    attribute!(Hypothetical, "hypothetical", "it is not yet: \"return if fever\""),
    attribute!(Family, "family", "it is somebody else's: \"mother has diabetes\""),
];

/// A field of an entity: one row of [`FIELDS`].
#[derive(Debug)]
pub struct EntityField {
    /// Its name, the same in columns, JSON and Python.
    pub name: &'static str,
    /// One line of documentation.
    pub doc: &'static str,
    /// Which outputs have it.
    pub presence: Presence,
    /// Its place in Spark NLP's annotations.
    pub annotation: AnnotationPlace,
    /// The error of an entity whose value is null. `None` where readers accept a null or no such field at all.
    pub missing: Option<&'static str>,
    /// Its type, and its place in a [`Mention`].
    pub access: Access,
}

/// Which outputs have a field.
#[derive(Debug)]
pub enum Presence {
    /// All.
    Always,
    /// Those of engines whose options request it.
    OnRequest {
        /// The option that requests it, in words for the docs.
        by: &'static str,
        /// True if these options request it.
        is_requested: fn(&EngineOptions) -> bool,
    },
}

/// The place of a field in Spark NLP's annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnnotationPlace {
    /// The field `begin`.
    Begin,
    /// The field `end`.
    End,
    /// The field `result`.
    Result,
    /// The value of this key in `metadata`, as text.
    Metadata(&'static str),
}

/// The type of a field, with the functions that read it from a [`Mention`] and write it to one.
#[derive(Debug)]
#[expect(missing_docs, reason = "`get` and `set` are what the type says")]
pub enum Access {
    /// Text: Arrow's Utf8.
    Text { get: for<'m> fn(&'m Mention<'_>) -> Option<&'m str>, set: for<'v> fn(&mut Mention<'v>, &'v str) },
    /// A count or a position: Arrow's UInt32.
    Integer { get: fn(&Mention<'_>) -> Option<i64>, set: fn(&mut Mention<'_>, i64) },
    /// A probability or a score: Arrow's Float32.
    Float { get: fn(&Mention<'_>) -> Option<f32>, set: fn(&mut Mention<'_>, f32) },
    /// An attribute that is true or false: Arrow's Boolean.
    Bool { get: fn(&Mention<'_>) -> Option<bool>, set: fn(&mut Mention<'_>, bool) },
}

/// The value of a field of one entity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// A count or a position.
    Integer(i64),
    /// A probability or a score.
    Float(f32),
    /// True or false.
    Bool(bool),
}

impl fmt::Display for Value<'_> {
    /// Writes the value as Java does in the metadata of an annotation: `1.0`, `true`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Integer(integer) => write!(f, "{integer}"),
            // `{}` would write 1, not 1.0
            Self::Float(float) => write!(f, "{float:?}"),
            Self::Bool(bool) => write!(f, "{bool}"),
        }
    }
}

impl EntityField {
    /// The Arrow type of its values in our own layouts.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self.access {
            Access::Text { .. } => DataType::Utf8,
            Access::Integer { .. } => DataType::UInt32,
            Access::Float { .. } => DataType::Float32,
            Access::Bool { .. } => DataType::Boolean,
        }
    }

    /// True if a column with these values can be read as this field: any text, any integer, any float, or Boolean.
    #[must_use]
    pub fn accepts(&self, data_type: &DataType) -> bool {
        match self.access {
            Access::Text { .. } => is_string(data_type),
            Access::Integer { .. } => data_type.is_integer(),
            Access::Float { .. } => matches!(data_type, DataType::Float32 | DataType::Float64),
            Access::Bool { .. } => *data_type == DataType::Boolean,
        }
    }

    /// Its value of `mention`.
    #[must_use]
    pub fn get<'m>(&self, mention: &'m Mention<'_>) -> Option<Value<'m>> {
        match self.access {
            Access::Text { get, .. } => get(mention).map(Value::Text),
            Access::Integer { get, .. } => get(mention).map(Value::Integer),
            Access::Float { get, .. } => get(mention).map(Value::Float),
            Access::Bool { get, .. } => get(mention).map(Value::Bool),
        }
    }

    /// Sets its value of `mention`. A value of another type changes nothing.
    pub fn set<'v>(&self, mention: &mut Mention<'v>, value: Value<'v>) {
        match (&self.access, value) {
            (Access::Text { set, .. }, Value::Text(text)) => set(mention, text),
            (Access::Integer { set, .. }, Value::Integer(integer)) => set(mention, integer),
            (Access::Float { set, .. }, Value::Float(float)) => set(mention, float),
            (Access::Bool { set, .. }, Value::Bool(bool)) => set(mention, bool),
            _ => {}
        }
    }

    /// The value that [`Value`] wrote as `text`, or `None` if it is of another type.
    #[must_use]
    pub fn parse<'v>(&self, text: &'v str) -> Option<Value<'v>> {
        match self.access {
            Access::Text { .. } => Some(Value::Text(text)),
            Access::Integer { .. } => text.parse().ok().map(Value::Integer),
            Access::Float { .. } => text.parse().ok().map(Value::Float),
            Access::Bool { .. } => text.parse().ok().map(Value::Bool),
        }
    }
}

/// The fields that an output has: rows of [`FIELDS`], in their order. The default is those that every output has.
#[derive(Clone, Debug)]
pub struct EntityFields(Vec<&'static EntityField>);

impl Default for EntityFields {
    fn default() -> Self {
        Self::only(|_| false)
    }
}

impl EntityFields {
    /// All fields.
    #[must_use]
    pub fn all() -> Self {
        Self::only(|_| true)
    }

    /// The fields of an engine with these options.
    #[must_use]
    pub fn of(options: &EngineOptions) -> Self {
        Self::only(|field| match field.presence {
            Presence::Always => true,
            Presence::OnRequest { is_requested, .. } => is_requested(options),
        })
    }

    /// The fields of every output, and the others that `is_requested` picks.
    pub(crate) fn only(is_requested: impl Fn(&EntityField) -> bool) -> Self {
        Self(FIELDS.iter().filter(|field| matches!(field.presence, Presence::Always) || is_requested(field)).collect())
    }

    /// True if an attribute is among them.
    #[must_use]
    pub fn has_attributes(&self) -> bool {
        self.iter().any(|field| Attribute::named().any(|(name, _)| name == field.name))
    }

    /// The fields, in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static EntityField> {
        self.0.iter().copied()
    }

    /// The Arrow fields of a table with a row an entity.
    #[must_use]
    pub fn columns(&self) -> Vec<FieldRef> {
        self.iter().map(|field| Field::new(field.name, field.data_type(), true).into()).collect()
    }
}

pub(crate) fn is_string(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_string(values),
        other => matches!(other, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View),
    }
}
