//! Columns that are annotated while the caller's thread heeds signals.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use pyo3::{exceptions::PyKeyboardInterrupt, prelude::*};
use spanframe_engine::{Engine, EngineError, Notes, OnError, Step};

use crate::{
    attend::{Stop, attended},
    error::python,
    input::joined,
};

/// An engine, and what becomes of a row that it cannot annotate.
#[derive(Clone)]
pub struct Annotator {
    pub engine: Arc<Engine>,
    pub on_error: OnError,
}

/// The texts of some rows, with their languages where they are told.
pub struct Column {
    pub texts: ArrayRef,
    pub languages: Option<ArrayRef>,
}

impl Column {
    pub fn notes(&self) -> Notes<'_> {
        Notes { texts: &self.texts, languages: self.languages.as_ref().map(|codes| codes as &dyn Array) }
    }
}

impl Annotator {
    /// The entities of each of the columns, which are parts of one: rows are counted through them. A signal ends the work after the
    /// batches in hand.
    ///
    /// # Errors
    /// Those of [`Engine::annotate`], and what a signal handler raises.
    pub fn annotate(&self, py: Python<'_>, columns: Vec<Column>) -> PyResult<Vec<ArrayRef>> {
        let annotator = self.clone();
        let work = move |stop: Stop, _tell| {
            let mut first_row = 0;
            let entities = columns.iter().map(|column| {
                let entities = annotator.column(column, first_row, &stop)?;
                first_row += column.texts.len();
                Ok(entities)
            });
            let entities: Result<_, Option<EngineError>> = entities.collect();
            // one that was stopped is never seen: the signal's own exception is raised
            entities.map_err(|error| error.map_or_else(|| PyKeyboardInterrupt::new_err(()), |error| python(&error)))
        };
        attended(py, work, |_, ()| Ok(()))
    }

    /// The entities of a column whose first row is `first_row` of the whole; an error of `None` where it was stopped.
    fn column(&self, column: &Column, first_row: usize, stop: &Stop) -> Result<ArrayRef, Option<EngineError>> {
        let mut parts = Vec::new();
        self.engine.annotate_each(column.notes(), |step| match step {
            Step::Batch if stop.is_asked() => Err(None),
            Step::Batch => Ok(()),
            Step::Rows(rows) => match rows.errors.into_iter().next() {
                Some(mut error) if self.on_error == OnError::Raise => {
                    error.row += first_row;
                    Err(Some(error.into()))
                }
                _ => {
                    parts.push(rows.column);
                    Ok(())
                }
            },
        })?;
        Ok(joined(self.engine.field("").data_type(), &parts)?)
    }
}
