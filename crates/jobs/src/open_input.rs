//! [`OpenInput`]: an input file that was opened, and its columns.

use std::sync::Arc;

use spanframe_store::{ReadAt, locate};

use crate::{
    JobError, JobOptions,
    input_columns::{ColumnTypes, InputColumns},
    plan::Unit,
    source::{self, Source},
};

/// An open input file.
pub struct OpenInput {
    pub url: String,
    pub source: Box<dyn Source>,
    pub columns: InputColumns,
}

impl OpenInput {
    /// Opens a file and looks up its columns. Kept columns get the types of `planned` in the output.
    ///
    /// # Errors
    /// [`JobError::Source`], [`JobError::NoColumn`], [`JobError::WrongType`].
    pub fn new(file: Arc<dyn ReadAt>, url: &str, job: &JobOptions, planned: &ColumnTypes) -> Result<Self, JobError> {
        let source = source::open_with(file, url, job.csv())?;
        let columns = InputColumns::new(url, source.as_ref(), job, planned)?;
        Ok(Self { url: url.to_string(), source, columns })
    }

    /// Opens the file of a unit, if it still has the version that was planned.
    ///
    /// # Errors
    /// [`JobError::InputGone`], [`JobError::InputChanged`], [`JobError::Input`], and those of [`new`](Self::new).
    pub fn of_unit(unit: &Unit, job: &JobOptions, planned: &ColumnTypes) -> Result<Self, JobError> {
        let (store, path) = locate(&unit.url)?;
        let found = store.stat(&path).map_err(JobError::Input)?;
        let object = found.ok_or_else(|| JobError::InputGone(unit.url.clone()))?;
        if object.version != unit.version {
            return Err(JobError::InputChanged(unit.url.clone()));
        }
        Self::new(store.reader(&path).map_err(JobError::Input)?, &unit.url, job, planned)
    }
}
