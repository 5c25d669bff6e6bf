//! [`EntityWriter`]: mentions of rows become an entity column.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::DataType;

use super::{annotation::Annotations, mention_columns::MentionColumns};
use crate::{EngineError, Layout, Mention, field::EntityFields, schema};

/// Collects the mentions of rows, in row order, into one array.
pub struct EntityWriter {
    data_type: DataType,
    fields: EntityFields,
    columns: Columns,
    /// Number of mentions up to the end of each row, after a 0.
    ends: Vec<i32>,
    valid: Vec<bool>,
}

enum Columns {
    Fields(MentionColumns),
    Annotations(Box<Annotations>),
}

impl EntityWriter {
    /// A writer without rows, of mentions with these fields.
    #[must_use]
    pub fn new(layout: Layout, fields: EntityFields) -> Self {
        Self {
            data_type: fields.data_type(layout),
            columns: match layout {
                Layout::Annotation => Columns::Annotations(Box::default()),
                Layout::StructOfLists | Layout::ListOfStructs => Columns::Fields(MentionColumns::new(&fields)),
            },
            fields,
            ends: vec![0],
            valid: Vec::new(),
        }
    }

    /// Adds a row with its mentions, sorted by begin. `None` adds a null.
    ///
    /// # Errors
    /// [`EngineError::OutputTooLarge`] if the texts of a field outgrow 32-bit offsets, or a position its type.
    pub fn push<'m>(&mut self, row: Option<impl IntoIterator<Item = Mention<'m>>>) -> Result<(), EngineError> {
        let Some(mentions) = row else {
            self.push_null();
            return Ok(());
        };
        self.valid.push(true);
        let rows = self.valid.len();
        let mut count = 0;
        for mention in mentions {
            let pushed = match &mut self.columns {
                Columns::Fields(columns) => columns.push(&mention),
                Columns::Annotations(annotations) => annotations.push(&self.fields, &mention, count),
            };
            pushed.map_err(|error| match error {
                EngineError::OutputTooLarge { .. } => EngineError::OutputTooLarge { rows },
                other => other,
            })?;
            count += 1;
        }
        let end = self.ends[rows - 1] as usize + count;
        self.ends.push(i32::try_from(end).map_err(|_| EngineError::OutputTooLarge { rows })?);
        Ok(())
    }

    /// Adds a null.
    pub fn push_null(&mut self) {
        self.valid.push(false);
        self.ends.push(self.ends[self.ends.len() - 1]);
    }

    /// The column, of type [`EntityFields::data_type`].
    ///
    /// # Errors
    /// [`EngineError::Internal`] if the parts do not fit each other.
    pub fn finish(self) -> Result<ArrayRef, EngineError> {
        let nulls = Some(NullBuffer::from(self.valid)).filter(|nulls| nulls.null_count() > 0);
        let offsets = OffsetBuffer::new(self.ends.into());
        let columns = match self.columns {
            Columns::Fields(columns) => columns.finish(),
            Columns::Annotations(annotations) => annotations.finish()?,
        };
        Ok(match self.data_type {
            DataType::Struct(fields) => {
                let list = |values: ArrayRef| -> Result<ArrayRef, EngineError> {
                    let item = schema::item(values.data_type().clone(), true);
                    Ok(Arc::new(ListArray::try_new(item, offsets.clone(), values, nulls.clone())?))
                };
                let lists = columns.into_iter().map(list).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(fields, lists, nulls)?)
            }
            DataType::List(item) => {
                let DataType::Struct(fields) = item.data_type() else {
                    return Err(EngineError::Internal("entities are no struct".to_string()));
                };
                let entities = StructArray::try_new(fields.clone(), columns, None)?;
                Arc::new(ListArray::try_new(item, offsets, Arc::new(entities), nulls)?)
            }
            other => return Err(EngineError::Internal(format!("entities cannot be {other}"))),
        })
    }
}
