//! [`TableFile`]: a file with rows, in any format that jobs read.

use std::path::{Path, PathBuf};

use arrow_array::RecordBatch;
use arrow_schema::{DataType, SchemaRef};
use spanframe_engine::is_text;
use spanframe_jobs::{
    JobError,
    source::{self, ReadLimits, Source, SourceItem},
};
use spanframe_store::locate;

use crate::error::CliError;

/// An open file with rows: Parquet, Arrow IPC, CSV, TSV or NDJSON, on disk or in an object store.
pub struct TableFile {
    path: PathBuf,
    source: Box<dyn Source>,
}

impl TableFile {
    /// Opens the file at `path`, which may be a URL.
    ///
    /// # Errors
    /// [`CliError::Job`] if it does not exist or is not a file of one of the formats.
    pub fn open(path: &Path) -> Result<Self, CliError> {
        let url = path.display().to_string();
        let (store, inside) = locate(&url).map_err(JobError::from)?;
        let file = store.reader(&inside).map_err(JobError::from)?;
        let source = source::open(file, &url).map_err(JobError::from)?;
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

    /// Index of the column `name`.
    ///
    /// # Errors
    /// [`JobError::NoColumn`] with the columns of the file.
    pub fn column(&self, name: &str) -> Result<usize, CliError> {
        self.schema().index_of(name).map_err(|_| {
            let known: Vec<&str> = self.schema().fields().iter().map(|f| f.name().as_str()).collect();
            let (url, column) = (self.path.display().to_string(), name.to_string());
            JobError::NoColumn { url, column, known: known.join(", ") }.into()
        })
    }

    /// Index of the column `name`, which must hold strings.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`JobError::WrongType`].
    pub fn text_column(&self, name: &str) -> Result<usize, CliError> {
        let index = self.column(name)?;
        let found = self.schema().field(index).data_type();
        if is_text(found) {
            return Ok(index);
        }
        let (url, column, found) = (self.path.display().to_string(), name.to_string(), found.clone());
        Err(JobError::WrongType { url, column, found, expected: "strings" }.into())
    }

    /// Index of the column `name`, which must hold ids.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`CliError::NotId`].
    pub fn id_column(&self, name: &str) -> Result<usize, CliError> {
        let index = self.column(name)?;
        let found = self.schema().field(index).data_type();
        let is_dictionary = matches!(found, DataType::Dictionary(..));
        match found.is_string() || found.is_integer() || is_dictionary {
            true => Ok(index),
            false => {
                let (path, column, found) = (self.path.clone(), name.to_string(), found.clone());
                Err(CliError::NotId { path, column, found })
            }
        }
    }

    /// All rows in batches, with the columns of the given indices.
    ///
    /// # Errors
    /// Those of [`Source::read`], here and in the items. A row that cannot be read is an error as well.
    pub fn read(
        &self, columns: &[usize],
    ) -> Result<impl Iterator<Item = Result<RecordBatch, CliError>> + use<>, CliError> {
        let url = self.path.display().to_string();
        let parts = 0..self.source.parts().len();
        let reads = self.source.read(parts, columns, None, ReadLimits::default()).map_err(JobError::from)?;
        Ok(reads.map(move |read| match read.map_err(JobError::from)? {
            SourceItem::Rows { batch, .. } => Ok(batch),
            SourceItem::Bad { line, reason, .. } => Err(JobError::Bad { url: url.clone(), line, reason }.into()),
            SourceItem::Lost { rows, reason, .. } => Err(JobError::lost(&url, &rows, reason).into()),
        }))
    }
}
