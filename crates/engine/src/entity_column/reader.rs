//! Reads entity columns of any known layout, without copying their texts.

use std::rc::Rc;

use arrow_array::{Array, StructArray, cast::AsArray};
use arrow_buffer::NullBuffer;

use super::{
    annotation, layout,
    metadata::Metadata,
    values::{Rows, Values, field_values},
};
use crate::{
    EngineError, Layout, Mention,
    field::{EntityField, EntityFields},
};

/// The mentions of each row of `column`, in the order of the column. `None` for a null row.
///
/// # Errors
/// [`EngineError::NotEntities`] for a type that has no [`layout`]; [`EngineError::WrongEntities`] for a row whose lists have
/// different lengths, or that has an entity without type or position.
///
/// ```
/// use arrow_array::{Array, StringArray};
/// use spanframe_engine::entity_column;
///
/// let message = entity_column::read(&StringArray::from(vec!["x"])).unwrap_err().to_string();
/// assert!(message.starts_with("the column is Utf8, expected entities"));
/// ```
pub fn read(column: &dyn Array) -> Result<Vec<Option<Vec<Mention<'_>>>>, EngineError> {
    read_fields(column, &EntityFields::all())
}

/// As [`read`], but these fields alone.
pub(super) fn read_fields<'a>(
    column: &'a dyn Array, fields: &EntityFields,
) -> Result<Vec<Option<Vec<Mention<'a>>>>, EngineError> {
    let reader = layout(column.data_type()).and_then(|layout| Reader::new(column, layout, fields));
    let reader = reader.ok_or_else(|| EngineError::NotEntities(column.data_type().clone()))?;
    (0..column.len()).map(|row| reader.row(row)).collect()
}

/// An entity column as one column a field.
struct Reader<'a> {
    columns: Vec<FieldColumn<'a>>,
    /// Rows that are there, in a struct of lists.
    rows: Option<&'a NullBuffer>,
    /// Entities that are there, in a list of structs.
    entities: Option<&'a NullBuffer>,
}

/// The values of one field, in lists.
struct FieldColumn<'a> {
    field: &'static EntityField,
    rows: Rows<'a>,
    values: Values<'a>,
}

impl<'a> Reader<'a> {
    /// Opens the column of each field in `fields` that the array has. `None` for a type of another layout.
    fn new(column: &'a dyn Array, layout: Layout, fields: &EntityFields) -> Option<Self> {
        if layout == Layout::StructOfLists {
            let column = column.as_struct_opt()?;
            let field_column = |field: &'static EntityField| {
                let (rows, values) = Rows::of_list(column.column_by_name(field.name)?)?;
                Some(FieldColumn { field, rows, values: field_values(field, values)? })
            };
            let columns = fields.iter().filter_map(field_column).collect();
            return Some(Self { columns, rows: column.nulls(), entities: None });
        }
        let (rows, entities) = Rows::of_list(column)?;
        let entities: &StructArray = entities.as_struct_opt()?;
        let metadata = match layout {
            Layout::Annotation => Some(Rc::new(Metadata::new(entities)?)),
            _ => None,
        };
        let field_column = |field: &'static EntityField| {
            let values = match &metadata {
                Some(metadata) => annotation::values(entities, metadata, field)?,
                None => field_values(field, entities.column_by_name(field.name)?)?,
            };
            Some(FieldColumn { field, rows, values })
        };
        let columns = fields.iter().filter_map(field_column).collect();
        Some(Self { columns, rows: None, entities: entities.nulls() })
    }

    fn row(&self, row: usize) -> Result<Option<Vec<Mention<'a>>>, EngineError> {
        let mut needed = self.columns.iter().filter(|column| column.field.missing.is_some());
        // a null struct may hide anything in its lists
        if self.rows.is_some_and(|rows| rows.is_null(row)) || needed.clone().all(|column| column.rows.is_null(row)) {
            return Ok(None);
        }
        let wrong = |reason| EngineError::WrongEntities { row, reason };
        let count = needed.next().map_or(0, |column| column.rows.range(row).len());
        if self.columns.iter().any(|column| column.rows.range(row).len() != count) {
            return Err(wrong("lists of different lengths"));
        }
        (0..count).map(|i| self.mention(row, i).map_err(wrong)).collect::<Result<_, _>>().map(Some)
    }

    /// The mention with the number `i` of `row`, or what is wrong with it.
    fn mention(&self, row: usize, i: usize) -> Result<Mention<'a>, &'static str> {
        let mut mention = Mention::default();
        for FieldColumn { field, rows, values } in &self.columns {
            let place = rows.range(row).start + i;
            if self.entities.is_some_and(|entities| entities.is_null(place)) {
                return Err("a null entity");
            }
            match (values(place), field.missing) {
                (Some(value), _) => field.set(&mut mention, value),
                (None, Some(reason)) => return Err(reason),
                (None, None) => {}
            }
        }
        if mention.begin < 0 || mention.end < mention.begin - 1 {
            return Err("an entity that ends before it begins");
        }
        Ok(mention)
    }
}
