//! [`RemoteFile`]: reads ranges of a file in an object store.

use std::{
    io,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::{Bytes, BytesMut};
use object_store::{GetOptions, GetRange, ObjectMeta};

use super::{
    Classify, Remote,
    blocks::{BLOCK, Blocks, KEPT},
};
use crate::{ReadAt, StoreError, read_at};

/// Fetches blocks of 1 MiB and caches 16 of them, so that Parquet's small reads do not become a request each.
pub struct RemoteFile {
    remote: Remote,
    path: String,
    meta: ObjectMeta,
    blocks: Mutex<Blocks>,
}

impl RemoteFile {
    pub fn new(remote: Remote, path: &str, meta: ObjectMeta) -> Self {
        Self { remote, path: path.to_string(), meta, blocks: Mutex::default() }
    }

    fn blocks(&self) -> MutexGuard<'_, Blocks> {
        self.blocks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches a range by one request.
    fn fetch(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
        let url = || self.remote.url(&self.path);
        let asked = range.end - range.start;
        // a weak ETag never matches
        let if_match = self.meta.e_tag.clone().filter(|tag| !tag.starts_with("W/"));
        let options = GetOptions { range: Some(GetRange::Bounded(range)), if_match, ..GetOptions::default() };
        let (store, key) = (Arc::clone(&self.remote.store), self.meta.location.clone());
        let got = self.remote.wait(&self.path, async move { store.get_opts(&key, options).await?.bytes().await })?;
        let bytes = got.map_err(|e| e.at(&url()))?;
        if bytes.len() as u64 != asked {
            return Err(StoreError::Changed { url: url() });
        }
        Ok(bytes)
    }

    /// Returns some blocks. Fetches the missing ones by one request, from the first of them to the last:
    ///
    /// ```text
    /// wanted  3 4 5 6 7    cached  3 5    request  4..=7
    /// ```
    fn take(&self, numbers: Range<u64>) -> Result<Vec<Bytes>, StoreError> {
        let mut found: Vec<Option<Bytes>> = {
            let mut blocks = self.blocks();
            numbers.clone().map(|number| blocks.get(number)).collect()
        };
        let missing = |found: &[Option<Bytes>]| {
            Some((found.iter().position(Option::is_none)?, found.iter().rposition(Option::is_none)?))
        };
        if let Some((first, last)) = missing(&found) {
            let begin = (numbers.start + first as u64) * BLOCK;
            let end = ((numbers.start + last as u64 + 1) * BLOCK).min(self.meta.size);
            // not under the lock, so that other threads can read meanwhile
            let bytes = self.fetch(begin..end)?;
            let mut blocks = self.blocks();
            for (place, part) in (first..=last).zip(bytes.chunks(BLOCK as usize)) {
                // a slice would keep the whole request in memory, so copy
                let block = if first == last { bytes.clone() } else { Bytes::copy_from_slice(part) };
                blocks.put(numbers.start + place as u64, block.clone());
                found[place] = Some(block);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

impl ReadAt for RemoteFile {
    fn len(&self) -> u64 {
        self.meta.size
    }

    fn read_at(&self, offset: u64, length: usize) -> io::Result<Bytes> {
        let end = read_at::within(offset, length, self.meta.size, &self.remote.url(&self.path))?;
        if length == 0 {
            return Ok(Bytes::new());
        }
        let numbers = offset / BLOCK..(end - 1) / BLOCK + 1;
        if numbers.end - numbers.start > KEPT as u64 / 2 {
            // a read that would evict most blocks bypasses the cache
            return Ok(self.fetch(offset..end)?);
        }
        let begin = numbers.start * BLOCK;
        let within = (offset - begin) as usize..(end - begin) as usize;
        let blocks = self.take(numbers)?;
        if let [block] = blocks.as_slice() {
            return Ok(block.slice(within));
        }
        let mut whole = BytesMut::with_capacity(length);
        let mut place = 0;
        for block in blocks {
            let part = within.start.max(place)..within.end.min(place + block.len());
            whole.extend_from_slice(&block[part.start - place..part.end - place]);
            place += block.len();
        }
        Ok(whole.freeze())
    }
}
