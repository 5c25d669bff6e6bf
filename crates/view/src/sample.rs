//! [`Sample`]: a random sample of rows that does not depend on how the rows are read.

use std::collections::BTreeMap;

/// Rows with entities among five rows of a sample, if there are enough of both kinds.
const OF_FIVE: usize = 4;

/// A sample of at most `most` rows: four of five with entities and one without, more of one kind if the other is short.
///
/// Each row gets a random number from the seed and its place, and the rows with the smallest numbers are taken. So no
/// draw depends on another, and all rows with entities (and all without) have the same chance.
pub struct Sample<T> {
    most: usize,
    seed: u64,
    /// Rows with entities and rows without, by random number and place.
    groups: [BTreeMap<(u64, u64), T>; 2],
}

impl<T> Sample<T> {
    /// Makes an empty sample of at most `most` rows.
    pub fn new(most: usize, seed: u64) -> Self {
        Self { most, seed, groups: [BTreeMap::new(), BTreeMap::new()] }
    }

    /// Offers the row at `place`, a number that no other row has. Calls `make` if the row is among the smallest so far.
    pub fn offer(&mut self, place: u64, has_entities: bool, make: impl FnOnce() -> T) {
        let group = &mut self.groups[usize::from(!has_entities)];
        let key = (mix(mix(self.seed) ^ place), place);
        if group.len() < self.most || group.last_key_value().is_some_and(|(last, _)| key < *last) {
            group.insert(key, make());
            if group.len() > self.most {
                group.pop_last();
            }
        }
    }

    /// Returns the rows of the sample, in order of place.
    pub fn finish(self) -> Vec<T> {
        let [with, without] = self.groups;
        let share_without = self.most - self.most * OF_FIVE / 5;
        let count_without = share_without.max(self.most.saturating_sub(with.len())).min(without.len());
        let count_with = self.most - count_without;
        let taken = with.into_iter().take(count_with).chain(without.into_iter().take(count_without));
        let by_place: BTreeMap<u64, T> = taken.map(|((_, place), row)| (place, row)).collect();
        by_place.into_values().collect()
    }
}

/// Returns a random number that `x` determines (SplitMix64; Steele, Lea and Flood, 2014).
fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Samples `rows` rows, every fourth of which has no entities.
    fn sample(rows: u64, most: usize, seed: u64) -> Vec<u64> {
        let mut sample = Sample::new(most, seed);
        (0..rows).for_each(|place| sample.offer(place, place % 4 != 0, || place));
        sample.finish()
    }

    #[test]
    fn one_of_five_has_no_entities() {
        let taken = sample(1000, 50, 0);
        assert_eq!((taken.len(), taken.iter().filter(|&place| place % 4 == 0).count()), (50, 10));
        assert!(taken.is_sorted());
        assert_eq!(sample(8, 50, 0), (0..8).collect::<Vec<_>>(), "all, where there are few");
        assert_eq!(sample(12, 10, 0).len(), 10, "3 without entities, of which 2, and of 9 with them 8");
        assert_eq!(sample(4, 4, 0).len(), 4);
        assert!(sample(100, 0, 0).is_empty());
    }

    #[test]
    fn a_seed_decides_the_sample_and_it_is_of_the_whole_file() {
        assert_eq!(sample(10_000, 50, 7), sample(10_000, 50, 7));
        assert_ne!(sample(10_000, 50, 7), sample(10_000, 50, 8));
        // over a thousand seeds, each tenth of the file gets a tenth of the rows
        let mut tenths = [0usize; 10];
        for seed in 0..1000 {
            sample(200, 10, seed).iter().for_each(|place| tenths[(place / 20) as usize] += 1);
        }
        assert!(tenths.iter().all(|count| (850..1150).contains(count)), "{tenths:?}");
    }
}
