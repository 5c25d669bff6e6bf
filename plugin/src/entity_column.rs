//! [`EntityColumn`]: a column of entities from Python.

use arrow_array::{Array, ArrayRef};
use arrow_schema::Field;
use pyo3::PyResult;
use spanframe_engine::{EngineError, Mention, Offsets, RawOptions, entity_column};

use crate::error::python;

/// A column of entities in any layout.
pub struct EntityColumn {
    chunks: Vec<ArrayRef>,
    /// Unit of the positions.
    pub offsets: Offsets,
}

impl EntityColumn {
    /// Takes the chunks of a column. `offsets` names the unit of the positions, by default the usual one of the layout.
    ///
    /// # Errors
    /// [`InputError`](crate::error::InputError) if the column does not hold entities, or the unit is unknown.
    pub fn new(field: &Field, chunks: Vec<ArrayRef>, offsets: Option<String>) -> PyResult<Self> {
        let layout = entity_column::layout(field.data_type())
            .ok_or_else(|| python(&EngineError::NotEntities(field.data_type().clone())))?;
        let offsets = match offsets {
            None => entity_column::usual_offsets(layout),
            Some(_) => crate::options(RawOptions { offsets, ..RawOptions::default() }).map_err(|e| python(&e))?.offsets,
        };
        Ok(Self { chunks, offsets })
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.len()).sum()
    }

    /// Returns the first `rows` rows, without a copy.
    pub fn head(&self, mut rows: usize) -> Self {
        let head = self.chunks.iter().map(|chunk| {
            let part = chunk.slice(0, chunk.len().min(rows));
            rows -= part.len();
            part
        });
        Self { chunks: head.collect(), offsets: self.offsets }
    }

    /// Reads the entities of each row; `None` for a null.
    ///
    /// # Errors
    /// [`EngineError::WrongEntities`] if a row contradicts itself, with its number in the whole column.
    pub fn mentions(&self) -> Result<Vec<Option<Vec<Mention<'_>>>>, EngineError> {
        let mut mentions = Vec::with_capacity(self.rows());
        for chunk in &self.chunks {
            let first_row = mentions.len();
            mentions.extend(entity_column::read(chunk).map_err(|error| match error {
                EngineError::WrongEntities { row, reason } => {
                    EngineError::WrongEntities { row: first_row + row, reason }
                }
                other => other,
            })?);
        }
        Ok(mentions)
    }
}
