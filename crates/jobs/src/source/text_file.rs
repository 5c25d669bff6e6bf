//! [`TextFile`]: a text file as a stream of decompressed bytes.

use std::{
    io::{self, BufRead, BufReader, Read},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::{Buf, Bytes};
use flate2::bufread::MultiGzDecoder;
use spanframe_store::ReadAt;

use super::{Compression, SourceError};

/// Bytes of one request to the store.
const REQUEST_BYTES: u64 = 1 << 20;

/// Most bytes of a row. No note is longer, and a quote that is never closed is found here.
pub const MAX_ROW_BYTES: usize = 64 << 20;

/// A text file, which can be read any number of times.
#[derive(Clone)]
pub struct TextFile {
    pub file: Arc<dyn ReadAt>,
    pub path: String,
    /// Name of the format in messages.
    pub format: &'static str,
    pub compression: Compression,
}

/// One pass over the decompressed bytes of a file.
pub struct Text {
    reader: Box<dyn BufRead + Send>,
    failure: Failure,
    file: TextFile,
}

/// The store's error, if it failed. Decompression reports its own errors in the same type.
type Failure = Arc<Mutex<Option<io::Error>>>;

impl TextFile {
    /// Begins to read, behind the byte order mark that some programs write.
    ///
    /// # Errors
    /// [`SourceError::Unsupported`] for UTF-16, [`SourceError::Damaged`] if the file does not begin as its compression
    /// does, [`SourceError::Io`] if the store fails.
    pub fn text(&self) -> Result<Text, SourceError> {
        let failure = Failure::default();
        let stored =
            Stored { file: Arc::clone(&self.file), next: 0, bytes: Bytes::new(), failure: Arc::clone(&failure) };
        let bytes = BufReader::new(stored);
        let decoded: io::Result<Box<dyn Read + Send>> = match self.compression {
            Compression::None => Ok(Box::new(bytes)),
            Compression::Gzip => Ok(Box::new(MultiGzDecoder::new(bytes))),
            Compression::Zstd => zstd::Decoder::with_buffer(bytes).map(|decoder| Box::new(decoder) as _),
        };
        let reader: Box<dyn BufRead + Send> = match decoded {
            Ok(decoded) => Box::new(BufReader::with_capacity(64 << 10, decoded)),
            Err(error) => return Err(self.error(&failure, &error)),
        };
        let mut text = Text { reader, failure, file: self.clone() };
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

    fn error(&self, failure: &Failure, error: &io::Error) -> SourceError {
        let path = self.path.clone();
        match failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(source) => SourceError::Io { path, source },
            None => {
                let reason = format!("it cannot be decompressed: {error}");
                SourceError::Damaged { path, format: self.format, reason }
            }
        }
    }
}

impl Text {
    /// The error of the file behind an error of reading.
    pub fn error(&self, error: &io::Error) -> SourceError {
        self.file.error(&self.failure, error)
    }

    /// The error of a row longer than [`MAX_ROW_BYTES`].
    pub fn long_row(&self, line: u64, way_out: &'static str) -> SourceError {
        SourceError::LongRow { path: self.file.path.clone(), line, limit: MAX_ROW_BYTES, way_out }
    }

    /// The next bytes, at least one unless the text is at its end. They come again until [`consume`](Self::consume).
    pub fn chunk(&mut self) -> Result<&[u8], SourceError> {
        let Self { reader, failure, file } = self;
        reader.fill_buf().map_err(|error| file.error(failure, &error))
    }

    /// Goes on behind `length` bytes of the chunk.
    pub fn consume(&mut self, length: usize) {
        self.reader.consume(length);
    }

    /// Reads the rest of the line into `line`, without its `\n` or `\r\n`. Returns `false` at the end of the text.
    pub fn read_line(&mut self, line: &mut Vec<u8>, number: u64) -> Result<bool, SourceError> {
        line.clear();
        let most = MAX_ROW_BYTES as u64 + 1;
        let read = self.reader.by_ref().take(most).read_until(b'\n', line);
        match read {
            Err(error) => Err(self.error(&error)),
            Ok(0) => Ok(false),
            Ok(length) if length as u64 == most && line.last() != Some(&b'\n') => {
                Err(self.long_row(number, "write one object a line, and split its note"))
            }
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

/// The stored bytes of a file, from its beginning to its end.
struct Stored {
    file: Arc<dyn ReadAt>,
    /// First byte that was not requested yet.
    next: u64,
    /// What is left of the last request.
    bytes: Bytes,
    failure: Failure,
}

impl Read for Stored {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            let length = REQUEST_BYTES.min(self.file.len().saturating_sub(self.next));
            let bytes = match length {
                0 => return Ok(0),
                length => self.file.read_at(self.next, length as usize),
            };
            self.bytes = bytes.map_err(|error| {
                let kind = error.kind();
                *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                io::Error::from(kind)
            })?;
            self.next += length;
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
