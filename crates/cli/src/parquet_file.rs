//! Reads Parquet files, row group by row group, and checks their columns.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use arrow_schema::{DataType, SchemaRef};
use parquet::arrow::{
    ProjectionMask,
    arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder},
};

use crate::error::CliError;

/// Rows that are read at once.
const BATCH_ROWS: usize = 1024;

/// A Parquet file whose footer was read. It is open only while it is read: a job may have more files than a process may
/// open.
pub struct ParquetFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
}

impl ParquetFile {
    pub fn open(path: &Path) -> Result<Self, CliError> {
        let read = |source| CliError::Read { path: path.to_path_buf(), source };
        let file = File::open(path).map_err(read)?;
        if file.metadata().map_err(read)?.is_dir() {
            return Err(CliError::Folder(path.to_path_buf()));
        }
        let metadata = ArrowReaderMetadata::load(&file, Default::default())
            .map_err(|e| CliError::NotParquet { path: path.to_path_buf(), reason: e.to_string() })?;
        Ok(Self { path: path.to_path_buf(), metadata })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    pub fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    pub fn row_groups(&self) -> usize {
        self.metadata.metadata().num_row_groups()
    }

    /// Index of a column, or an error that offers those there are.
    pub fn column(&self, name: &str) -> Result<usize, CliError> {
        self.schema().index_of(name).map_err(|_| {
            let names: Vec<&str> = self.schema().fields().iter().map(|f| f.name().as_str()).collect();
            CliError::NoColumn { path: self.path.clone(), column: name.to_string(), known: names.join(", ") }
        })
    }

    /// Index of a text column.
    pub fn text_column(&self, name: &str) -> Result<usize, CliError> {
        let index = self.column(name)?;
        let is_text =
            |t: &DataType| matches!(t, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null);
        match self.schema().field(index).data_type() {
            t if is_text(t) => Ok(index),
            DataType::Dictionary(_, values) if is_text(values) => Ok(index),
            other => Err(CliError::NotText { path: self.path.clone(), column: name.to_string(), found: other.clone() }),
        }
    }

    /// The batches of one row group, with the given top-level columns.
    pub fn read(&self, row_group: usize, columns: &[usize]) -> Result<ParquetRecordBatchReader, CliError> {
        let file = File::open(&self.path).map_err(|source| CliError::Read { path: self.path.clone(), source })?;
        let roots = columns.iter().copied();
        let mask = ProjectionMask::roots(self.metadata.metadata().file_metadata().schema_descr(), roots);
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![row_group])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
            .map_err(|e| self.damaged(&e))
    }

    /// A failure while reading.
    pub fn damaged(&self, error: &dyn std::error::Error) -> CliError {
        CliError::NotParquet { path: self.path.clone(), reason: error.to_string() }
    }
}
