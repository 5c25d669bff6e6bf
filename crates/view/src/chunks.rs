//! [`Chunks`]: the most frequent mentions of a type, in bounded memory.

use std::collections::HashMap;

/// Distinct chunks of a type that are always kept. Up to twice as many are kept at a time.
const MOST: usize = 50_000;

/// Counts chunks. Chunks that differ only in case or white space count as one, shown in lower case.
///
/// Beyond 100,000 distinct chunks the rare ones are forgotten (Misra and Gries, 1982). Counts are then lower bounds,
/// too low by [`error`](Self::error) at most.
#[derive(Debug)]
pub struct Chunks {
    counts: HashMap<String, u64>,
    most: usize,
    error: u64,
}

impl Default for Chunks {
    fn default() -> Self {
        Self { counts: HashMap::new(), most: MOST, error: 0 }
    }
}

impl Chunks {
    /// Counts `chunk` once more.
    pub fn add(&mut self, chunk: &str) {
        let key = chunk.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        *self.counts.entry(key).or_default() += 1;
        // subtract the count of rank `most` from all: at least half of the chunks reach zero and are dropped
        if self.counts.len() > 2 * self.most {
            let mut counts: Vec<u64> = self.counts.values().copied().collect();
            let (_, &mut off, _) = counts.select_nth_unstable_by(self.most, |a, b| b.cmp(a));
            self.counts.retain(|_, count| {
                *count = count.saturating_sub(off);
                *count > 0
            });
            self.error += off;
        }
    }

    /// Returns by how much a count may be too low; 0 if all are exact.
    pub fn error(&self) -> u64 {
        self.error
    }

    /// Returns the `most` frequent chunks with their counts, by falling count and then in alphabetical order.
    pub fn top(&self, most: usize) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self.counts.iter().map(|(chunk, count)| (chunk.as_str(), *count)).collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all.truncate(most);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_and_white_space_do_not_count() {
        let mut chunks = Chunks::default();
        ["Chest  pain", "chest\npain", "TOS"].into_iter().for_each(|chunk| chunks.add(chunk));
        assert_eq!(chunks.top(2), [("chest pain", 2), ("tos", 1)]);
    }

    proptest! {
        #[test]
        fn counts_are_off_by_no_more_than_is_said(words in prop::collection::vec("[a-z]{1,2}", 0..400)) {
            let mut chunks = Chunks { most: 8, ..Chunks::default() };
            words.iter().for_each(|word| chunks.add(word));
            for word in &words {
                let real = words.iter().filter(|other| *other == word).count() as u64;
                let counted = chunks.counts.get(word).copied().unwrap_or(0);
                prop_assert!(counted <= real && real <= counted + chunks.error(), "{counted} of {real}");
            }
            prop_assert!(chunks.counts.len() <= 16 && chunks.error() <= words.len() as u64 / 8);
        }
    }
}
