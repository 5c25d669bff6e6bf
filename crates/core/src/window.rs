//! Cuts a document's pieces into windows that a model can take.

use std::ops::Range;

use crate::sentence::SentenceEnd;

/// A run of pieces that is given to the model at once.
///
/// Every piece of a document is owned by exactly one of its windows; `owned` lies inside `tokens`, and the rest of
/// `tokens` is context that another window owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Pieces that the model sees.
    pub tokens: Range<usize>,
    /// Pieces whose logits are taken from this window.
    pub owned: Range<usize>,
}

/// Packs the pieces of one document into windows of at most `capacity` pieces.
///
/// Whole sentences are packed as long as they fit (`ends` as of [`sentence_ends`](crate::sentence::sentence_ends), the last one
/// at the end of the pieces), but a window ends with the first section that fills more than a quarter of it. So sections that
/// were copied from another note fall into the same windows there, wherever they stand. A sentence longer than `capacity` is covered by windows that
/// overlap by about `stride` pieces; in the overlap each piece goes to the window in which it has more context. Cuts
/// move back to the begin of a word where one is near (`joined` as of [`Encoding::joined`](crate::Encoding::joined)).
/// Nothing is left out: the owned ranges follow each other from 0 to `joined.len()`.
///
/// # Panics
/// If `capacity` is 0 or `stride >= capacity`; the engine checks its options before.
///
/// ```
/// # use spanframe_core::{sentence::SentenceEnd, window::windows};
/// let ends = [3, 5, 8].map(|piece| SentenceEnd { piece, ends_section: false });
/// let found = windows(&ends, &[false; 8], 5, 2);
/// assert_eq!(found.iter().map(|w| w.tokens.clone()).collect::<Vec<_>>(), [0..5, 5..8]);
/// ```
#[must_use]
pub fn windows(ends: &[SentenceEnd], joined: &[bool], capacity: usize, stride: usize) -> Vec<Window> {
    assert!(capacity > 0 && stride < capacity, "windows need a capacity above their stride");
    let n = joined.len();
    let mut found = Vec::new();
    let (mut start, mut own) = (0, 0);
    while own < n {
        let limit = start + capacity;
        // ends at or before `own` bring nothing new
        let fitting = &ends[..ends.partition_point(|end| end.piece <= limit)];
        let fitting = &fitting[fitting.partition_point(|end| end.piece <= own)..];
        let section = fitting.iter().find(|end| end.ends_section && end.piece > start + capacity / 4);
        let sentence = section.or(fitting.last()).map(|end| end.piece);
        let end = sentence.unwrap_or_else(|| word_begin(joined, limit, own.max(start + capacity / 2)));
        if sentence.is_some() {
            found.push(Window { tokens: start..end, owned: own..end });
            (start, own) = (end, end);
        } else {
            let next_own = word_begin(joined, end.saturating_sub(stride / 2).max(own + 1), own);
            found.push(Window { tokens: start..end, owned: own..next_own });
            start = word_begin(joined, end.saturating_sub(stride).max(start + 1), start).min(next_own);
            own = next_own;
        }
    }
    found
}

/// Windows of exactly `capacity` pieces, each sharing `stride` with the one before it, the last one shorter: what
/// tokenizers make of a long text when they truncate it. Every piece of a window is owned by it, so that the pieces of
/// an overlap are owned twice: only for an emulation that decodes each window by itself.
///
/// # Panics
/// If `capacity` is 0 or `stride >= capacity`.
///
/// ```
/// # use spanframe_core::window::overlapping;
/// let found = overlapping(8, 5, 2);
/// assert_eq!(found.iter().map(|w| w.tokens.clone()).collect::<Vec<_>>(), [0..5, 3..8]);
/// ```
#[must_use]
pub fn overlapping(pieces: usize, capacity: usize, stride: usize) -> Vec<Window> {
    assert!(capacity > 0 && stride < capacity, "windows need a capacity above their stride");
    let mut found = Vec::new();
    let mut start = 0;
    while start < pieces {
        let end = pieces.min(start + capacity);
        found.push(Window { tokens: start..end, owned: start..end });
        if end == pieces {
            break;
        }
        start += capacity - stride;
    }
    found
}

/// The last word begin in `floor + 1..=at`, or `at` if that whole range is inside one word.
fn word_begin(joined: &[bool], at: usize, floor: usize) -> usize {
    (floor + 1..=at).rev().find(|&i| !joined.get(i).copied().unwrap_or(false)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sentences(pieces: &[usize]) -> Vec<SentenceEnd> {
        pieces.iter().map(|&piece| SentenceEnd { piece, ends_section: false }).collect()
    }

    #[test]
    fn a_window_ends_with_the_first_section_that_fills_a_quarter() {
        let cuts = |sections: &[usize]| {
            let mut ends = sentences(&[2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
            ends.iter_mut().for_each(|end| end.ends_section = sections.contains(&end.piece));
            windows(&ends, &[false; 20], 9, 2).iter().map(|window| window.owned.end).collect::<Vec<_>>()
        };
        assert_eq!(cuts(&[20]), [8, 16, 20]);
        assert_eq!(cuts(&[4, 6, 20]), [4, 12, 20]);
        assert_eq!(cuts(&[2, 20]), [8, 16, 20], "a quarter is too little");
        assert_eq!(cuts(&[12, 16, 20]), [8, 12, 16, 20], "at the end of the text too, as in the middle of another");
    }

    #[test]
    fn a_long_sentence_overlaps_and_splits_in_the_middle_of_the_overlap() {
        let found = windows(&sentences(&[20]), &[false; 20], 10, 4);
        assert_eq!(
            found,
            [
                Window { tokens: 0..10, owned: 0..8 },
                Window { tokens: 6..16, owned: 8..14 },
                Window { tokens: 12..20, owned: 14..20 },
            ]
        );
    }

    #[test]
    fn a_cut_moves_to_the_begin_of_a_word() {
        let mut joined = [false; 12];
        joined[10] = true; // pieces 9 and 10 are one word
        assert_eq!(windows(&sentences(&[12]), &joined, 10, 2)[0].tokens, 0..9);
    }

    #[test]
    fn one_endless_word_is_cut_all_the_same() {
        let joined: Vec<bool> = (0..100_000).map(|i| i > 0).collect();
        assert!(windows(&sentences(&[100_000]), &joined, 126, 32).len() < 1_200);
    }

    proptest! {
        #[test]
        fn every_token_is_owned_by_exactly_one_window(
            tokens in prop::collection::vec((any::<bool>(), prop::bool::weighted(0.1), any::<bool>()), 0..400),
            capacity in 1usize..60,
            stride in 0usize..60,
        ) {
            let joined: Vec<bool> = tokens.iter().map(|t| t.0).collect();
            let n = tokens.len();
            let ends: Vec<SentenceEnd> = (tokens.iter().enumerate())
                .filter(|(i, t)| t.1 || i + 1 == n)
                .map(|(i, t)| SentenceEnd { piece: i + 1, ends_section: t.2 || i + 1 == n })
                .collect();
            let found = windows(&ends, &joined, capacity, stride % capacity);
            let mut next = 0;
            for w in &found {
                prop_assert!(w.tokens.len() <= capacity && !w.owned.is_empty());
                prop_assert!(w.tokens.start <= w.owned.start && w.owned.end <= w.tokens.end);
                prop_assert_eq!(w.owned.start, next);
                next = w.owned.end;
            }
            prop_assert_eq!(next, tokens.len());
        }
    }
}
