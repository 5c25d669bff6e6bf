//! Matches the mentions of two lists: those with equal keys, and those that overlap.
//!
//! Scores ([`score`](crate::score)) and differences ([`difference`](crate::difference)) both match by this file, so
//! that "equal" and "overlapping" mean the same in `evaluate` and in `diff`.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

use spanframe_engine::offset_convention::Interval;

/// A mention of each list, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    pub a: usize,
    pub b: usize,
}

/// Pairs the first mention of A with a key and the first of B with the same key, the second and the second, and so on.
///
/// Takes indices with their keys; returns the pairs in the order of B.
pub fn equal_pairs<K: Eq + Hash>(
    a: impl Iterator<Item = (usize, K)>, b: impl Iterator<Item = (usize, K)>,
) -> Vec<Pair> {
    let mut waiting: HashMap<K, VecDeque<usize>> = HashMap::new();
    for (index, key) in a {
        waiting.entry(key).or_default().push_back(index);
    }
    b.filter_map(|(b, key)| Some(Pair { a: waiting.get_mut(&key)?.pop_front()?, b })).collect()
}

/// A mention that overlaps a queried one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlap {
    /// Its index in the list.
    pub index: usize,
    /// Positions that both cover, at least 1.
    pub length: i64,
}

/// The mentions of one list by entity type, sorted by position, to find overlaps without comparing every pair.
pub struct OverlapIndex<T> {
    by_type: HashMap<T, SortedIntervals>,
}

/// `furthest_end[i]` is the greatest end of the intervals up to `i`. A search walks back from the last interval that
/// begins early enough, and stops where nothing before it ends late enough:
///
/// ```text
/// intervals     0..9  2..3  5..6  8..12       query: 7..9
/// furthest_end     9     9     9     12       walks 8..12, 5..6, 2..3, 0..9; 8..12 and 0..9 overlap
/// ```
#[derive(Default)]
struct SortedIntervals {
    intervals: Vec<(Interval, usize)>,
    furthest_end: Vec<i64>,
}

impl<T: Copy + Eq + Hash> OverlapIndex<T> {
    /// Indexes mentions by their interval and type.
    pub fn new(mentions: impl Iterator<Item = (usize, Interval, T)>) -> Self {
        let mut by_type: HashMap<T, SortedIntervals> = HashMap::new();
        for (index, interval, entity) in mentions {
            by_type.entry(entity).or_default().intervals.push((interval, index));
        }
        by_type.values_mut().for_each(SortedIntervals::sort);
        Self { by_type }
    }

    /// The mentions of type `entity` that share a position with `interval`, from the last to the first.
    pub fn overlapping(&self, interval: Interval, entity: T) -> impl Iterator<Item = Overlap> {
        self.by_type.get(&entity).into_iter().flat_map(move |sorted| sorted.overlapping(interval))
    }

    /// The mention of type `entity` that shares the most positions with `interval`; the first of equals.
    pub fn largest_overlap(&self, interval: Interval, entity: T) -> Option<Overlap> {
        // the last of equals in an order from the last to the first
        self.overlapping(interval, entity).max_by_key(|overlap| overlap.length)
    }
}

impl SortedIntervals {
    fn sort(&mut self) {
        self.intervals.sort_unstable();
        let mut furthest = i64::MIN;
        let ends = self.intervals.iter().map(|(interval, _)| {
            furthest = furthest.max(interval.end);
            furthest
        });
        self.furthest_end = ends.collect();
    }

    fn overlapping(&self, query: Interval) -> impl Iterator<Item = Overlap> {
        let early_enough = self.intervals.partition_point(|(interval, _)| interval.begin < query.end);
        (0..early_enough).rev().take_while(move |&i| self.furthest_end[i] > query.begin).filter_map(move |i| {
            let (interval, index) = self.intervals[i];
            let length = interval.overlap(query);
            (length > 0).then_some(Overlap { index, length })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn intervals() -> impl Strategy<Value = Vec<Interval>> {
        let one = (0i64..40, 0i64..12).prop_map(|(begin, length)| Interval { begin, end: begin + length });
        prop::collection::vec(one, 0..20)
    }

    #[test]
    fn equal_keys_are_paired_in_order() {
        let keys = |text: &'static str| text.char_indices();
        let pairs = equal_pairs(keys("xyxx"), keys("zxyx"));
        assert_eq!(pairs, [Pair { a: 0, b: 1 }, Pair { a: 1, b: 2 }, Pair { a: 2, b: 3 }]);
    }

    proptest! {
        #[test]
        fn overlaps_are_those_of_comparing_every_pair(list in intervals(), begin in 0i64..40, length in 0i64..12) {
            let query = Interval { begin, end: begin + length };
            let index = OverlapIndex::new(list.iter().enumerate().map(|(i, interval)| (i, *interval, ())));
            let mut found: Vec<usize> = index.overlapping(query, ()).map(|overlap| overlap.index).collect();
            found.sort_unstable();
            let expect: Vec<usize> = (0..list.len()).filter(|&i| list[i].overlap(query) > 0).collect();
            prop_assert_eq!(found, expect);
            let longest = list.iter().map(|interval| interval.overlap(query)).max().filter(|&length| length > 0);
            prop_assert_eq!(index.largest_overlap(query, ()).map(|overlap| overlap.length), longest);
        }
    }
}
