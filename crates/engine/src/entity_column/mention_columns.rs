//! [`MentionColumns`]: mentions as one array a field.

use std::sync::Arc;

use arrow_array::{
    ArrayRef,
    builder::{BooleanBuilder, Float32Builder, Int64Builder, StringBuilder, UInt32Builder},
};

use super::concepts::ConceptLists;
use crate::{
    EngineError, Mention,
    field::{Access, EntityField, EntityFields, Value},
};

/// Collects mentions into one array for each of their fields.
pub struct MentionColumns {
    fields: Vec<(&'static EntityField, ColumnBuilder)>,
    /// Sums the longest text of each mention, so that no column has more bytes.
    bytes: usize,
    mentions: usize,
}

enum ColumnBuilder {
    Text(StringBuilder),
    Integer(UInt32Builder),
    Id(Int64Builder),
    Float(Float32Builder),
    Bool(BooleanBuilder),
    Concepts(Box<ConceptLists>),
}

impl MentionColumns {
    /// Columns without rows.
    #[must_use]
    pub fn new(fields: &EntityFields) -> Self {
        Self { fields: fields.iter().map(|field| (field, ColumnBuilder::new(field))).collect(), bytes: 0, mentions: 0 }
    }

    /// Adds a mention. A field that it lacks becomes null.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if the texts of a field outgrow 32-bit offsets; [`EngineError::Internal`] if a position
    /// does not fit 32 bits.
    pub fn push(&mut self, mention: &Mention<'_>) -> Result<(), EngineError> {
        let text_length = |(field, _): &(&EntityField, ColumnBuilder)| match field.get(mention) {
            Some(Value::Text(text)) => text.len(),
            // the list has an entry for each, even without texts
            Some(Value::Concepts(all)) => all.iter().map(|concept| concept.bytes() + 1).sum(),
            _ => 0,
        };
        self.bytes += self.fields.iter().map(text_length).max().unwrap_or(0);
        self.mentions += 1;
        if i32::try_from(self.bytes).is_err() {
            return Err(EngineError::OutputTooLarge { rows: self.mentions });
        }
        self.fields.iter_mut().try_for_each(|(field, column)| column.push(field.get(mention)))
    }

    /// Number of mentions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mentions
    }

    /// True without mentions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mentions == 0
    }

    /// The arrays, in the order of the fields.
    #[must_use]
    pub fn finish(self) -> Vec<ArrayRef> {
        self.fields.into_iter().map(|(_, column)| column.finish()).collect()
    }
}

impl ColumnBuilder {
    fn new(field: &EntityField) -> Self {
        match field.access {
            Access::Text { .. } => Self::Text(StringBuilder::new()),
            Access::Integer { .. } => Self::Integer(UInt32Builder::new()),
            Access::Float { .. } => Self::Float(Float32Builder::new()),
            Access::Id { .. } => Self::Id(Int64Builder::new()),
            Access::Bool { .. } => Self::Bool(BooleanBuilder::new()),
            Access::Concepts { .. } => Self::Concepts(Box::default()),
        }
    }

    fn push(&mut self, value: Option<Value<'_>>) -> Result<(), EngineError> {
        match (self, value) {
            (Self::Text(column), Some(Value::Text(text))) => column.append_value(text),
            (Self::Integer(column), Some(Value::Integer(integer))) => {
                let outside = |_| EngineError::Internal("positions do not fit 32 bits".to_string());
                column.append_value(u32::try_from(integer).map_err(outside)?);
            }
            (Self::Float(column), Some(Value::Float(float))) => column.append_value(float),
            (Self::Id(column), Some(Value::Integer(id))) => column.append_value(id),
            (Self::Bool(column), Some(Value::Bool(bool))) => column.append_value(bool),
            (Self::Concepts(column), Some(Value::Concepts(concepts))) => column.push(Some(&concepts)),
            (Self::Text(column), _) => column.append_null(),
            (Self::Integer(column), _) => column.append_null(),
            (Self::Float(column), _) => column.append_null(),
            (Self::Id(column), _) => column.append_null(),
            (Self::Bool(column), _) => column.append_null(),
            (Self::Concepts(column), _) => column.push(None),
        }
        Ok(())
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut column) => Arc::new(column.finish()),
            Self::Integer(mut column) => Arc::new(column.finish()),
            Self::Float(mut column) => Arc::new(column.finish()),
            Self::Id(mut column) => Arc::new(column.finish()),
            Self::Bool(mut column) => Arc::new(column.finish()),
            Self::Concepts(column) => column.finish(),
        }
    }
}
