//! [`DiskFile`]: reads ranges of a file on disk.

use std::{
    fs::File,
    io::{self, ErrorKind},
    path::Path,
};

use bytes::Bytes;

use crate::{ReadAt, StoreError};

/// An open file. It keeps no position, so that threads may share it.
pub struct DiskFile {
    file: File,
    len: u64,
    url: String,
}

impl DiskFile {
    pub fn open(path: &Path, url: String) -> io::Result<Self> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(ErrorKind::IsADirectory.into());
        }
        Ok(Self { file, len: metadata.len(), url })
    }

    fn error(&self, error: io::Error) -> io::Error {
        match error.kind() {
            // the trait promises this kind
            ErrorKind::UnexpectedEof => error,
            _ => StoreError::from_io(&self.url, error).into(),
        }
    }
}

impl ReadAt for DiskFile {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        // check before allocating: the length may come from a damaged file
        crate::read_at::within(offset, length, self.len, &self.url)?;
        let mut bytes = vec![0; length];
        read_exact_at(&self.file, &mut bytes, offset).map_err(|e| self.error(e))?;
        Ok(bytes.into())
    }
}

#[cfg(unix)]
fn read_exact_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_exact_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                bytes = &mut bytes[read..];
                offset += read as u64;
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}
