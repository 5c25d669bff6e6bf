//! [`Sink`]: a Parquet file that is being written.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{Field, FieldRef, Schema, SchemaRef};
use parquet::{
    arrow::ArrowWriter,
    basic::{Compression, GzipLevel, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
};
use spanframe_store::ReadAt;
use strum::{IntoStaticStr, VariantArray};

use crate::{
    parquet_type::parquet_field,
    source::{SourceError, key_values},
};

/// How columns are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Codec {
    /// Zstandard at level 1, Parquet's default.
    #[default]
    Zstd,
    /// Snappy.
    Snappy,
    /// LZ4 (`LZ4_RAW`, which all current readers know).
    Lz4,
    /// Gzip.
    Gzip,
    /// Not at all.
    None,
}

impl Codec {
    fn parquet(self) -> Compression {
        match self {
            Self::Zstd => Compression::ZSTD(ZstdLevel::default()),
            Self::Snappy => Compression::SNAPPY,
            Self::Lz4 => Compression::LZ4_RAW,
            Self::Gzip => Compression::GZIP(GzipLevel::default()),
            Self::None => Compression::UNCOMPRESSED,
        }
    }
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkOptions {
    /// Most rows of a row group.
    pub row_group_rows: usize,
    /// A row group is closed when it holds about this many encoded bytes, which is also what is held in memory.
    pub row_group_bytes: usize,
    /// Of columns.
    pub codec: Codec,
    /// Keys and values of the footer.
    pub metadata: Vec<(String, String)>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self { row_group_rows: 1 << 20, row_group_bytes: 64 << 20, codec: Codec::default(), metadata: Vec::new() }
    }
}

/// Why a file cannot be written. No message carries a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The disk or the store. Its [kind](io::Error::kind) tells a full disk from a missing right.
    #[error("the output cannot be written: {0}")]
    Io(#[source] io::Error),
    /// Columns that Parquet cannot hold, or batches of another schema.
    #[error("the output cannot be written as Parquet ({0}): leave the column out (`select`), or cast it first")]
    Schema(String),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// Row groups.
    pub row_groups: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes batches into row groups of bounded size.
///
/// Times in seconds are written as milliseconds, and `Date64` as `Date32`: Parquet has neither.
pub struct Sink<W: Write + Send> {
    writer: ArrowWriter<Counted<W>>,
    /// What batches are cast to, if that is not what they are.
    cast: Option<SchemaRef>,
    failed: Failed,
    rows: u64,
}

/// The first failure of the disk or the store: Parquet's own errors keep its message alone.
type Failed = Arc<Mutex<Option<io::Error>>>;

fn error(failed: &Failed, seen: &ParquetError) -> SinkError {
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => SinkError::Io(error),
        None => SinkError::Schema(seen.to_string()),
    }
}

impl<W: Write + Send> Sink<W> {
    /// Begins a file of batches of `schema`.
    ///
    /// # Errors
    /// [`SinkError::Schema`] for a type that Parquet does not have, [`SinkError::Io`] if nothing can be written.
    pub fn new(writer: W, schema: SchemaRef, options: &SinkOptions) -> Result<Self, SinkError> {
        let metadata = options.metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
        let properties = WriterProperties::builder()
            .set_compression(options.codec.parquet())
            .set_max_row_group_row_count(Some(options.row_group_rows.max(1)))
            .set_max_row_group_bytes(Some(options.row_group_bytes.max(1)))
            .set_created_by(concat!("spanframe ", env!("CARGO_PKG_VERSION")).to_string())
            .set_key_value_metadata(Some(metadata))
            .build();
        let written = written(&schema)?;
        let cast = (written.fields() != schema.fields()).then(|| Arc::clone(&written));
        let failed = Failed::default();
        let counted = Counted { inner: writer, bytes: 0, failed: Arc::clone(&failed) };
        let writer = ArrowWriter::try_new(counted, written, Some(properties)).map_err(|e| error(&failed, &e))?;
        Ok(Self { writer, cast, failed, rows: 0 })
    }

    /// Adds rows.
    ///
    /// # Errors
    /// [`SinkError::Io`] if the disk or the store fails, after which the file is of no use; [`SinkError::Schema`] for a time
    /// that milliseconds cannot hold.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        let written = match &self.cast {
            Some(schema) => self.writer.write(&cast(batch, schema)?),
            None => self.writer.write(batch),
        };
        written.map_err(|e| error(&self.failed, &e))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Adds a key and a value to the footer: for what is known at the end alone.
    pub fn append_metadata(&mut self, key: &str, value: &str) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_string(), value.to_string()));
    }

    /// Bytes that the row group in hand takes in memory.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.writer.memory_size()
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes what is left and the footer, and gives the writer back. It was flushed, not synchronized.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn finish(mut self) -> Result<(W, Written), SinkError> {
        self.writer.flush().map_err(|e| error(&self.failed, &e))?;
        let row_groups = self.writer.flushed_row_groups().len() as u64;
        let mut counted = self.writer.into_inner().map_err(|e| error(&self.failed, &e))?;
        counted.inner.flush().map_err(SinkError::Io)?;
        Ok((counted.inner, Written { rows: self.rows, row_groups, bytes: counted.bytes }))
    }
}

/// `schema` with types that Parquet has.
fn written(schema: &SchemaRef) -> Result<SchemaRef, SinkError> {
    let field = |field: &FieldRef| {
        let none =
            || SinkError::Schema(format!("it has no type for {}, that of `{}`", field.data_type(), field.name()));
        parquet_field(field).ok_or_else(none)
    };
    let fields = schema.fields().iter().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// `batch` with the types of `schema`. What does not fit is an error and not a null.
fn cast(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, SinkError> {
    let options = CastOptions { safe: false, ..CastOptions::default() };
    let column = |(column, field): (&ArrayRef, &Arc<Field>)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        // Arrow's messages quote values
        false => cast_with_options(column, field.data_type(), &options)
            .map_err(|_| SinkError::Schema(format!("column `{}` has a time out of range", field.name()))),
    };
    let columns = batch.columns().iter().zip(schema.fields()).map(column).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|e| SinkError::Schema(e.to_string()))
}

/// Counts bytes, and keeps the first failure.
struct Counted<W> {
    inner: W,
    bytes: u64,
    failed: Failed,
}

impl<W> Counted<W> {
    fn kept<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
            io::Error::from(kind)
        })
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(buffer);
        let written = self.kept(written)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.inner.flush();
        self.kept(flushed)
    }
}

/// Keys and values of the footer of a Parquet file, in its order. Of the file only the footer is read.
///
/// # Errors
/// [`SourceError::Damaged`] if it is no whole Parquet file, [`SourceError::Io`] if the store fails.
pub fn metadata(file: Arc<dyn ReadAt>, path: &str) -> Result<Vec<(String, String)>, SourceError> {
    key_values(file, path)
}
