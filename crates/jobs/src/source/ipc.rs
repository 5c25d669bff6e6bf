//! Arrow files: record batches are parts, sliced.

use std::{
    ops::Range,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

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

use super::{Part, Read, ReadLimits, Reads, Source, SourceError, with_bytes};

const MAGIC: &[u8] = b"ARROW1";

/// The length of a footer, and the magic after it.
const TRAILER: usize = 10;

/// No compression shrinks more than this; a length that says so is damaged, and must not be allocated.
const MOST_SHRUNK: u64 = 1 << 16;

/// An Arrow file whose footer and heads of record batches were read.
pub struct Ipc(Arc<Footer>);

struct Footer {
    file: Arc<dyn ReadAt>,
    path: String,
    schema: SchemaRef,
    version: MetadataVersion,
    dictionaries: Vec<Block>,
    batches: Vec<Block>,
    parts: Vec<Part>,
}

/// Why bytes are of no use: the store failed, or the file is damaged.
enum Fault {
    Store(std::io::Error),
    Damage(&'static str),
}

impl Ipc {
    pub fn open(file: Arc<dyn ReadAt>, path: &str) -> Result<Self, SourceError> {
        let unsupported = |found, way_out| SourceError::Unsupported { path: path.to_string(), found, way_out };
        let begin = bytes(&*file, 0, file.len().min(8)).map_err(|fault| fault.of(path))?;
        if begin.starts_with(b"FEA1") {
            return Err(unsupported("Feather 1", "write Feather 2, which is Arrow's file format"));
        }
        if begin.starts_with(&[0xff; 4]) {
            return Err(unsupported("a stream of Arrow messages", "write Arrow's file format"));
        }
        match catch_unwind(AssertUnwindSafe(|| Self::footer(file, path, &begin))) {
            Ok(footer) => footer.map(|footer| Self(Arc::new(footer))).map_err(|fault| fault.of(path)),
            Err(_) => Err(Fault::Damage("its footer").of(path)),
        }
    }

    fn footer(file: Arc<dyn ReadAt>, path: &str, begin: &[u8]) -> Result<Footer, Fault> {
        let cut = Fault::Damage("it does not end as Arrow files end: cut short?");
        let Some(end) = file.len().checked_sub(TRAILER as u64).filter(|_| begin.starts_with(MAGIC)) else {
            return Err(cut);
        };
        let trailer = bytes(&*file, end, TRAILER as u64)?;
        let trailer = <[u8; TRAILER]>::try_from(trailer.as_ref()).map_err(|_| Fault::Damage("its footer"))?;
        let length = read_footer_length(trailer).map_err(|_| cut)? as u64;
        let wrong = || Fault::Damage("its footer");
        let footer = bytes(&*file, end.checked_sub(length).ok_or_else(wrong)?, length)?;
        let footer = root_as_footer(&footer).map_err(|_| wrong())?;
        let schema = try_fb_to_schema(footer.schema().ok_or_else(wrong)?).map_err(|_| wrong())?;
        let batches: Vec<Block> = footer.recordBatches().iter().flatten().copied().collect();
        let parts = batches.iter().map(|block| part(&*file, block)).collect::<Result<_, _>>()?;
        Ok(Footer {
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

impl Fault {
    fn of(self, path: &str) -> SourceError {
        let path = path.to_string();
        match self {
            Self::Store(source) => SourceError::Io { path, source },
            Self::Damage(what) => SourceError::Damaged { path, format: "Arrow", reason: what.to_string() },
        }
    }
}

fn bytes(file: &dyn ReadAt, start: u64, length: u64) -> Result<Bytes, Fault> {
    let outside = Fault::Damage("it says that it is longer: cut short?");
    match (start.checked_add(length), usize::try_from(length)) {
        (Some(end), Ok(length)) if end <= file.len() => file.read_at(start, length).map_err(Fault::Store),
        _ => Err(outside),
    }
}

/// Where a block is: begin, bytes of its head, bytes of all.
fn place(block: &Block) -> Result<(u64, u64, u64), Fault> {
    let wrong = |_| Fault::Damage("the place of a record batch");
    let head = u64::try_from(block.metaDataLength()).map_err(wrong)?;
    let body = u64::try_from(block.bodyLength()).map_err(wrong)?;
    Ok((u64::try_from(block.offset()).map_err(wrong)?, head, head.saturating_add(body)))
}

/// The head of a block, after its length.
fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let skipped = if bytes.starts_with(&[0xff; 4]) { 8 } else { 4 };
    let head = bytes.get(skipped..).ok_or(Fault::Damage("the head of a record batch"))?;
    root_as_message(head).map_err(|_| Fault::Damage("the head of a record batch"))
}

fn part(file: &dyn ReadAt, block: &Block) -> Result<Part, Fault> {
    let (start, head, length) = place(block)?;
    let head = bytes(file, start, head)?;
    let batch = message(&head)?.header_as_record_batch().ok_or(Fault::Damage("the head of a record batch"))?;
    let rows = u64::try_from(batch.length()).map_err(|_| Fault::Damage("the head of a record batch"))?;
    Ok(Part { rows, bytes: length })
}

/// The bytes of a block, if what they say of their lengths can be.
fn block(file: &dyn ReadAt, block: &Block) -> Result<Buffer, Fault> {
    let (start, head, length) = place(block)?;
    let bytes = bytes(file, start, length)?;
    let message = message(&bytes[..head as usize])?;
    let batch = message.header_as_record_batch().or_else(|| message.header_as_dictionary_batch()?.data());
    if let Some(batch) = batch.filter(|batch| batch.compression().is_some()) {
        let body = &bytes[head as usize..];
        for buffer in batch.buffers().iter().flatten() {
            let (Ok(at), Ok(length)) = (usize::try_from(buffer.offset()), u64::try_from(buffer.length())) else {
                return Err(Fault::Damage("the place of a buffer"));
            };
            let said = body.get(at..).and_then(|bytes| bytes.first_chunk()).map(|said| i64::from_le_bytes(*said));
            if length >= 8 && said.is_none_or(|said| said > 0 && said as u64 / MOST_SHRUNK > length) {
                return Err(Fault::Damage("the length of a compressed buffer"));
            }
        }
    }
    Ok(Buffer::from(bytes))
}

impl Source for Ipc {
    fn schema(&self) -> &SchemaRef {
        &self.0.schema
    }

    fn parts(&self) -> &[Part] {
        &self.0.parts
    }

    fn read(
        &self, parts: Range<usize>, columns: &[usize], bytes: Option<usize>, bounds: ReadLimits,
    ) -> Result<Reads, SourceError> {
        let fields = self.0.schema.fields().len();
        if parts.end > self.0.parts.len() || columns.iter().any(|&column| column >= fields) {
            return Err(SourceError::NoSuchPart { path: self.0.path.clone() });
        }
        let mut read = columns.to_vec();
        read.sort_unstable();
        read.dedup();
        let order = columns.iter().filter_map(|column| read.binary_search(column).ok()).collect();
        let first_row = self.0.parts[..parts.start].iter().map(|part| part.rows).sum();
        let footer = Arc::clone(&self.0);
        let schema = bytes.and_then(|column| with_bytes(&footer.schema, column));
        let schema = schema.unwrap_or_else(|| Arc::clone(&footer.schema));
        let (decoder, batch) = (None, None);
        Ok(Box::new(Rows { footer, schema, left: parts, columns: read, order, bounds, first_row, decoder, batch }))
    }
}

/// Goes through record batches.
struct Rows {
    footer: Arc<Footer>,
    /// What batches are decoded to.
    schema: SchemaRef,
    left: Range<usize>,
    /// Indices in the file, ascending.
    columns: Vec<usize>,
    /// For each column asked for, its place among `columns`.
    order: Vec<usize>,
    bounds: ReadLimits,
    /// First row of the file that was neither given nor given up.
    first_row: u64,
    /// With the dictionaries; `None` until it is needed.
    decoder: Option<FileDecoder>,
    /// What is left of the record batch in hand.
    batch: Option<RecordBatch>,
}

impl Iterator for Rows {
    type Item = Result<Read, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(batch) = self.batch.take() {
                return Some(Ok(self.slice(&batch)));
            }
            let part = self.left.next()?;
            let rows = self.first_row..self.first_row + self.footer.parts[part].rows;
            let fault = match catch_unwind(AssertUnwindSafe(|| self.decode(part))) {
                Ok(Ok(batch)) if batch.num_rows() as u64 == rows.end - rows.start => {
                    self.batch = Some(batch).filter(|batch| batch.num_rows() > 0);
                    continue;
                }
                Ok(Err(fault)) => fault,
                Ok(Ok(_)) => Fault::Damage("it has other rows than it says"),
                Err(_) => Fault::Damage("its decoder gave up"),
            };
            match fault {
                Fault::Store(_) => {
                    self.left = 0..0;
                    return Some(Err(fault.of(&self.footer.path)));
                }
                Fault::Damage(what) => {
                    self.first_row = rows.end;
                    return Some(Ok(Read::Lost { rows, part, reason: what.to_string() }));
                }
            }
        }
    }
}

impl Rows {
    fn decode(&mut self, part: usize) -> Result<RecordBatch, Fault> {
        let footer = &*self.footer;
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => {
                let decoder = FileDecoder::new(Arc::clone(&self.schema), footer.version);
                let mut decoder = decoder.with_projection(self.columns.clone());
                for dictionary in &footer.dictionaries {
                    let bytes = block(&*footer.file, dictionary)?;
                    let read = decoder.read_dictionary(dictionary, &bytes);
                    read.map_err(|_| Fault::Damage("a dictionary"))?;
                }
                none.insert(decoder)
            }
        };
        let place = &footer.batches[part];
        let bytes = block(&*footer.file, place)?;
        // Arrow's messages may quote values
        let wrong = |_| Fault::Damage("the record batch cannot be decoded");
        let batch = decoder.read_record_batch(place, &bytes).map_err(wrong)?;
        batch.ok_or(Fault::Damage("a record batch is none"))?.project(&self.order).map_err(wrong)
    }

    /// The next rows of a batch; the others stay in hand.
    fn slice(&mut self, batch: &RecordBatch) -> Read {
        let row = (batch.get_array_memory_size() / batch.num_rows().max(1)).max(1);
        let most = (self.bounds.batch_bytes / row).min(self.bounds.batch_rows).max(1).min(batch.num_rows());
        self.batch = Some(batch.slice(most, batch.num_rows() - most)).filter(|rest| rest.num_rows() > 0);
        let rows = self.first_row..self.first_row + most as u64;
        self.first_row = rows.end;
        Read::Rows { rows: rows.collect(), batch: batch.slice(0, most) }
    }
}
