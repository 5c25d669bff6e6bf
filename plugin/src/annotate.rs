//! Annotates columns while the caller's thread checks for signals.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef};
use pyo3::{exceptions::PyKeyboardInterrupt, prelude::*};
use spanframe_engine::{Engine, EngineError, Notes, OnError, Step};

use crate::{
    error::python,
    input::joined,
    interruptible::{StopFlag, interruptible},
};

/// An engine, and what to do with a row that it cannot annotate.
#[derive(Clone)]
pub struct Annotator {
    pub engine: Arc<Engine>,
    pub on_error: OnError,
}

/// The texts of some rows.
pub struct Column {
    pub texts: ArrayRef,
    /// The language of each row, if the caller gave any.
    pub languages: Option<ArrayRef>,
}

impl Column {
    pub fn notes(&self) -> Notes<'_> {
        Notes { texts: &self.texts, languages: self.languages.as_ref().map(|codes| codes as &dyn Array) }
    }
}

impl Annotator {
    /// Returns the entities of each of `columns`, consecutive parts of one column. Errors count rows through all parts.
    /// A signal ends the work after the current batches.
    ///
    /// # Errors
    /// Those of [`Engine::annotate`], and the exception of a signal handler.
    pub fn annotate(&self, py: Python<'_>, columns: Vec<Column>) -> PyResult<Vec<ArrayRef>> {
        let annotator = self.clone();
        let work = move |stop: StopFlag, _updates| {
            let mut first_row = 0;
            let entities = columns.iter().map(|column| {
                let entities = annotator.column(column, first_row, &stop)?;
                first_row += column.texts.len();
                Ok(entities)
            });
            let entities: Result<_, Option<EngineError>> = entities.collect();
            // after a stop the signal's own exception is raised, not this one
            entities.map_err(|error| error.map_or_else(|| PyKeyboardInterrupt::new_err(()), |error| python(&error)))
        };
        interruptible(py, work, |_, ()| Ok(()))
    }

    /// Returns the entities of one part, which begins at row `first_row` of the column. The error is `None` after a
    /// stop.
    fn column(&self, column: &Column, first_row: usize, stop: &StopFlag) -> Result<ArrayRef, Option<EngineError>> {
        let mut parts = Vec::new();
        self.engine.annotate_each(column.notes(), |step| match step {
            Step::Batch if stop.is_set() => Err(None),
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
