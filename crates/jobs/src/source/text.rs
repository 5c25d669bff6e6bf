//! [`Text`]: a text file from its begin on, decompressed.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use spanframe_store::ReadAt;

use super::{Compression, SourceError};

/// Bytes that a store is asked for at once.
const STRETCH: u64 = 1 << 20;

/// Most bytes of a row: no note is as long, and what an open quote swallows is bounded.
pub const MOST: usize = 64 << 20;

/// A text file that can be read again and again.
#[derive(Clone)]
pub struct TextFile {
    pub file: Arc<dyn ReadAt>,
    pub path: String,
    pub format: &'static str,
    pub compression: Compression,
}

/// Its text, in bytes.
pub struct Text {
    reader: Box<dyn BufRead + Send>,
    failed: Failed,
    file: TextFile,
}

/// What the store answered: decompression reports its own errors in the same type.
type Failed = Arc<Mutex<Option<io::Error>>>;

impl TextFile {
    /// From the begin, after the mark that some programs write there.
    pub fn text(&self) -> Result<Text, SourceError> {
        let failed = Failed::default();
        let stretches =
            Stretches { file: Arc::clone(&self.file), next: 0, bytes: Bytes::new(), failed: Arc::clone(&failed) };
        let bytes = BufReader::new(stretches);
        let decoded: io::Result<Box<dyn Read + Send>> = match self.compression {
            Compression::None => Ok(Box::new(bytes)),
            Compression::Gzip => Ok(Box::new(MultiGzDecoder::new(bytes))),
            Compression::Zstd => zstd::Decoder::with_buffer(bytes).map(|decoder| Box::new(decoder) as _),
        };
        let reader: Box<dyn BufRead + Send> = match decoded {
            Ok(decoded) => Box::new(BufReader::with_capacity(64 << 10, decoded)),
            Err(error) => return Err(self.error(&failed, &error)),
        };
        let mut text = Text { reader, failed, file: self.clone() };
        let begin = match text.reader.fill_buf() {
            Ok(bytes) => bytes[..bytes.len().min(3)].to_vec(),
            Err(error) => return Err(text.error(&error)),
        };
        if begin.starts_with(&[0xff, 0xfe]) || begin.starts_with(&[0xfe, 0xff]) {
            let path = self.path.clone();
            return Err(SourceError::Unsupported { path, found: "UTF-16", way_out: "convert it to UTF-8" });
        }
        if begin == [0xef, 0xbb, 0xbf] {
            text.reader.consume(3);
        }
        Ok(text)
    }

    fn error(&self, failed: &Failed, error: &io::Error) -> SourceError {
        let path = self.path.clone();
        match failed.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(source) => SourceError::Io { path, source },
            None => SourceError::Damaged { path, format: self.format, reason: format!("its compression: {error}") },
        }
    }
}

impl Text {
    /// What a failure to read means.
    pub fn error(&self, error: &io::Error) -> SourceError {
        self.file.error(&self.failed, error)
    }

    /// A row that is longer than [`MOST`].
    pub fn long_row(&self, line: u64) -> SourceError {
        SourceError::LongRow { path: self.file.path.clone(), line, limit: MOST }
    }

    /// What is left of the line, without its end, into `line`. `false` at the end of the text.
    pub fn read_line(&mut self, line: &mut Vec<u8>, number: u64) -> Result<bool, SourceError> {
        line.clear();
        let most = MOST as u64 + 1;
        let read = self.reader.by_ref().take(most).read_until(b'\n', line);
        match read {
            Err(error) => Err(self.error(&error)),
            Ok(0) => Ok(false),
            Ok(length) if length as u64 == most && line.last() != Some(&b'\n') => Err(self.long_row(number)),
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                }
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                Ok(true)
            }
        }
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

/// A file from begin to end, in stretches.
struct Stretches {
    file: Arc<dyn ReadAt>,
    next: u64,
    bytes: Bytes,
    failed: Failed,
}

impl Read for Stretches {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            let length = STRETCH.min(self.file.len().saturating_sub(self.next));
            let bytes = match length {
                0 => return Ok(0),
                length => self.file.read_at(self.next, length as usize),
            };
            self.bytes = bytes.map_err(|error| {
                let kind = error.kind();
                *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                io::Error::from(kind)
            })?;
            self.next += length;
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
