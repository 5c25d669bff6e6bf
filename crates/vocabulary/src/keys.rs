//! [`Keys`]: numbers by the hash of a key.
//!
//! ```text
//! hash ─ upper bits ─▶ start of a bucket ─▶ its entries: lower half of the hash, number
//! ```
//!
//! A look-up reads two places in memory, and a key takes nine to ten bytes. Different keys may have the same hash, so
//! whoever looks one up compares it with what the numbers stand for.

use std::{
    io::{self, Write},
    path::Path,
};

use twox_hash::XxHash3_64;

use crate::{
    build::{PassError, fits, torn},
    section::{Section, SectionKind, SectionWriter},
    sorter::Sorter,
};

/// The hash of a key. It is part of the format.
pub(crate) fn hash(key: &[u8]) -> u64 {
    XxHash3_64::oneshot(key)
}

/// An open table: `[hash, number]` of each entry, where each bucket starts, and the bits that number the buckets.
#[derive(Debug)]
pub(crate) struct Keys {
    section: Section,
    bits: u32,
    entries: usize,
}

impl Keys {
    /// `None` if it leads out of itself, or to a number that is not below `numbers`.
    pub(crate) fn open(section: Section, numbers: usize) -> Option<Self> {
        let integers: &[u32] = bytemuck::try_cast_slice(section.as_ref()).ok()?;
        let (bits, rest) = integers.split_last()?;
        let starts = 1_usize.checked_shl(*bits).filter(|_| (1..32).contains(bits))? + 1;
        let (entries, starts) = rest.split_at_checked(rest.len().checked_sub(starts)?)?;
        let (pairs, odd) = entries.as_chunks::<2>();
        let is_sound = odd.is_empty()
            && starts.is_sorted()
            && starts.last().is_some_and(|end| *end as usize == pairs.len())
            && pairs.iter().all(|[_, number]| (*number as usize) < numbers);
        let (bits, entries) = (*bits, entries.len());
        is_sound.then_some(Self { section, bits, entries })
    }

    /// The numbers of all keys with this hash, ascending.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        let integers: &[u32] = bytemuck::cast_slice(self.section.as_ref());
        let (entries, starts) = integers.split_at(self.entries);
        let bucket = (hash >> (u64::BITS - self.bits)) as usize;
        let (pairs, _) = entries.as_chunks::<2>();
        let pairs = &pairs[starts[bucket] as usize..starts[bucket + 1] as usize];
        pairs.iter().filter(move |[low, _]| *low == hash as u32).map(|[_, number]| *number as usize)
    }
}

/// Collects keys in bounded memory.
pub(crate) struct KeyWriter {
    sorter: Sorter,
    count: u64,
}

impl KeyWriter {
    pub(crate) fn new(folder: &Path, memory: usize) -> Self {
        Self { sorter: Sorter::new(folder, memory), count: 0 }
    }

    pub(crate) fn push(&mut self, hash: u64, number: u32) -> io::Result<()> {
        self.count += 1;
        self.sorter.push(&hash.to_be_bytes(), &number.to_be_bytes())
    }

    pub(crate) fn finish(self, folder: &Path, kind: SectionKind) -> Result<SectionWriter, PassError> {
        // two to four entries a bucket
        let bits = (fits(self.count, "keys")? / 4).next_power_of_two().ilog2().max(1);
        let mut table = SectionWriter::new(folder, kind)?;
        let (mut starts, mut written) = (Vec::with_capacity((1 << bits) + 1), 0_u32);
        let mut sorted = self.sorter.sorted()?;
        while let Some((hash, number)) = sorted.next()? {
            let hash = u64::from_be_bytes(hash.try_into().map_err(|_| torn())?);
            let number = u32::from_be_bytes(number.try_into().map_err(|_| torn())?);
            let bucket = (hash >> (u64::BITS - bits)) as usize;
            starts.resize(starts.len().max(bucket + 1), written);
            table.write_all(bytemuck::bytes_of(&[hash as u32, number]))?;
            written += 1;
        }
        starts.resize((1 << bits) + 1, written);
        table.write_all(bytemuck::cast_slice(&starts))?;
        table.write_all(&bits.to_le_bytes())?;
        Ok(table)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_found_by_its_hash_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        for count in [0, 1, 2, 7, 1000_u32] {
            let mut writer = KeyWriter::new(folder.path(), 300);
            // every third key comes twice
            let key = |number: u32| hash(&(number - number % 3 / 2).to_le_bytes());
            (0..count).for_each(|number| writer.push(key(number), number).unwrap());
            let section = Section::of(writer.finish(folder.path(), SectionKind::TextKeys).unwrap());
            let keys = Keys::open(section.clone(), count as usize).unwrap();
            for number in 0..count {
                let expected: Vec<_> = (0..count).filter(|other| key(*other) == key(number)).collect();
                assert!(keys.find(key(number)).eq(expected.iter().map(|number| *number as usize)));
            }
            assert_eq!(keys.find(hash(b"absent")).count(), 0);
            assert!(count == 0 || Keys::open(section, count as usize - 1).is_none());
        }
    }
}
