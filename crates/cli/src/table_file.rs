//! A table in a file, of any format that is read, and its columns checked.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use spanframe_engine::is_text;
use spanframe_jobs::{
    JobError,
    source::{self, Read, ReadLimits, Source},
};
use spanframe_store::locate;

use crate::error::CliError;

/// A file of rows that was opened.
pub struct TableFile {
    path: PathBuf,
    source: Box<dyn Source>,
}

impl TableFile {
    pub fn open(path: &Path) -> Result<Self, CliError> {
        let typed = path.display().to_string();
        let (store, inside) = locate(&typed).map_err(JobError::from)?;
        let file = store.reader(&inside).map_err(JobError::from)?;
        let source = source::open(file, &typed).map_err(JobError::from)?;
        Ok(Self { path: path.to_path_buf(), source })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn schema(&self) -> &SchemaRef {
        self.source.schema()
    }

    pub fn rows(&self) -> u64 {
        self.source.rows()
    }

    /// Index of a column, or an error that offers those there are.
    pub fn column(&self, name: &str) -> Result<usize, CliError> {
        self.schema().index_of(name).map_err(|_| {
            let known: Vec<&str> = self.schema().fields().iter().map(|f| f.name().as_str()).collect();
            let (url, column) = (self.path.display().to_string(), name.to_string());
            JobError::NoColumn { url, column, known: known.join(", ") }.into()
        })
    }

    /// Index of a text column.
    pub fn text_column(&self, name: &str) -> Result<usize, CliError> {
        let index = self.column(name)?;
        let found = self.schema().field(index).data_type();
        if is_text(found) {
            return Ok(index);
        }
        let (url, column, found) = (self.path.display().to_string(), name.to_string(), found.clone());
        Err(JobError::WrongType { url, column, found, expected: "strings" }.into())
    }

    /// The batches of all rows, with the given columns. A row that cannot be read is an error.
    pub fn read(
        &self, columns: &[usize],
    ) -> Result<impl Iterator<Item = Result<RecordBatch, CliError>> + use<>, CliError> {
        let url = self.path.display().to_string();
        let parts = 0..self.source.parts().len();
        let reads = self.source.read(parts, columns, None, ReadLimits::default()).map_err(JobError::from)?;
        Ok(reads.map(move |read| match read.map_err(JobError::from)? {
            Read::Rows { batch, .. } => Ok(batch),
            Read::Bad { line, reason, .. } => Err(JobError::Bad { url: url.clone(), line, reason }.into()),
            Read::Lost { rows, reason, .. } => Err(JobError::lost(&url, &rows, reason).into()),
        }))
    }
}
