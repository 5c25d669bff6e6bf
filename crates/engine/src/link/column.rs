//! [`link_column`]: links the entities of a column that is there already.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{Array, ArrayRef, GenericListArray, ListArray, OffsetSizeTrait, StructArray, cast::AsArray};
use arrow_buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, FieldRef, Fields};

use super::{Linker, Links};
use crate::{
    EngineError, Layout, Mention,
    entity_column::{
        self, MentionColumns,
        metadata::{Metadata, offsets},
    },
    field::{EntityField, EntityFields, FIELDS},
    loaded,
    options::available_threads,
    schema,
};

/// `column` with the concept of each entity, in the layout that it has: an array of the same length.
///
/// The fields that the option `link` adds follow the others, or take the place of those that are there. Annotations get
/// them as keys of their metadata. Everything else stays as it is. Nulls stay null. An entity whose type is not to be
/// linked, or that no concept is near enough to, has nulls.
///
/// # Errors
/// - [`EngineError::NotEntities`] and [`EngineError::WrongEntities`], as of [`entity_column::read`]
/// - [`EngineError::NoChunk`] for entities without a field `chunk`
/// - [`EngineError::OutputTooLarge`] if the new texts need more than 32-bit offsets
pub fn link_column(column: &dyn Array, linker: &Linker) -> Result<ArrayRef, EngineError> {
    let has_candidates = linker.candidates().is_some();
    linked_type(column.data_type(), has_candidates)?;
    let rows = entity_column::read(column)?;
    let mentions = rows.iter().flatten().flatten();
    let texts = mentions.filter_map(|mention| Some((Cow::Borrowed(mention.chunk.as_deref()?), &*mention.entity)));
    let links = loaded::on_pool(available_threads(), || Links::new(linker, texts))?;
    let linked = Linked { rows: &rows, links: &links, fields: EntityFields::of_links(has_candidates) };
    let is_annotation = entity_column::layout(column.data_type()) == Some(Layout::Annotation);
    match column.data_type() {
        DataType::Struct(_) => linked.struct_of_lists(column.as_struct()),
        DataType::LargeList(_) => linked.list(column.as_list::<i64>(), is_annotation),
        _ => linked.list(column.as_list::<i32>(), is_annotation),
    }
}

/// The type of an entity column of type `data_type` after linking. `candidates` says whether they are asked for.
///
/// # Errors
/// [`EngineError::NotEntities`] and [`EngineError::NoChunk`].
pub fn linked_type(data_type: &DataType, candidates: bool) -> Result<DataType, EngineError> {
    let new = EntityFields::of_links(candidates);
    let not_entities = || EngineError::NotEntities(data_type.clone());
    match (entity_column::layout(data_type).ok_or_else(not_entities)?, data_type) {
        (Layout::Annotation, _) => Ok(data_type.clone()),
        (_, DataType::Struct(fields)) => {
            let list = |field: &EntityField| DataType::List(schema::item(field.data_type(), true));
            let new = new.iter().map(|field| column_field(field.name, &list(field)));
            Ok(DataType::Struct(with(fields, new)?))
        }
        (_, DataType::List(item)) => Ok(DataType::List(with_fields(item, &new)?)),
        (_, DataType::LargeList(item)) => Ok(DataType::LargeList(with_fields(item, &new)?)),
        _ => Err(not_entities()),
    }
}

/// The item of a list of entities, with the fields `new`.
fn with_fields(item: &FieldRef, new: &EntityFields) -> Result<FieldRef, EngineError> {
    let DataType::Struct(fields) = item.data_type() else {
        return Err(EngineError::NotEntities(item.data_type().clone()));
    };
    let fields = with(fields, new.columns().into_iter())?;
    Ok(Arc::new(item.as_ref().clone().with_data_type(DataType::Struct(fields))))
}

/// `fields` without those of an earlier linking, then `new`.
fn with(fields: &Fields, new: impl Iterator<Item = FieldRef>) -> Result<Fields, EngineError> {
    if fields.find("chunk").is_none() {
        return Err(EngineError::NoChunk);
    }
    Ok(kept(fields).map(|(_, field)| Arc::clone(field)).chain(new).collect())
}

/// The fields that stay, with their places.
fn kept(fields: &Fields) -> impl Iterator<Item = (usize, &FieldRef)> {
    fields.iter().enumerate().filter(|(_, field)| !is_of_links(field.name()))
}

/// True if linking writes a field, or a key, of this name.
fn is_of_links(name: &str) -> bool {
    FIELDS.iter().any(|field| field.name == name && field.is_of_links())
}

/// The entities of a column with their links.
struct Linked<'l> {
    rows: &'l [Option<Vec<Mention<'l>>>],
    links: &'l Links<'l>,
    /// The new fields.
    fields: EntityFields,
}

impl<'l> Linked<'l> {
    /// A mention with the new fields alone.
    fn link(&self, mention: &Mention<'_>) -> Mention<'l> {
        let link = mention.chunk.as_deref().and_then(|chunk| self.links.get(chunk, &mention.entity));
        Mention {
            concept: link.map(|link| link.concept.clone()).unwrap_or_default(),
            candidates: link.and_then(|link| link.candidates.clone()),
            ..Mention::default()
        }
    }

    /// The new fields of `mentions`, one array a field; nulls for `None`.
    fn columns<'m>(
        &self, mentions: impl Iterator<Item = Option<&'m Mention<'m>>>,
    ) -> Result<Vec<ArrayRef>, EngineError> {
        let mut columns = MentionColumns::new(&self.fields);
        for mention in mentions {
            columns.push(&mention.map(|mention| self.link(mention)).unwrap_or_default())?;
        }
        Ok(columns.finish())
    }

    fn struct_of_lists(&self, column: &StructArray) -> Result<ArrayRef, EngineError> {
        let too_large = || EngineError::OutputTooLarge { rows: self.rows.len() };
        let lengths = self.rows.iter().map(|row| row.as_ref().map_or(0, Vec::len));
        let ends: Vec<usize> = [0].into_iter().chain(running_sums(lengths)).collect();
        let offsets: OffsetBuffer<i32> = offsets(&ends).ok_or_else(too_large)?;
        let nulls = NullBuffer::from_iter(self.rows.iter().map(Option::is_some));
        let list = |values: ArrayRef| -> Result<ArrayRef, EngineError> {
            let item = schema::item(values.data_type().clone(), true);
            Ok(Arc::new(ListArray::try_new(item, offsets.clone(), values, Some(nulls.clone()))?))
        };
        let new = self.columns(self.rows.iter().flatten().flatten().map(Some))?;
        let new = new.into_iter().map(list).collect::<Result<Vec<_>, _>>()?;
        Ok(Arc::new(with_columns(column, &self.fields, new)?))
    }

    /// A list of structs or of annotations. Its values are cut to those of the rows, for a slice has those of the whole.
    fn list<O: OffsetSizeTrait>(
        &self, column: &GenericListArray<O>, is_annotation: bool,
    ) -> Result<ArrayRef, EngineError> {
        let (first, last) = (column.value_offsets()[0], column.value_offsets()[column.len()]);
        let entities = column.values().slice(first.as_usize(), last.as_usize() - first.as_usize());
        let entities = entities.as_struct();
        let begins: ScalarBuffer<O> = column.value_offsets().iter().map(|&offset| offset - first).collect();
        // what is between the rows, or behind a null, has no mention
        let mut of_place: Vec<Option<&Mention<'_>>> = vec![None; entities.len()];
        for (mentions, begin) in self.rows.iter().zip(&begins) {
            let places = &mut of_place[begin.as_usize()..];
            places.iter_mut().zip(mentions.iter().flatten()).for_each(|(place, mention)| *place = Some(mention));
        }
        let entities = match is_annotation {
            true => self.annotations(entities, &of_place)?,
            false => with_columns(entities, &self.fields, self.columns(of_place.into_iter())?)?,
        };
        let (DataType::List(item) | DataType::LargeList(item)) = column.data_type() else {
            return Err(EngineError::NotEntities(column.data_type().clone()));
        };
        let item = Arc::new(item.as_ref().clone().with_data_type(entities.data_type().clone()));
        let offsets = OffsetBuffer::new(begins);
        Ok(Arc::new(GenericListArray::try_new(item, offsets, Arc::new(entities), column.nulls().cloned())?))
    }

    /// Annotations have the new fields in their metadata.
    fn annotations(
        &self, annotations: &StructArray, of_place: &[Option<&Mention<'_>>],
    ) -> Result<StructArray, EngineError> {
        let wrong = || EngineError::NotEntities(annotations.data_type().clone());
        let metadata = Metadata::new(annotations).ok_or_else(wrong)?;
        let new = |place: usize| {
            let link = of_place[place].map(|mention| self.link(mention)).unwrap_or_default();
            let entry = |field: &'static EntityField| Some((field.name, field.get(&link)?.to_string()));
            self.fields.iter().filter_map(entry).collect()
        };
        let metadata = metadata.with_entries(is_of_links, new)?;
        let of_field = |(field, column): (&FieldRef, &ArrayRef)| {
            Arc::clone(if field.name() == "metadata" { &metadata } else { column })
        };
        let columns = annotations.fields().iter().zip(annotations.columns()).map(of_field).collect();
        Ok(StructArray::try_new(annotations.fields().clone(), columns, annotations.nulls().cloned())?)
    }
}

/// `entities` with the columns `new` of `fields`, in place of those of an earlier linking.
fn with_columns(entities: &StructArray, fields: &EntityFields, new: Vec<ArrayRef>) -> Result<StructArray, EngineError> {
    let types = fields.iter().zip(&new).map(|(field, column)| column_field(field.name, column.data_type()));
    let all = with(entities.fields(), types)?;
    let old = kept(entities.fields()).map(|(i, _)| Arc::clone(entities.column(i)));
    Ok(StructArray::try_new(all, old.chain(new).collect(), entities.nulls().cloned())?)
}

fn column_field(name: &str, data_type: &DataType) -> FieldRef {
    Arc::new(Field::new(name, data_type.clone(), true))
}

/// The sums of all items up to each.
fn running_sums(items: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    items.scan(0, |sum, item| {
        *sum += item;
        Some(*sum)
    })
}
