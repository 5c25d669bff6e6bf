//! [`Sorter`]: sorts records in bounded memory.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Bytes of a buffered read or write of a run.
const BUFFER: usize = 256 << 10;

/// A key and a value. Records are ordered by key, then by value.
pub(crate) type Record = (Vec<u8>, Vec<u8>);

/// Sorts records by writing sorted runs to temporary files, and merging them.
///
/// ```text
/// push ─▶ arena, at most `memory` bytes ─▶ sort ─▶ run 0 ╮
///                                      ─▶ sort ─▶ run 1 ├─▶ heap with the first record of each run ─▶ next
/// ```
pub(crate) struct Sorter {
    folder: PathBuf,
    memory: usize,
    arena: Vec<u8>,
    /// Start of the key, start of the value and end of each record in the arena.
    records: Vec<[usize; 3]>,
    runs: Vec<File>,
}

impl Sorter {
    /// Temporary files are made in `folder`.
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self { folder: folder.to_path_buf(), memory, arena: Vec::new(), records: Vec::new(), runs: Vec::new() }
    }

    pub(crate) fn push(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        let start = self.arena.len();
        self.arena.extend_from_slice(key);
        self.arena.extend_from_slice(value);
        self.records.push([start, start + key.len(), self.arena.len()]);
        match self.arena.len() + self.records.len() * size_of::<[usize; 3]>() > self.memory {
            true => self.spill(),
            false => Ok(()),
        }
    }

    fn sort(&mut self) {
        let Self { arena, records, .. } = self;
        records.sort_unstable_by(|a, b| {
            let parts = |&[key, value, end]: &[usize; 3]| (&arena[key..value], &arena[value..end]);
            parts(a).cmp(&parts(b))
        });
    }

    fn spill(&mut self) -> io::Result<()> {
        self.sort();
        let mut file = BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(&self.folder)?);
        for &[key, value, end] in &self.records {
            file.write_all(&((value - key) as u64).to_le_bytes())?;
            file.write_all(&((end - value) as u64).to_le_bytes())?;
            file.write_all(&self.arena[key..end])?;
        }
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        self.runs.push(file);
        self.arena.clear();
        self.records.clear();
        Ok(())
    }

    /// The records in order.
    pub(crate) fn sorted(mut self) -> io::Result<Sorted> {
        if self.runs.is_empty() {
            self.sort();
            let (arena, records) = (self.arena, self.records.into_iter());
            return Ok(Sorted::Memory { arena, records });
        }
        self.spill()?;
        self.arena = Vec::new();
        let mut runs: Vec<_> = self.runs.into_iter().map(|file| BufReader::with_capacity(BUFFER, file)).collect();
        let mut heap = BinaryHeap::with_capacity(runs.len());
        for (index, run) in runs.iter_mut().enumerate() {
            heap.extend(read_record(run)?.map(|record| Reverse((record, index))));
        }
        Ok(Sorted::Runs { runs, heap })
    }
}

/// Records in order.
pub(crate) enum Sorted {
    Memory { arena: Vec<u8>, records: std::vec::IntoIter<[usize; 3]> },
    Runs { runs: Vec<BufReader<File>>, heap: BinaryHeap<Reverse<(Record, usize)>> },
}

impl Sorted {
    /// The next record; `None` after the last.
    pub(crate) fn next(&mut self) -> io::Result<Option<Record>> {
        match self {
            Self::Memory { arena, records } => {
                Ok(records.next().map(|[key, value, end]| (arena[key..value].to_vec(), arena[value..end].to_vec())))
            }
            Self::Runs { runs, heap } => {
                let Some(mut top) = heap.peek_mut() else { return Ok(None) };
                let Reverse((record, index)) = &mut *top;
                match read_record(&mut runs[*index])? {
                    Some(next) => Ok(Some(std::mem::replace(record, next))),
                    None => Ok(Some(PeekMut::pop(top).0.0)),
                }
            }
        }
    }
}

fn read_record(run: &mut BufReader<File>) -> io::Result<Option<Record>> {
    let mut lengths = [0; 16];
    match run.read_exact(&mut lengths[..1]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    run.read_exact(&mut lengths[1..])?;
    let [key, value] = [0, 8].map(|at| u64::from_le_bytes(std::array::from_fn(|i| lengths[at + i])));
    let mut take = |length: u64| -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
        run.read_exact(&mut bytes)?;
        Ok(bytes)
    };
    Ok(Some((take(key)?, take(value)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_in_order_whether_they_fit_into_memory_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let pushed: Vec<Record> = (0..1000_u32)
            .map(|i| (i.wrapping_mul(7919).to_be_bytes()[2..].to_vec(), vec![7; (i % 5) as usize]))
            .collect();
        let mut expected = pushed.clone();
        expected.sort();
        for memory in [1, 100, 5_000, 1 << 20] {
            let mut sorter = Sorter::new(folder.path(), memory);
            pushed.iter().for_each(|(key, value)| sorter.push(key, value).unwrap());
            let mut sorted = sorter.sorted().unwrap();
            let found: Vec<Record> = std::iter::from_fn(|| sorted.next().unwrap()).collect();
            assert!(found == expected, "{memory}");
        }
    }
}
