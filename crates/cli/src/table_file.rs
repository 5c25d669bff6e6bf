//! [`TableFile`]: a file with rows, in any format that jobs read.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};
use spanframe_engine::{EngineError, input::bytes_as_text, is_text, shown_name::quoted_name};
use spanframe_jobs::{
    JobError,
    source::{self, CsvOptions, Format, ReadLimits, Source, SourceError, SourceItem},
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
        Self::open_with(path, CsvOptions::default())
    }

    /// As [`open`](Self::open), with options for CSV.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_with(path: &Path, csv: CsvOptions) -> Result<Self, CliError> {
        let url = path.display().to_string();
        let (store, inside) = locate(&url).map_err(JobError::from)?;
        let file = store.reader(&inside).map_err(JobError::from)?;
        let source = source::open_with(file, &url, csv).map_err(JobError::from)?;
        Ok(Self { path: path.to_path_buf(), source })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True for CSV and TSV, whose columns are all strings.
    pub fn is_csv(&self) -> bool {
        matches!(Format::of(&self.path.to_string_lossy()), Ok((Format::Csv(_), _)))
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
    /// [`JobError::NoColumn`] with the columns of the file, [`SourceError::DuplicateColumn`].
    pub fn column(&self, name: &str) -> Result<usize, CliError> {
        let url = || self.path.display().to_string();
        match (self.schema().index_of(name), self.schema().fields().iter().filter(|f| f.name() == name).count()) {
            (Ok(index), 1) => Ok(index),
            (Ok(_), _) => {
                Err(JobError::from(SourceError::DuplicateColumn { path: url(), column: quoted_name(name) }).into())
            }
            (Err(_), _) => Err(JobError::no_column(&url(), name, self.schema()).into()),
        }
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
        let (url, column, found) = (self.path.display().to_string(), format!("`{name}`"), found.clone());
        Err(JobError::WrongType { url, column, found, expected: "strings: name another column" }.into())
    }

    /// Index of the column `name`, which must hold ids.
    ///
    /// # Errors
    /// [`JobError::NoColumn`], [`CliError::NotId`].
    pub fn id_column(&self, name: &str) -> Result<usize, CliError> {
        let index = self.column(name)?;
        let found = self.schema().field(index).data_type();
        match is_text(found) || found.is_integer() {
            true => Ok(index),
            false => {
                let (path, column, found) = (self.path.clone(), name.to_string(), found.clone());
                Err(CliError::NotId { path, column, found })
            }
        }
    }

    /// All rows in batches, with the columns of the given indices. Columns of bytes come as strings.
    ///
    /// # Errors
    /// Those of [`Source::read`], here and in the items. A row that cannot be read is an error as well.
    pub fn read(
        &self, columns: &[usize],
    ) -> Result<impl Iterator<Item = Result<RecordBatch, CliError>> + use<>, CliError> {
        let path = self.path.clone();
        let parts = 0..self.source.parts().len();
        let reads = self.source.read(parts, columns, None, ReadLimits::default()).map_err(JobError::from)?;
        Ok(reads.map(move |read| match read.map_err(JobError::from)? {
            SourceItem::Rows { batch, .. } => Ok(with_texts(&batch).map_err(EngineError::from)?),
            SourceItem::Bad { line, reason, .. } => Err(CliError::BadLine { path: path.clone(), line, reason }),
            SourceItem::Lost { rows, reason, .. } => {
                let (first, last) = (rows.start, rows.end.saturating_sub(1));
                Err(CliError::Lost { path: path.clone(), first, last, reason })
            }
        }))
    }
}

/// Makes strings of all bytes: whoever reads such a column wants its text.
fn with_texts(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    if !batch.columns().iter().any(|column| column.data_type().is_binary()) {
        return Ok(batch.clone());
    }
    let columns: Vec<_> = batch.columns().iter().map(bytes_as_text).collect();
    let field =
        |(field, column): (&Arc<Field>, &ArrayRef)| Field::clone(field).with_data_type(column.data_type().clone());
    let fields: Vec<Field> = batch.schema_ref().fields().iter().zip(&columns).map(field).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
