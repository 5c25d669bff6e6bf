//! Parquet files: the parts are row groups, decoded page by page.

use std::sync::{Arc, OnceLock};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, SchemaRef};
use parquet::{
    arrow::{
        ProjectionMask,
        arrow_reader::{
            ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
        },
    },
    basic::Type as PhysicalType,
    errors::ParquetError,
    file::metadata::{ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, RowGroupMetaData},
    schema::types::{SchemaDescriptor, Type},
};
use spanframe_store::ReadAt;

use super::{
    Part, ReadLimits, SourceError,
    column_chunks::{ColumnChunks, SharedChunks, byte_range},
    columnar::{
        ColumnarFile, ColumnarSource, DecodeError, DecodeRequest, PartDecoder, Projection, guarded, with_bytes,
    },
    int96::int96_unit,
    read_schema::ReadSchema,
};

/// A Parquet file whose footer was read.
pub struct ParquetFile {
    file: Arc<dyn ReadAt>,
    path: String,
    metadata: ArrowReaderMetadata,
    /// For each column why it cannot be read without loss, if so.
    unreadable: Vec<Option<&'static str>>,
    /// Cache of [`unchecked`](Self::unchecked) for the first column asked for: a job asks for one column, unit by unit.
    unchecked: OnceLock<(usize, Option<ArrowReaderMetadata>)>,
    parts: Vec<Part>,
}

/// Reads the footer of a Parquet file.
pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<ColumnarSource<ParquetFile>, SourceError> {
    match ParquetFile::new(file, path) {
        Ok(file) => Ok(ColumnarSource(Arc::new(file))),
        Err(error) => Err(error.of_file(path, ParquetFile::FORMAT)),
    }
}

/// Returns the keys and values of a Parquet file's footer, in its order.
pub fn key_values(file: Arc<dyn ReadAt>, path: &str) -> Result<Vec<(String, String)>, SourceError> {
    let file = ParquetFile::new(file, path).map_err(|error| error.of_file(path, ParquetFile::FORMAT))?;
    let pairs = file.metadata.metadata().file_metadata().key_value_metadata();
    let pair = |pair: &KeyValue| (pair.key.clone(), pair.value.clone().unwrap_or_default());
    Ok(pairs.into_iter().flatten().map(pair).collect())
}

impl ParquetFile {
    fn new(file: Arc<dyn ReadAt>, path: &str) -> Result<Self, DecodeError> {
        let chunks = Arc::new(ColumnChunks::new(Arc::clone(&file), []));
        let load = || ArrowReaderMetadata::load(&SharedChunks(Arc::clone(&chunks)), Default::default());
        let metadata = guarded(|| load().map_err(|error| DecodeError::of_schema(&error, &one_line(&error))));
        let metadata = metadata.map_err(|error| chunks.failure().map_or(error, DecodeError::Store))?;
        let int96_unit = |leaf| int96_unit(&file, metadata.metadata(), leaf);
        let ReadSchema { schema, unreadable } = guarded(|| ReadSchema::new(&metadata, int96_unit))?;
        let metadata = match schema == *metadata.schema() {
            true => metadata,
            false => with_schema(Arc::clone(metadata.metadata()), schema).map_err(|error| damaged(&error))?,
        };
        let part = |group: &RowGroupMetaData| {
            let rows = u64::try_from(group.num_rows()).map_err(|_| DecodeError::damaged("negative number of rows"))?;
            Ok(Part { rows, bytes: group.columns().iter().map(decoded_bytes).sum() })
        };
        let parts = metadata.metadata().row_groups().iter().map(part).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { file, path: path.to_string(), metadata, unreadable, unchecked: OnceLock::new(), parts })
    }

    /// Metadata that declares the strings of `column` as bytes; `None` if the column has no strings.
    fn unchecked(&self, column: usize) -> Option<ArrowReaderMetadata> {
        match self.unchecked.get_or_init(|| (column, self.make_unchecked(column))) {
            (known, metadata) if *known == column => metadata.clone(),
            _ => self.make_unchecked(column),
        }
    }

    /// Changes the Parquet schema too: the decoder validates whatever that calls a string, whichever Arrow type is
    /// asked for.
    fn make_unchecked(&self, column: usize) -> Option<ArrowReaderMetadata> {
        let schema = with_bytes(self.metadata.schema(), column)?;
        let file = self.metadata.metadata().file_metadata();
        let mut columns = file.schema().get_fields().to_vec();
        let strings = columns.get(column).filter(|column| column.is_primitive())?.get_basic_info();
        let bytes = Type::primitive_type_builder(strings.name(), PhysicalType::BYTE_ARRAY)
            .with_repetition(strings.repetition())
            .with_id(strings.has_id().then(|| strings.id()));
        columns[column] = Arc::new(bytes.build().ok()?);
        let root = Type::group_type_builder(file.schema().name()).with_fields(columns).build().ok()?;
        let file = FileMetaData::new(
            file.version(),
            file.num_rows(),
            file.created_by().map(String::from),
            file.key_value_metadata().cloned(),
            Arc::new(SchemaDescriptor::new(Arc::new(root))),
            file.column_orders().cloned(),
        );
        let metadata = ParquetMetaData::new(file, self.metadata.metadata().row_groups().to_vec());
        with_schema(Arc::new(metadata), schema).ok()
    }

    fn row_group(&self, part: usize) -> &RowGroupMetaData {
        self.metadata.metadata().row_group(part)
    }
}

impl ColumnarFile for ParquetFile {
    const FORMAT: &'static str = "Parquet";

    type Decoder = RowGroupDecoder;

    fn path(&self) -> &str {
        &self.path
    }

    fn schema(&self) -> &SchemaRef {
        self.metadata.schema()
    }

    fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn unreadable(&self, column: usize) -> Option<&'static str> {
        self.unreadable[column]
    }

    fn decoder(self: Arc<Self>, request: DecodeRequest) -> RowGroupDecoder {
        let DecodeRequest { projection, unchecked, limits } = request;
        let metadata = unchecked.and_then(|column| self.unchecked(column)).unwrap_or_else(|| self.metadata.clone());
        let schema = self.metadata.metadata().file_metadata().schema_descr();
        let mask = ProjectionMask::roots(schema, projection.columns.iter().copied());
        RowGroupDecoder { file: self, metadata, projection, mask, limits, group: None }
    }
}

/// Decodes row groups.
pub struct RowGroupDecoder {
    file: Arc<ParquetFile>,
    /// Says which types pages are decoded to.
    metadata: ArrowReaderMetadata,
    projection: Projection,
    /// The columns of the projection, for the reader.
    mask: ProjectionMask,
    limits: ReadLimits,
    group: Option<RowGroup>,
}

/// The row group that is being decoded.
struct RowGroup {
    part: usize,
    chunks: Arc<ColumnChunks>,
    /// `None` until its first batch is asked for.
    reader: Option<ParquetRecordBatchReader>,
}

impl PartDecoder for RowGroupDecoder {
    fn start(&mut self, part: usize) {
        let group = self.file.row_group(part);
        let leaves = (0..group.num_columns()).filter(|&leaf| self.mask.leaf_included(leaf));
        let ranges = leaves.map(|leaf| byte_range(group.column(leaf)));
        let chunks = Arc::new(ColumnChunks::new(Arc::clone(&self.file.file), ranges));
        self.group = Some(RowGroup { part, chunks, reader: None });
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        let Some(mut group) = self.group.take() else { return Ok(None) };
        let decoded = guarded(|| self.decode(&mut group).map_err(|error| damaged(&error)));
        match decoded {
            Ok(Some(batch)) => {
                self.group = Some(group);
                Ok(Some(batch))
            }
            // the decoder's own error does not keep what the store answered
            end => group.chunks.failure().map_or(end, |error| Err(DecodeError::Store(error))),
        }
    }
}

impl RowGroupDecoder {
    fn decode(&self, group: &mut RowGroup) -> Result<Option<RecordBatch>, ArrowError> {
        let reader = match &mut group.reader {
            Some(reader) => reader,
            none => none.insert(self.reader(group.part, &group.chunks)?),
        };
        reader.next().transpose()?.map(|batch| self.projection.apply(&batch)).transpose()
    }

    fn reader(&self, part: usize, chunks: &Arc<ColumnChunks>) -> Result<ParquetRecordBatchReader, ArrowError> {
        let source = SharedChunks(Arc::clone(chunks));
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone())
            .with_row_groups(vec![part])
            .with_projection(self.mask.clone())
            .with_batch_size(self.batch_rows(part))
            .build()?;
        Ok(reader)
    }

    /// Rows that take about the bytes of the limits, by the averages of the row group.
    fn batch_rows(&self, part: usize) -> usize {
        let group = self.file.row_group(part);
        let leaves = (0..group.num_columns()).filter(|&leaf| self.mask.leaf_included(leaf));
        let bytes: u64 = leaves.map(|leaf| decoded_bytes(group.column(leaf))).sum();
        let row = (bytes / self.file.parts[part].rows.max(1)).max(1);
        usize::try_from(self.limits.batch_bytes as u64 / row).unwrap_or(usize::MAX).min(self.limits.batch_rows).max(1)
    }
}

/// Metadata for a reader that decodes to the types of `schema`.
fn with_schema(metadata: Arc<ParquetMetaData>, schema: SchemaRef) -> Result<ArrowReaderMetadata, ParquetError> {
    ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new().with_schema(schema))
}

/// The decoder's message in one line. Parquet's messages name encodings and sizes, never values.
fn damaged(error: &dyn std::error::Error) -> DecodeError {
    DecodeError::Damaged(one_line(error))
}

fn one_line(error: &dyn std::error::Error) -> String {
    error.to_string().replace(['\0', '\n', '\r'], " ")
}

/// Bytes of a column chunk once decoded. Dictionary values count once per row if the writer recorded their sizes.
fn decoded_bytes(column: &ColumnChunkMetaData) -> u64 {
    let encoded = u64::try_from(column.uncompressed_size()).unwrap_or(0);
    let plain = column.unencoded_byte_array_data_bytes().and_then(|n| u64::try_from(n).ok());
    encoded.max(plain.unwrap_or(0))
}
