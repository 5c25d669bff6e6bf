//! [`Mentions`]: the entities of a column, one after the other.

use std::ops::Range;

use arrow_array::{ArrayRef, RecordBatch, UInt64Array};
use arrow_select::take::take;
use spanframe_engine::{
    Mention,
    entity_column::{self, MentionColumns},
    field::EntityFields,
};

use super::FormError;

/// Entities with the rows they are of, in order.
pub struct Mentions<'a> {
    rows: Vec<u64>,
    mentions: Vec<Mention<'a>>,
}

impl<'a> Mentions<'a> {
    /// Reads a column of any layout. Null rows have no entities.
    pub fn read(column: &'a ArrayRef) -> Result<Self, FormError> {
        let (mut rows, mut mentions) = (Vec::new(), Vec::new());
        for (row, found) in entity_column::read(column)?.into_iter().enumerate() {
            let found = found.unwrap_or_default();
            rows.extend(std::iter::repeat_n(row as u64, found.len()));
            mentions.extend(found);
        }
        Ok(Self { rows, mentions })
    }

    /// Number of entities.
    pub fn len(&self) -> usize {
        self.mentions.len()
    }

    /// The row of an entity.
    pub fn row(&self, i: usize) -> usize {
        self.rows[i] as usize
    }

    /// Some of them, with their rows.
    pub fn iter(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &Mention<'a>)> {
        self.rows[range.clone()].iter().map(|&row| row as usize).zip(&self.mentions[range])
    }

    /// The columns of a batch, a row of it for each of these entities.
    pub fn repeated(&self, batch: &RecordBatch, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let rows = UInt64Array::from(self.rows[range].to_vec());
        let taken = batch.columns().iter().map(|column| take(column, &rows, None)).collect::<Result<_, _>>();
        taken.map_err(|_| FormError::Internal("rows cannot be repeated"))
    }

    /// One column for each of `fields`.
    pub fn columns(&self, fields: &EntityFields, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let mut columns = MentionColumns::new(fields);
        self.mentions[range].iter().try_for_each(|mention| columns.push(mention))?;
        Ok(columns.finish())
    }
}
