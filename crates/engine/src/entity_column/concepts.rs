//! Lists of concepts in entity columns: their type, their writer and their reader.

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, ListArray, StructArray,
    builder::{Float32Builder, Int64Builder, StringBuilder},
    cast::AsArray,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{DataType, Fields};

use super::values::{Rows, Values, field_values};
use crate::{
    Mention,
    field::{EntityField, EntityFields, Value},
    link::Concept,
    schema,
};

/// The type of the concepts of one entity.
pub(crate) fn data_type() -> DataType {
    DataType::List(schema::item(DataType::Struct(fields()), true))
}

fn fields() -> Fields {
    EntityFields::of_concept().columns().into()
}

/// True if concepts can be read from lists of this type. Fields may be absent, and further ones are ignored.
pub(crate) fn accepts(data_type: &DataType) -> bool {
    let (DataType::List(item) | DataType::LargeList(item)) = data_type else { return false };
    let DataType::Struct(found) = item.data_type() else { return false };
    EntityFields::of_concept()
        .iter()
        .all(|field| found.find(field.name).is_none_or(|(_, f)| field.accepts(f.data_type())))
}

/// Collects the concepts of each entity into one array of type [`data_type`].
#[derive(Default)]
pub(super) struct ConceptLists {
    codes: StringBuilder,
    terms: StringBuilder,
    vocabularies: StringBuilder,
    ids: Int64Builder,
    standard_ids: Int64Builder,
    similarities: Float32Builder,
    lengths: Vec<usize>,
    valid: Vec<bool>,
}

impl ConceptLists {
    /// Adds the concepts of one entity; `None` adds a null. The caller bounds their number and their texts.
    pub(super) fn push(&mut self, concepts: Option<&[Concept<'_>]>) {
        self.valid.push(concepts.is_some());
        self.lengths.push(concepts.map_or(0, <[_]>::len));
        for concept in concepts.unwrap_or_default() {
            self.codes.append_option(concept.code.as_deref());
            self.terms.append_option(concept.term.as_deref());
            self.vocabularies.append_option(concept.vocabulary.as_deref());
            self.ids.append_option(concept.concept_id);
            self.standard_ids.append_option(concept.standard_concept_id);
            self.similarities.append_option(concept.similarity);
        }
    }

    pub(super) fn finish(mut self) -> ArrayRef {
        let columns: Vec<ArrayRef> = vec![
            Arc::new(self.codes.finish()),
            Arc::new(self.terms.finish()),
            Arc::new(self.vocabularies.finish()),
            Arc::new(self.ids.finish()),
            Arc::new(self.standard_ids.finish()),
            Arc::new(self.similarities.finish()),
        ];
        let concepts = StructArray::new(fields(), columns, None);
        let item = schema::item(DataType::Struct(fields()), true);
        let nulls = Some(NullBuffer::from(self.valid)).filter(|nulls| nulls.null_count() > 0);
        let offsets = OffsetBuffer::from_lengths(self.lengths);
        Arc::new(ListArray::new(item, offsets, Arc::new(concepts), nulls))
    }
}

/// The concepts at each place of an array, or `None` if it has another type.
pub(super) fn values(array: &dyn Array) -> Option<Values<'_>> {
    let (rows, concepts) = Rows::of_list(array)?;
    let concepts = concepts.as_struct_opt()?;
    let of_field = |field: &'static EntityField| {
        let column = concepts.column_by_name(field.name)?;
        Some(field_values(field, column).map(|values| (field, values)))
    };
    let columns = EntityFields::of_concept().iter().filter_map(of_field).collect::<Option<Vec<_>>>()?;
    let concept = move |place: usize| {
        let mut mention = Mention::default();
        for (field, values) in &columns {
            if let Some(value) = values(place) {
                field.set(&mut mention, value);
            }
        }
        mention.concept
    };
    Some(Box::new(move |entity| {
        (!rows.is_null(entity)).then(|| Value::Concepts(rows.range(entity).map(&concept).collect()))
    }))
}
