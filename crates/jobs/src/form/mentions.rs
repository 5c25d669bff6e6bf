//! [`Mentions`]: the entities of a column, one after the other.

use std::{ops::Range, sync::Arc};

use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_select::take::take;
use spanframe_engine::entity_column::{self, Mention};

use super::FormError;

/// Entities with the rows they are of, in order.
pub struct Mentions {
    rows: Vec<u64>,
    mentions: Vec<Mention>,
}

impl Mentions {
    /// Reads a column of any layout. Null rows have no entities.
    pub fn read(column: &ArrayRef) -> Result<Self, FormError> {
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
    pub fn iter(&self, range: Range<usize>) -> impl Iterator<Item = (usize, &Mention)> {
        self.rows[range.clone()].iter().map(|&row| row as usize).zip(&self.mentions[range])
    }

    /// The columns of a batch, a row of it for each of these entities.
    pub fn repeated(&self, batch: &RecordBatch, range: Range<usize>) -> Result<Vec<ArrayRef>, FormError> {
        let rows = UInt64Array::from(self.rows[range].to_vec());
        let taken = batch.columns().iter().map(|column| take(column, &rows, None)).collect::<Result<_, _>>();
        taken.map_err(|_| FormError::Internal("rows cannot be repeated"))
    }

    /// `model`.
    pub fn models(&self, range: Range<usize>) -> ArrayRef {
        Arc::new(self.mentions[range].iter().map(|m| m.model.as_deref()).collect::<StringArray>())
    }

    /// `chunk`, `entity`, `begin`, `end` and `confidence`.
    pub fn columns(&self, range: Range<usize>) -> Result<[ArrayRef; 5], FormError> {
        let these = &self.mentions[range];
        let places = |of: fn(&Mention) -> i64| {
            let places = these.iter().map(|m| u32::try_from(of(m))).collect::<Result<Vec<_>, _>>();
            places.map(UInt32Array::from).map_err(|_| FormError::Internal("positions do not fit 32 bits"))
        };
        Ok([
            Arc::new(these.iter().map(|m| m.chunk.as_deref()).collect::<StringArray>()),
            Arc::new(these.iter().map(|m| Some(m.entity.as_str())).collect::<StringArray>()),
            Arc::new(places(|m| m.begin)?),
            Arc::new(places(|m| m.end)?),
            Arc::new(these.iter().map(|m| m.confidence).collect::<Float32Array>()),
        ])
    }
}
