//! Parquet files: row groups are parts, read page by page.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, OnceLock},
};

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
    file::metadata::{ColumnChunkMetaData, FileMetaData, KeyValue, ParquetMetaData, RowGroupMetaData},
    schema::types::{SchemaDescriptor, Type},
};
use spanframe_store::ReadAt;

use super::{
    Part, Read, ReadLimits, Reads, Source, SourceError,
    chunks::{Chunks, SharedChunks},
    with_bytes,
};

/// A Parquet file whose footer was read.
#[derive(Clone)]
pub struct Parquet(Arc<Footer>);

struct Footer {
    file: Arc<dyn ReadAt>,
    path: String,
    metadata: ArrowReaderMetadata,
    /// [`with_bytes`](Self::with_bytes) of the column that was asked for first: a job asks for one, unit by unit.
    bytes: OnceLock<(usize, Option<ArrowReaderMetadata>)>,
    parts: Vec<Part>,
}

impl Parquet {
    pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<Self, SourceError> {
        let damaged = |reason| SourceError::Damaged { path: path.to_string(), format: "Parquet", reason };
        let chunks = Arc::new(Chunks::new(Arc::clone(&file), []));
        let load = || ArrowReaderMetadata::load(&SharedChunks(Arc::clone(&chunks)), Default::default());
        let metadata = match catch_unwind(AssertUnwindSafe(load)) {
            Ok(Ok(metadata)) => metadata,
            failed => {
                if let Some(source) = chunks.failure() {
                    return Err(SourceError::Io { path: path.to_string(), source });
                }
                let reason = failed.map_or(PANICKED.to_string(), |r| r.map_or_else(|e| plain(&e), |_| String::new()));
                return Err(damaged(reason));
            }
        };
        let part = |group: &RowGroupMetaData| {
            let rows = u64::try_from(group.num_rows()).map_err(|_| damaged("negative number of rows".to_string()))?;
            Ok(Part { rows, bytes: group.columns().iter().map(bytes_in_memory).sum() })
        };
        let parts = metadata.metadata().row_groups().iter().map(part).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(Footer { file, path: path.to_string(), metadata, bytes: OnceLock::new(), parts })))
    }
}

impl Footer {
    /// As the file says, but with the strings of a column as bytes; none for a column of another type.
    fn with_bytes(&self, column: usize) -> Option<ArrowReaderMetadata> {
        match self.bytes.get_or_init(|| (column, self.make_bytes(column))) {
            (known, metadata) if *known == column => metadata.clone(),
            _ => self.make_bytes(column),
        }
    }

    /// The decoder checks what the file's own schema calls a string, whatever it is asked to make of it: so that says bytes too.
    fn make_bytes(&self, column: usize) -> Option<ArrowReaderMetadata> {
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
        ArrowReaderMetadata::try_new(Arc::new(metadata), ArrowReaderOptions::new().with_schema(schema)).ok()
    }
}

const PANICKED: &str = "its decoder gave up";

/// A reason in one line. Parquet's messages name encodings and sizes, not values.
fn plain(error: &dyn std::error::Error) -> String {
    error.to_string().replace(['\0', '\n', '\r'], " ")
}

/// What a column chunk takes when decoded; of a dictionary, what its values take row by row where the writer tells.
fn bytes_in_memory(column: &ColumnChunkMetaData) -> u64 {
    let encoded = u64::try_from(column.uncompressed_size()).unwrap_or(0);
    let plain = column.unencoded_byte_array_data_bytes().and_then(|n| u64::try_from(n).ok());
    encoded.max(plain.unwrap_or(0))
}

/// Keys and values of the footer.
pub fn footer(file: Arc<dyn ReadAt>, path: &str) -> Result<Vec<(String, String)>, SourceError> {
    let parquet = Parquet::open(file, path)?;
    let pairs = parquet.0.metadata.metadata().file_metadata().key_value_metadata();
    let pair = |pair: &KeyValue| (pair.key.clone(), pair.value.clone().unwrap_or_default());
    Ok(pairs.into_iter().flatten().map(pair).collect())
}

impl Source for Parquet {
    fn schema(&self) -> &SchemaRef {
        self.0.metadata.schema()
    }

    fn parts(&self) -> &[Part] {
        &self.0.parts
    }

    fn read(
        &self, parts: Range<usize>, columns: &[usize], bytes: Option<usize>, bounds: ReadLimits,
    ) -> Result<Reads, SourceError> {
        let fields = self.schema().fields().len();
        if parts.end > self.0.parts.len() || columns.iter().any(|&column| column >= fields) {
            return Err(SourceError::NoSuchPart { path: self.0.path.clone() });
        }
        let mut read = columns.to_vec();
        read.sort_unstable();
        read.dedup();
        // the reader gives columns in the order of the file
        let order = columns.iter().filter_map(|column| read.binary_search(column).ok()).collect();
        let first_row = self.0.parts[..parts.start].iter().map(|part| part.rows).sum();
        let (footer, left) = (Arc::clone(&self.0), parts);
        let metadata = bytes.and_then(|column| footer.with_bytes(column)).unwrap_or_else(|| footer.metadata.clone());
        Ok(Box::new(Rows { footer, metadata, left, columns: read, order, bounds, first_row, group: None }))
    }
}

/// Goes through row groups.
struct Rows {
    footer: Arc<Footer>,
    /// What pages are decoded to.
    metadata: ArrowReaderMetadata,
    left: Range<usize>,
    /// Indices in the file, ascending.
    columns: Vec<usize>,
    /// For each column asked for, its place among `columns`.
    order: Vec<usize>,
    bounds: ReadLimits,
    /// First row of the file that was neither given nor given up.
    first_row: u64,
    group: Option<Group>,
}

/// The row group in hand.
struct Group {
    part: usize,
    /// Row of the file after its last.
    end: u64,
    chunks: Arc<Chunks>,
    /// `None` until it is read from.
    reader: Option<ParquetRecordBatchReader>,
}

impl Iterator for Rows {
    type Item = Result<Read, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(mut group) = self.group.take() else {
                let part = self.left.next()?;
                self.group = Some(self.start(part));
                continue;
            };
            let step = catch_unwind(AssertUnwindSafe(|| self.step(&mut group)));
            let reason = match step {
                Ok(Ok(Some(batch))) => {
                    let rows = self.first_row..self.first_row + batch.num_rows() as u64;
                    self.first_row = rows.end;
                    self.group = Some(group);
                    return Some(Ok(Read::Rows { rows: rows.collect(), batch }));
                }
                Ok(Ok(None)) if self.first_row == group.end => continue,
                Ok(Ok(None)) => "it has fewer rows than it says".to_string(),
                Ok(Err(error)) => plain(&error),
                Err(_) => PANICKED.to_string(),
            };
            if let Some(source) = group.chunks.failure() {
                self.left = 0..0;
                return Some(Err(SourceError::Io { path: self.footer.path.clone(), source }));
            }
            let rows = self.first_row..group.end;
            self.first_row = group.end;
            return Some(Ok(Read::Lost { rows, part: group.part, reason }));
        }
    }
}

impl Rows {
    fn start(&self, part: usize) -> Group {
        let metadata = self.footer.metadata.metadata().row_group(part);
        let mask = self.mask();
        let chosen = (0..metadata.num_columns()).filter(|&leaf| mask.leaf_included(leaf));
        let ranges = chosen.map(|leaf| byte_range(metadata.column(leaf)));
        let chunks = Arc::new(Chunks::new(Arc::clone(&self.footer.file), ranges));
        Group { part, end: self.first_row + self.footer.parts[part].rows, chunks, reader: None }
    }

    fn mask(&self) -> ProjectionMask {
        let schema = self.footer.metadata.metadata().file_metadata().schema_descr();
        ProjectionMask::roots(schema, self.columns.iter().copied())
    }

    /// The next batch of a row group, `None` at its end.
    fn step(&self, group: &mut Group) -> Result<Option<RecordBatch>, ArrowError> {
        let reader = match &mut group.reader {
            Some(reader) => reader,
            none => none.insert(self.reader(group.part, &group.chunks)?),
        };
        let Some(batch) = reader.next().transpose()? else { return Ok(None) };
        if self.first_row + batch.num_rows() as u64 > group.end {
            return Err(ArrowError::ParquetError("it has more rows than it says".to_string()));
        }
        batch.project(&self.order).map(Some)
    }

    fn reader(&self, part: usize, chunks: &Arc<Chunks>) -> Result<ParquetRecordBatchReader, ArrowError> {
        let source = SharedChunks(Arc::clone(chunks));
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.metadata.clone())
            .with_row_groups(vec![part])
            .with_projection(self.mask())
            .with_batch_size(self.batch_rows(part))
            .build()?;
        Ok(reader)
    }

    /// Rows whose columns have about the bytes of the bounds, by the row group's averages.
    fn batch_rows(&self, part: usize) -> usize {
        let metadata = self.footer.metadata.metadata().row_group(part);
        let mask = self.mask();
        let leaves = (0..metadata.num_columns()).filter(|&leaf| mask.leaf_included(leaf));
        let bytes: u64 = leaves.map(|leaf| bytes_in_memory(metadata.column(leaf))).sum();
        let row = (bytes / self.footer.parts[part].rows.max(1)).max(1);
        usize::try_from(self.bounds.batch_bytes as u64 / row).unwrap_or(usize::MAX).min(self.bounds.batch_rows).max(1)
    }
}

/// Where a column chunk is. A footer can say anything: what is not there, is empty.
fn byte_range(column: &ColumnChunkMetaData) -> Range<u64> {
    let first = column.dictionary_page_offset().map_or(column.data_page_offset(), |d| d.min(column.data_page_offset()));
    match (u64::try_from(first), u64::try_from(column.compressed_size())) {
        (Ok(start), Ok(length)) => start..start.saturating_add(length),
        _ => 0..0,
    }
}
