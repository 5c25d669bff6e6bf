//! Arrow IPC files: the parts are record batches, yielded in slices.
//!
//! ```text
//! "ARROW1\0\0" | dictionaries | record batches | footer: schema, place of every block | its length | "ARROW1"
//! ```
//!
//! Source: <https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format>.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_ipc::{
    Block, Message, MetadataVersion,
    convert::try_fb_to_schema,
    reader::{FileDecoder, read_footer_length},
    root_as_footer, root_as_message,
};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use spanframe_store::ReadAt;

use super::{
    Part, ReadLimits, SourceError,
    columnar::{
        ColumnarFile, ColumnarSource, DecodeError, DecodeRequest, PartDecoder, Projection, guarded, with_bytes,
    },
};

const MAGIC: &[u8] = b"ARROW1";

/// Bytes of the footer's length and the magic behind it.
const TRAILER: usize = 10;

/// No codec compresses further than this. A length beyond it is damaged, and must not be allocated.
const MAX_COMPRESSION: u64 = 1 << 16;

/// An Arrow file whose footer and message headers were read.
pub struct IpcFile {
    file: Arc<dyn ReadAt>,
    path: String,
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
    parts: Vec<Part>,
}

/// Reads the footer of an Arrow file, and the header of each record batch.
pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<ColumnarSource<IpcFile>, SourceError> {
    let unsupported = |found, way_out| SourceError::Unsupported { path: path.to_string(), found, way_out };
    let of_file = |error: DecodeError| error.of_file(path, IpcFile::FORMAT);
    let begin = bytes(&*file, 0, file.len().min(8)).map_err(of_file)?;
    if begin.starts_with(b"FEA1") {
        return Err(unsupported("Feather 1", "write it as Feather 2, which is Arrow's file format"));
    }
    if begin.starts_with(&[0xff; 4]) {
        return Err(unsupported("a stream of Arrow messages", "write it in Arrow's file format"));
    }
    let file = guarded(|| IpcFile::new(file, path, &begin)).map_err(of_file)?;
    Ok(ColumnarSource(Arc::new(file)))
}

impl IpcFile {
    fn new(file: Arc<dyn ReadAt>, path: &str, begin: &[u8]) -> Result<Self, DecodeError> {
        let cut = || DecodeError::damaged("it does not end like an Arrow file: was it cut short?");
        let wrong = || DecodeError::damaged("its footer is not valid");
        let Some(end) = file.len().checked_sub(TRAILER as u64).filter(|_| begin.starts_with(MAGIC)) else {
            return Err(cut());
        };
        let trailer = bytes(&*file, end, TRAILER as u64)?;
        let trailer = <[u8; TRAILER]>::try_from(trailer.as_ref()).map_err(|_| wrong())?;
        let length = read_footer_length(trailer).map_err(|_| cut())? as u64;
        let footer = bytes(&*file, end.checked_sub(length).ok_or_else(wrong)?, length)?;
        let footer = root_as_footer(&footer).map_err(|_| wrong())?;
        let unknown = |error| DecodeError::of_schema(&error, "its footer is not valid");
        let schema = try_fb_to_schema(footer.schema().ok_or_else(wrong)?).map_err(unknown)?;
        let batches: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        let parts = batches.iter().map(|block| part(&*file, block)).collect::<Result<_, _>>()?;
        Ok(Self {
            path: path.to_string(),
            schema: Arc::new(schema),
            version: footer.version(),
            dictionaries: footer.dictionaries().iter().flatten().copied().collect(),
            batches,
            parts,
            file,
        })
    }
}

/// Reads some bytes, if the file has them.
fn bytes(file: &dyn ReadAt, start: u64, length: u64) -> Result<Bytes, DecodeError> {
    match (start.checked_add(length), usize::try_from(length)) {
        (Some(end), Ok(length)) if end <= file.len() => file.read_at(start, length).map_err(DecodeError::Store),
        _ => Err(DecodeError::damaged("it is shorter than its footer declares: was it cut short?")),
    }
}

/// Where a block is.
struct Place {
    start: u64,
    /// Bytes of the header.
    header: u64,
    /// Bytes of header and body.
    length: u64,
}

impl Place {
    fn of(block: &Block) -> Result<Self, DecodeError> {
        let wrong = |_| DecodeError::damaged("the place of a record batch is not valid");
        let header = u64::try_from(block.metaDataLength()).map_err(wrong)?;
        let body = u64::try_from(block.bodyLength()).map_err(wrong)?;
        Ok(Self { start: u64::try_from(block.offset()).map_err(wrong)?, header, length: header.saturating_add(body) })
    }
}

fn wrong_header() -> DecodeError {
    DecodeError::damaged("the header of a record batch is not valid")
}

/// The header of a block, behind its length (and the continuation marker that newer writers put first).
fn message(bytes: &[u8]) -> Result<Message<'_>, DecodeError> {
    let skipped = if bytes.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let header = bytes.get(skipped..).ok_or_else(wrong_header)?;
    root_as_message(header).map_err(|_| wrong_header())
}

fn part(file: &dyn ReadAt, block: &Block) -> Result<Part, DecodeError> {
    let place = Place::of(block)?;
    let header = bytes(file, place.start, place.header)?;
    let batch = message(&header)?.header_as_record_batch().ok_or_else(wrong_header)?;
    let rows = u64::try_from(batch.length()).map_err(|_| wrong_header())?;
    Ok(Part { rows, bytes: place.length })
}

/// The bytes of a block, if the lengths of its compressed buffers are possible.
fn block(file: &dyn ReadAt, block: &Block) -> Result<Buffer, DecodeError> {
    let place = Place::of(block)?;
    let bytes = bytes(file, place.start, place.length)?;
    let message = message(&bytes[..place.header as usize])?;
    let batch = message.header_as_record_batch().or_else(|| message.header_as_dictionary_batch()?.data());
    if let Some(batch) = batch.filter(|batch| batch.compression().is_some()) {
        let body = &bytes[place.header as usize..];
        for buffer in batch.buffers().iter().flatten() {
            let (Ok(at), Ok(length)) = (usize::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
                return Err(DecodeError::damaged("the place of a buffer is not valid"));
            };
            // a compressed buffer begins with its decompressed length
            let declared = body.get(at..).and_then(|bytes| bytes.first_chunk()).map(|bytes| i64::from_le_bytes(*bytes));
            if length >= 8 && declared.is_none_or(|n| n > 0 && n as u64 / MAX_COMPRESSION > length) {
                return Err(DecodeError::damaged("the length of a compressed buffer is not valid"));
            }
        }
    }
    Ok(Buffer::from(bytes))
}

impl ColumnarFile for IpcFile {
    const FORMAT: &'static str = "Arrow";

    type Decoder = BatchDecoder;

    fn path(&self) -> &str {
        &self.path
    }

    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn parts(&self) -> &[Part] {
        &self.parts
    }

    fn decoder(self: Arc<Self>, request: DecodeRequest) -> BatchDecoder {
        let DecodeRequest { projection, unchecked, limits } = request;
        let schema = unchecked.and_then(|column| with_bytes(&self.schema, column));
        let schema = schema.unwrap_or_else(|| Arc::clone(&self.schema));
        BatchDecoder { file: self, schema, projection, limits, decoder: None, next: None, batch: None, slice_rows: 1 }
    }
}

/// Decodes record batches.
pub struct BatchDecoder {
    file: Arc<IpcFile>,
    /// The types that buffers are decoded to.
    schema: SchemaRef,
    projection: Projection,
    limits: ReadLimits,
    /// With all dictionaries read; `None` until the first batch is decoded.
    decoder: Option<FileDecoder>,
    /// The record batch to decode next.
    next: Option<usize>,
    /// What is left of the record batch that was decoded.
    batch: Option<RecordBatch>,
    /// Most rows of a slice of it.
    slice_rows: usize,
}

impl PartDecoder for BatchDecoder {
    fn start(&mut self, part: usize) {
        (self.next, self.batch) = (Some(part), None);
    }

    fn next_batch(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        if let Some(part) = self.next.take() {
            let batch = guarded(|| self.decode(part))?;
            let row = (batch.get_array_memory_size() / batch.num_rows().max(1)).max(1);
            self.slice_rows = (self.limits.batch_bytes / row).min(self.limits.batch_rows).max(1);
            self.batch = Some(batch).filter(|batch| batch.num_rows() > 0);
        }
        let Some(batch) = self.batch.take() else { return Ok(None) };
        let rows = self.slice_rows.min(batch.num_rows());
        self.batch = Some(batch.slice(rows, batch.num_rows() - rows)).filter(|rest| rest.num_rows() > 0);
        Ok(Some(batch.slice(0, rows)))
    }
}

impl BatchDecoder {
    fn decode(&mut self, part: usize) -> Result<RecordBatch, DecodeError> {
        let file = &*self.file;
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => {
                let decoder = FileDecoder::new(Arc::clone(&self.schema), file.version);
                let mut decoder = decoder.with_projection(self.projection.columns.clone());
                for dictionary in &file.dictionaries {
                    let bytes = block(&*file.file, dictionary)?;
                    let read = decoder.read_dictionary(dictionary, &bytes);
                    read.map_err(|_| DecodeError::damaged("a dictionary cannot be decoded"))?;
                }
                none.insert(decoder)
            }
        };
        let place = &file.batches[part];
        let bytes = block(&*file.file, place)?;
        // Arrow's messages may quote values
        let wrong = || DecodeError::damaged("the record batch cannot be decoded");
        let batch = decoder.read_record_batch(place, &bytes).ok().flatten().ok_or_else(wrong)?;
        if batch.num_rows() as u64 != file.parts[part].rows {
            return Err(DecodeError::damaged("it has another number of rows than it declares"));
        }
        self.projection.apply(&batch).map_err(|_| wrong())
    }
}
