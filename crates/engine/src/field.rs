//! [`FIELDS`]: the table of an entity's fields. Every schema, writer, reader and document of entities is made from it.

mod value;

use arrow_schema::{DataType, Field, FieldRef};
use spanframe_core::{Named, assertion::Attribute};

pub use self::value::{Access, Value};
use crate::{EngineOptions, Mention, entity_column::concepts};

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

/// A field of the [`Concept`] of an entity: requested by the option `link`.
macro_rules! concept {
    ($name:ident, $doc:literal, $access:expr) => {
        EntityField {
            name: stringify!($name),
            doc: $doc,
            presence: Presence::OnRequest { by: "`link`", is_requested: |options| !options.link.is_empty() },
            annotation: AnnotationPlace::Metadata(stringify!($name)),
            missing: None,
            access: $access,
        }
    };
}

/// The access to a text of the [`Concept`] of an entity.
macro_rules! concept_text {
    ($name:ident) => {
        Access::Text { get: |m| m.concept.$name.as_deref(), set: |m, text| m.concept.$name = Some(text.into()) }
    };
}

/// The access to a concept id of the [`Concept`] of an entity.
macro_rules! concept_id {
    ($name:ident) => {
        Access::Id { get: |m| m.concept.$name, set: |m, id| m.concept.$name = Some(id) }
    };
}

/// All fields of an entity, in the order of the output.
pub static FIELDS: [EntityField; 18] = [
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
    concept!(code, "code of the concept, null if none is near enough", concept_text!(code)),
    concept!(term, "term of the concept that is nearest", concept_text!(term)),
    concept!(vocabulary, "vocabulary that has the code", concept_text!(vocabulary)),
    concept!(concept_id, "concept id in OMOP, where the vocabulary has it", concept_id!(concept_id)),
    concept!(
        standard_concept_id,
        "standard concept of OMOP, where the vocabulary has it",
        concept_id!(standard_concept_id)
    ),
    concept!(
        similarity,
        "of mention and term, 0 to 1",
        Access::Float { get: |m| m.concept.similarity, set: |m, value| m.concept.similarity = Some(value) }
    ),
    EntityField {
        name: "candidates",
        doc: "nearest concepts with these fields, the best first",
        presence: Presence::OnRequest {
            by: "`link_candidates`",
            is_requested: |options| !options.link.is_empty() && options.link_candidates.is_some(),
        },
        annotation: AnnotationPlace::Metadata("candidates"),
        missing: None,
        access: Access::Concepts {
            get: |m| m.candidates.as_deref(),
            set: |m, candidates| m.candidates = Some(candidates),
        },
    },
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

impl Presence {
    /// True if this option, in words for the docs, requests the field.
    fn is_by(&self, option: &str) -> bool {
        matches!(self, Self::OnRequest { by, .. } if *by == option)
    }
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

impl EntityField {
    /// True if linking writes it.
    #[must_use]
    pub fn is_of_links(&self) -> bool {
        self.presence.is_by("`link`") || self.presence.is_by("`link_candidates`")
    }

    /// The Arrow type of its values in our own layouts.
    #[must_use]
    pub fn data_type(&self) -> DataType {
        match self.access {
            Access::Text { .. } => DataType::Utf8,
            Access::Integer { .. } => DataType::UInt32,
            Access::Id { .. } => DataType::Int64,
            Access::Float { .. } => DataType::Float32,
            Access::Bool { .. } => DataType::Boolean,
            Access::Concepts { .. } => concepts::data_type(),
        }
    }

    /// True if a column with these values can be read as this field: any text, any integer, any float, Boolean, or a list
    /// of structs.
    #[must_use]
    pub fn accepts(&self, data_type: &DataType) -> bool {
        match self.access {
            Access::Text { .. } => is_string(data_type),
            Access::Integer { .. } | Access::Id { .. } => data_type.is_integer(),
            Access::Float { .. } => matches!(data_type, DataType::Float32 | DataType::Float64),
            Access::Bool { .. } => *data_type == DataType::Boolean,
            Access::Concepts { .. } => concepts::accepts(data_type),
        }
    }

    /// Its value of `mention`.
    #[must_use]
    pub fn get<'m>(&self, mention: &'m Mention<'_>) -> Option<Value<'m>> {
        match self.access {
            Access::Text { get, .. } => get(mention).map(Value::Text),
            Access::Integer { get, .. } | Access::Id { get, .. } => get(mention).map(Value::Integer),
            Access::Float { get, .. } => get(mention).map(Value::Float),
            Access::Bool { get, .. } => get(mention).map(Value::Bool),
            Access::Concepts { get, .. } => get(mention).map(|concepts| Value::Concepts(concepts.to_vec())),
        }
    }

    /// Sets its value of `mention`. A value of another type changes nothing.
    pub fn set<'v>(&self, mention: &mut Mention<'v>, value: Value<'v>) {
        match (&self.access, value) {
            (Access::Text { set, .. }, Value::Text(text)) => set(mention, text),
            (Access::Integer { set, .. } | Access::Id { set, .. }, Value::Integer(integer)) => set(mention, integer),
            (Access::Float { set, .. }, Value::Float(float)) => set(mention, float),
            (Access::Bool { set, .. }, Value::Bool(bool)) => set(mention, bool),
            (Access::Concepts { set, .. }, Value::Concepts(concepts)) => set(mention, concepts),
            _ => {}
        }
    }

    /// The value that [`Value`] wrote as `text`, or `None` if it is of another type.
    #[must_use]
    pub fn parse<'v>(&self, text: &'v str) -> Option<Value<'v>> {
        match self.access {
            Access::Text { .. } => Some(Value::Text(text)),
            Access::Integer { .. } | Access::Id { .. } => text.parse().ok().map(Value::Integer),
            Access::Float { .. } => text.parse().ok().map(Value::Float),
            Access::Bool { .. } => text.parse().ok().map(Value::Bool),
            Access::Concepts { .. } => serde_json::from_str(text).ok().map(Value::Concepts),
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

    /// The fields of the concept of an entity.
    pub(crate) fn of_concept() -> Self {
        Self(FIELDS.iter().filter(|field| field.presence.is_by("`link`")).collect())
    }

    /// The fields that linking adds: those of a concept, and the candidates if `candidates`.
    pub(crate) fn of_links(candidates: bool) -> Self {
        let all = FIELDS.iter().filter(|field| field.presence.is_by("`link_candidates`") && candidates);
        Self(Self::of_concept().iter().chain(all).collect())
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
