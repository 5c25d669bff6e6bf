//! Columns of entities: [`EntityWriter`] writes them, [`read`] reads those of any known layout.

mod annotation;
pub(crate) mod concepts;
mod mention_columns;
pub(crate) mod metadata;
mod reader;
mod values;
mod writer;

use arrow_schema::{DataType, Fields};

pub use self::{mention_columns::MentionColumns, reader::read, writer::EntityWriter};
use crate::{
    Layout, Offsets,
    field::{EntityField, EntityFields, FIELDS},
};

/// The layout of a column type, or `None` if it holds no entities.
///
/// Lists and texts may be of any Arrow flavour and integers of any width. Fields that [no entity must
/// have](EntityField::missing) may be absent, and further fields are ignored. Annotations must be those of Spark NLP's
/// `NerConverter`.
#[must_use]
pub fn layout(data_type: &DataType) -> Option<Layout> {
    match data_type {
        DataType::Struct(fields) => is_entity(fields, list_item).then_some(Layout::StructOfLists),
        list => match list_item(list)? {
            DataType::Struct(fields) if annotation::is_annotation(fields) => Some(Layout::Annotation),
            DataType::Struct(fields) => is_entity(fields, Some).then_some(Layout::ListOfStructs),
            _ => None,
        },
    }
}

/// The unit that columns of this layout have unless their writer chose another.
#[must_use]
pub fn usual_offsets(layout: Layout) -> Offsets {
    match layout {
        Layout::StructOfLists | Layout::ListOfStructs => Offsets::Char,
        Layout::Annotation => Offsets::Spark,
    }
}

impl EntityFields {
    /// The fields of an entity column of this type. For annotations these are the fields of every output: their type
    /// does not tell which keys their metadata has.
    #[must_use]
    pub fn of_column(data_type: &DataType) -> Self {
        let item = list_item(data_type);
        let value_type = |found| if item.is_some() { Some(found) } else { list_item(found) };
        let DataType::Struct(fields) = item.unwrap_or(data_type) else { return Self::default() };
        Self::only(|field| match fields.find(field.name) {
            Some((_, found)) if field.is_of_links() => {
                value_type(found.data_type()).is_some_and(|found| field.accepts(found))
            }
            found => found.is_some(),
        })
    }
}

fn list_item(data_type: &DataType) -> Option<&DataType> {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) => Some(item.data_type()),
        _ => None,
    }
}

/// True if `fields` are those of our entities. `inner` takes a field's type to that of one entity's value.
fn is_entity<'a>(fields: &'a Fields, inner: impl Fn(&'a DataType) -> Option<&'a DataType>) -> bool {
    FIELDS.iter().all(|field: &EntityField| match fields.find(field.name) {
        // others may use these names for something else, which is ignored
        Some(_) if field.is_of_links() => true,
        Some((_, found)) => inner(found.data_type()).is_some_and(|found| field.accepts(found)),
        None => field.missing.is_none(),
    })
}

#[cfg(test)]
mod tests {
    use super::{reader::read_fields, *};
    use crate::{Concept, Mention, Named};

    #[test]
    fn fields_of_every_type_come_back_in_every_layout() {
        let mention = |chunk: &'static str, begin: i64, attributes: [Option<bool>; 5]| Mention {
            chunk: Some(chunk.into()),
            entity: "D".into(),
            begin,
            end: begin + 3,
            confidence: Some(0.25),
            model: Some("m".into()),
            attributes,
            ..Mention::default()
        };
        let concept = |code: Option<&'static str>, concept_id| Concept {
            code: code.map(Into::into),
            term: Some("\"tos\" \n\u{0}".into()),
            vocabulary: Some("".into()),
            concept_id,
            standard_concept_id: Some(i64::MAX),
            similarity: Some(0.25),
        };
        let linked = |candidates: Vec<Concept<'static>>| Mention {
            concept: concept(Some("R05"), Some(-1)),
            candidates: Some(candidates),
            ..mention("tos", 20, [None; 5])
        };
        let negated = [Some(true), Some(false), Some(false), Some(true), Some(false)];
        let rows = [
            Some(vec![mention("tos", 4, negated), mention("", 9, [None; 5])]),
            None,
            Some(Vec::new()),
            Some(vec![mention("\u{1F469}", 0, [Some(false); 5])]),
            Some(vec![
                linked(Vec::new()),
                linked(vec![concept(Some("a"), Some(7)), concept(None, None), Concept::default()]),
            ]),
        ];
        let fields = EntityFields::all();
        for (name, layout) in Layout::named() {
            let mut writer = EntityWriter::new(layout, fields.clone());
            rows.iter().for_each(|row| writer.push(row.clone()).unwrap());
            let column = writer.finish().unwrap();
            assert_eq!(column.data_type(), &fields.data_type(layout), "{name}");
            assert_eq!(super::layout(column.data_type()), Some(layout));
            assert_eq!(read_fields(&column, &fields).unwrap(), rows, "{name}");
            assert_eq!(read_fields(&column.slice(2, 3), &fields).unwrap(), rows[2..], "a slice is read at its place");
        }
    }
}
