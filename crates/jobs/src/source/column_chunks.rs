//! [`ColumnChunks`]: fetches the bytes of some column chunks of a Parquet file.
//!
//! A Parquet reader asks for page headers and pages one by one. Each request is widened to a stretch of its column
//! chunk, so that an object store gets few requests:
//!
//! ```text
//! file     | chunk of a: page page page | chunk of b (not read) | chunk of c: page page |
//! memory          [ one stretch ]                                  [ one stretch ]
//! ```

use std::{
    io,
    ops::Range,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Buf, Bytes};
use parquet::{
    errors::{ParquetError, Result},
    file::{
        metadata::ColumnChunkMetaData,
        reader::{ChunkReader, Length},
    },
};
use spanframe_store::ReadAt;

/// Bytes of the stretches of all chunks together.
const STRETCHES: u64 = 8 << 20;

/// Bytes fetched for a header outside all chunks.
const HEADER: usize = 8 << 10;

/// Reads column chunks, with one stretch of each in memory.
pub struct ColumnChunks {
    file: Arc<dyn ReadAt>,
    chunks: Vec<Chunk>,
    /// Bytes of a stretch.
    stretch: u64,
    failure: Mutex<Option<io::Error>>,
}

struct Chunk {
    range: Range<u64>,
    /// The stretch that was fetched last, and where it begins.
    fetched: Mutex<(u64, Bytes)>,
}

impl ColumnChunks {
    /// Reads `file`, whose column chunks are in `ranges`.
    pub fn new(file: Arc<dyn ReadAt>, ranges: impl IntoIterator<Item = Range<u64>>) -> Self {
        let chunks: Vec<Chunk> =
            ranges.into_iter().map(|range| Chunk { range, fetched: Mutex::new((0, Bytes::new())) }).collect();
        let stretch = (STRETCHES / (chunks.len() as u64).max(1)).clamp(64 << 10, 1 << 20);
        Self { file, chunks, stretch, failure: Mutex::new(None) }
    }

    /// Takes the store's error, if it failed. Parquet's own errors do not keep it.
    pub fn failure(&self) -> Option<io::Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn fetch(&self, range: Range<u64>) -> Result<Bytes> {
        let length = usize::try_from(range.end - range.start)?;
        self.file.read_at(range.start, length).map_err(|error| {
            let message = error.to_string();
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            ParquetError::General(message)
        })
    }

    /// Returns at least `least` bytes from `start` on; more if they are in memory or cheap to fetch.
    fn bytes(&self, start: u64, least: usize) -> Result<Bytes> {
        let outside = || ParquetError::General(format!("bytes from {start} on are outside the file"));
        let end = start.checked_add(least as u64).filter(|&end| end <= self.file.len()).ok_or_else(outside)?;
        let Some(chunk) = self.chunks.iter().find(|chunk| chunk.range.contains(&start)) else {
            return self.fetch(start..end.max(self.file.len().min(start + HEADER as u64)));
        };
        let mut fetched = chunk.fetched.lock().unwrap_or_else(PoisonError::into_inner);
        let (from, bytes) = &*fetched;
        if *from <= start && end <= from + bytes.len() as u64 && start < from + bytes.len() as u64 {
            return Ok(bytes.slice((start - from) as usize..));
        }
        let stretch = chunk.range.end.min(start + self.stretch).min(self.file.len());
        let bytes = self.fetch(start..end.max(stretch))?;
        *fetched = (start, bytes.clone());
        Ok(bytes)
    }
}

impl Length for ColumnChunks {
    fn len(&self) -> u64 {
        self.file.len()
    }
}

/// Where a column chunk is; empty if the footer gives an impossible place.
pub fn byte_range(column: &ColumnChunkMetaData) -> Range<u64> {
    let first = column.dictionary_page_offset().map_or(column.data_page_offset(), |d| d.min(column.data_page_offset()));
    match (u64::try_from(first), u64::try_from(column.compressed_size())) {
        (Ok(start), Ok(length)) => start..start.saturating_add(length),
        _ => 0..0,
    }
}

/// Shares [`ColumnChunks`] with Parquet's reader, which takes its source by value.
pub struct SharedChunks(pub Arc<ColumnChunks>);

impl Length for SharedChunks {
    fn len(&self) -> u64 {
        self.0.len()
    }
}

impl ChunkReader for SharedChunks {
    type T = Header;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let chunk = self.0.chunks.iter().find(|chunk| chunk.range.contains(&start));
        let end = chunk.map_or(self.0.len(), |chunk| chunk.range.end.min(self.0.len()));
        Ok(Header { chunks: Arc::clone(&self.0), left: start..end, bytes: Bytes::new() })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        Ok(self.0.bytes(start, length)?.slice(..length))
    }
}

/// Reads a header of unknown length, at most to the end of its chunk.
pub struct Header {
    chunks: Arc<ColumnChunks>,
    left: Range<u64>,
    bytes: Bytes,
}

impl io::Read for Header {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() && !self.left.is_empty() {
            let bytes = self.chunks.bytes(self.left.start, 1).map_err(io::Error::other)?;
            let length = (bytes.len() as u64).min(self.left.end - self.left.start);
            self.bytes = bytes.slice(..length as usize);
            self.left.start += length;
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
