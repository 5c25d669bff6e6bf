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

/// The entities of all rows, in order, and the row of each.
pub struct Mentions<'a> {
    rows: Vec<u64>,
    mentions: Vec<Mention<'a>>,
}

impl<'a> Mentions<'a> {
    /// Reads an entity column of any layout. A null row has no entities.
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

    /// The entities of `range`, each with its row.
    pub fn iter(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &Mention<'a>)> {
        self.rows[range.clone()].iter().map(|&row| row as usize).zip(&self.mentions[range])
    }

    /// The columns of `batch`, with the row of each entity of `range`.
    pub fn repeated(&self, batch: &RecordBatch, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let rows = UInt64Array::from(self.rows[range].to_vec());
        let taken = batch.columns().iter().map(|column| take(column, &rows, None)).collect::<Result<_, _>>();
        taken.map_err(|_| FormError::Internal("rows cannot be repeated"))
    }

    /// A column per field, with a value for each entity of `range`.
    pub fn columns(&self, fields: &EntityFields, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let mut columns = MentionColumns::new(fields);
        self.mentions[range].iter().try_for_each(|mention| columns.push(mention))?;
        Ok(columns.finish())
    }
}
