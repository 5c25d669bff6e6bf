//! Annotates columns in parts, so that a signal can end the work.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, new_empty_array};
use pyo3::{exceptions::PyKeyboardInterrupt, prelude::*};
use spanframe_engine::{Engine, EngineError, EngineOptions, Mention, Notes, OnError, Step, schema};

use crate::{
    error::python,
    input::joined,
    interruptible::{StopFlag, interruptible},
};

/// Rows that are diagnosed between two looks at the stop flag.
const DIAGNOSED_ROWS: usize = 4096;

/// True if the work should end.
pub type ShouldStop<'a> = dyn Fn() -> bool + Sync + 'a;

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
    fn notes(&self) -> Notes<'_> {
        Notes { texts: &self.texts, languages: self.languages.as_ref().map(|codes| codes as &dyn Array) }
    }

    /// Returns its rows, some at a time. One language for all rows stays one.
    fn parts(&self) -> impl Iterator<Item = Self> {
        let rows = self.texts.len();
        (0..rows).step_by(DIAGNOSED_ROWS).map(move |begin| {
            let len = DIAGNOSED_ROWS.min(rows - begin);
            let part = |codes: &ArrayRef| if codes.len() == rows { codes.slice(begin, len) } else { Arc::clone(codes) };
            Self { texts: self.texts.slice(begin, len), languages: self.languages.as_ref().map(part) }
        })
    }
}

impl Annotator {
    /// Loads the models.
    ///
    /// # Errors
    /// Those of [`Engine::new`].
    pub fn new(options: &EngineOptions) -> Result<Self, EngineError> {
        Ok(Self { engine: Arc::new(Engine::new(options)?), on_error: options.on_error })
    }

    /// Returns the entities of each of `columns`, consecutive parts of one column. Errors count rows through all parts.
    /// A signal ends the work after the current batches.
    ///
    /// # Errors
    /// Those of [`Engine::annotate`], and the exception of a signal handler.
    pub fn annotate(&self, py: Python<'_>, columns: Vec<Column>) -> PyResult<Vec<ArrayRef>> {
        self.stoppable(py, move |annotator, should_stop| {
            let mut first_row = 0;
            let entities = columns.iter().map(|column| {
                let parts = annotator.parts(column, first_row, should_stop)?;
                first_row += column.texts.len();
                Ok(joined(annotator.engine.field("").data_type(), &parts)?)
            });
            entities.collect()
        })
    }

    /// Returns the entities of one text.
    ///
    /// # Errors
    /// Those of [`Engine::annotate_text`], and the exception of a signal handler.
    pub fn annotate_text(
        &self, py: Python<'_>, text: String, language: Option<String>,
    ) -> PyResult<Vec<Mention<'static>>> {
        self.stoppable(py, move |annotator, should_stop| {
            let on_batch = || if should_stop() { Err(None) } else { Ok(()) };
            annotator.engine.annotate_text_each(&text, language.as_deref(), on_batch)
        })
    }

    /// Returns the diagnostics of each row.
    ///
    /// # Errors
    /// Those of [`Engine::diagnose`], and the exception of a signal handler.
    pub fn diagnose(&self, py: Python<'_>, column: Column) -> PyResult<ArrayRef> {
        self.stoppable(py, move |annotator, should_stop| annotator.diagnostics(&column, should_stop))
    }

    /// Runs `work` while the caller's thread checks for signals.
    fn stoppable<T: Send + 'static>(
        &self, py: Python<'_>,
        work: impl FnOnce(&Self, &ShouldStop<'_>) -> Result<T, Option<EngineError>> + Send + 'static,
    ) -> PyResult<T> {
        let annotator = self.clone();
        let work = move |stop: StopFlag, _updates| {
            let done = work(&annotator, &|| stop.is_set());
            // after a stop the signal's own exception is raised, not this one
            done.map_err(|error| error.map_or_else(|| PyKeyboardInterrupt::new_err(()), |error| python(&error)))
        };
        interruptible(py, work, |_, ()| Ok(()))
    }

    /// Returns the entities of one part, which begins at row `first_row` of the column, as arrays that follow each
    /// other. The error is `None` after a stop.
    pub fn parts(
        &self, column: &Column, first_row: usize, should_stop: &ShouldStop<'_>,
    ) -> Result<Vec<ArrayRef>, Option<EngineError>> {
        let mut parts = Vec::new();
        self.engine.annotate_each(column.notes(), |step| match step {
            Step::Batch if should_stop() => Err(None),
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
        Ok(parts)
    }

    /// Returns the diagnostics of each row. The error is `None` after a stop.
    pub fn diagnostics(&self, column: &Column, should_stop: &ShouldStop<'_>) -> Result<ArrayRef, Option<EngineError>> {
        let rows = column.texts.len();
        if column.languages.as_ref().is_some_and(|codes| ![1, rows].contains(&codes.len())) {
            return Ok(self.engine.diagnose(column.notes())?); // its error has the numbers of rows
        }
        let parts = column.parts().map(|part| match should_stop() {
            true => Err(None),
            false => Ok(self.engine.diagnose(part.notes())?),
        });
        let mut parts = parts.collect::<Result<Vec<_>, Option<EngineError>>>()?;
        if parts.is_empty() {
            parts.push(self.engine.diagnose(column.notes())?); // checks the types of a column without rows
        }
        Ok(joined(&schema::diagnostics_type(), &parts)?)
    }

    /// Returns a column without rows, of the type of the entities.
    pub fn no_entities(&self) -> ArrayRef {
        new_empty_array(self.engine.field("").data_type())
    }
}
