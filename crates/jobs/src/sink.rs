//! [`Sink`]: writes a Parquet file.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow_schema::{FieldRef, Schema, SchemaRef};
use parquet::{
    arrow::{ArrowWriter, arrow_writer::ArrowWriterOptions},
    basic::{Compression, GzipLevel, ZstdLevel},
    errors::ParquetError,
    file::{metadata::KeyValue, properties::WriterProperties},
};
use spanframe_engine::shown_name::column_name;
use spanframe_store::ReadAt;
use strum::{IntoStaticStr, VariantArray};

use crate::{
    logical_type::parquet_schema,
    lossless_cast::lossless_cast,
    parquet_type::parquet_field,
    source::{SourceError, key_values},
};

/// Compression of columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Codec {
    /// Zstandard at level 1, Parquet's default.
    #[default]
    Zstd,
    /// Snappy.
    Snappy,
    /// LZ4, as `LZ4_RAW`, which all current readers support.
    Lz4,
    /// Gzip.
    Gzip,
    /// No compression.
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

/// Options of a Parquet file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkOptions {
    /// Most rows of a row group.
    pub row_group_rows: usize,
    /// A row group ends at about this many encoded bytes, which are also held in memory.
    pub row_group_bytes: usize,
    /// Compression of columns.
    pub codec: Codec,
    /// Keys and values for the footer.
    pub metadata: Vec<(String, String)>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        Self { row_group_rows: 1 << 20, row_group_bytes: 64 << 20, codec: Codec::default(), metadata: Vec::new() }
    }
}

/// Why a Parquet file cannot be written. No message quotes a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// The store failed. The [kind](io::Error::kind) tells a full disk from missing permissions.
    #[error("the output cannot be written: {0}")]
    Io(#[source] io::Error),
    /// Parquet has no type for a column, or a batch has another schema.
    #[error("the output cannot be written as Parquet ({0}): leave the column out (`select`), or cast it first")]
    Schema(String),
}

/// Size of a finished file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Number of rows.
    pub rows: u64,
    /// Number of row groups.
    pub row_groups: u64,
    /// Bytes of the file.
    pub bytes: u64,
}

/// Writes batches into row groups of bounded size. Types that Parquet lacks are cast first; see `parquet_type`.
pub struct Sink<W: Write + Send> {
    writer: ArrowWriter<Counted<W>>,
    /// The schema that batches are cast to, if it is another.
    cast: Option<SchemaRef>,
    failed: Failed,
    rows: u64,
}

/// The store's first error. Parquet's own errors keep only its message.
type Failed = Arc<Mutex<Option<io::Error>>>;

fn error(failed: &Failed, seen: &ParquetError) -> SinkError {
    match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
        Some(error) => SinkError::Io(error),
        None => SinkError::Schema(seen.to_string()),
    }
}

impl<W: Write + Send> Sink<W> {
    /// Begins a file for batches of `schema`.
    ///
    /// # Errors
    /// [`SinkError::Schema`] for a type that Parquet does not have, [`SinkError::Io`] if the store fails.
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
        let schema = parquet_schema(&written).map_err(|e| error(&failed, &e))?;
        let options = ArrowWriterOptions::new().with_properties(properties).with_parquet_schema(schema);
        let writer = ArrowWriter::try_new_with_options(counted, written, options).map_err(|e| error(&failed, &e))?;
        Ok(Self { writer, cast, failed, rows: 0 })
    }

    /// Writes rows.
    ///
    /// # Errors
    /// [`SinkError::Io`] if the store fails; the file is unusable then. [`SinkError::Schema`] for a value that its
    /// column's type in Parquet does not hold, such as a time beyond milliseconds.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), SinkError> {
        let written = match &self.cast {
            Some(schema) => self.writer.write(&cast(batch, schema)?),
            None => self.writer.write(batch),
        };
        written.map_err(|e| error(&self.failed, &e))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Adds a key and value to the footer that are known only at the end.
    pub fn append_metadata(&mut self, key: &str, value: &str) {
        self.writer.append_key_value_metadata(KeyValue::new(key.to_string(), value.to_string()));
    }

    /// Bytes in memory of the row group that is being written.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.writer.memory_size()
    }

    /// Number of rows written so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes the last row group and the footer. Returns the writer, flushed but not synced.
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

/// Returns `schema` with types that Parquet has.
fn written(schema: &SchemaRef) -> Result<SchemaRef, SinkError> {
    let field = |(i, field): (usize, &FieldRef)| {
        let name = || column_name(field.name(), i);
        let none = || SinkError::Schema(format!("it has no type for {}, that of column {}", field.data_type(), name()));
        parquet_field(field).ok_or_else(none)
    };
    let fields = schema.fields().iter().enumerate().map(field).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone())))
}

/// Casts `batch` to the types of `schema`. A value that does not fit is an error, not a null.
fn cast(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, SinkError> {
    let column = |(i, (column, field)): (usize, (&ArrayRef, &FieldRef))| {
        let (name, wanted) = (column_name(field.name(), i), field.data_type());
        let unfit = || SinkError::Schema(format!("column {name} has a value that {wanted} does not hold"));
        lossless_cast(column, wanted).ok_or_else(unfit)
    };
    let columns = batch.columns().iter().zip(schema.fields()).enumerate().map(column).collect::<Result<_, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
        .map_err(|e| SinkError::Schema(e.to_string()))
}

/// Counts bytes, and keeps the first error.
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

/// Returns the keys and values of a Parquet file's footer, in its order. Reads only the footer.
///
/// # Errors
/// [`SourceError::Damaged`] if it is not a whole Parquet file, [`SourceError::Io`] if the store fails.
pub fn metadata(file: Arc<dyn ReadAt>, path: &str) -> Result<Vec<(String, String)>, SourceError> {
    key_values(file, path)
}
