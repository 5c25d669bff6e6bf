//! [`BytesFile`]: a file in memory that counts reads.

use std::{
    io::{self, ErrorKind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use bytes::Bytes;
use spanframe_store::ReadAt;

#[derive(Default)]
pub struct BytesFile {
    pub bytes: Bytes,
    /// Number of reads that succeed; all later ones fail.
    pub fails_after: Option<u64>,
    pub reads: AtomicU64,
    pub bytes_read: AtomicU64,
    pub longest: AtomicU64,
}

impl BytesFile {
    pub fn new(bytes: impl Into<Bytes>) -> Arc<Self> {
        Arc::new(Self { bytes: bytes.into(), ..Self::default() })
    }
}

impl ReadAt for BytesFile {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let reads = self.reads.fetch_add(1, Relaxed);
        if self.fails_after.is_some_and(|most| reads >= most) {
            return Err(io::Error::from(ErrorKind::PermissionDenied));
        }
        self.bytes_read.fetch_add(length as u64, Relaxed);
        self.longest.fetch_max(length as u64, Relaxed);
        let offset = offset as usize;
        if offset.checked_add(length).is_none_or(|end| end > self.bytes.len()) {
            return Err(io::Error::from(ErrorKind::UnexpectedEof));
        }
        Ok(self.bytes.slice(offset..offset + length))
    }
}
