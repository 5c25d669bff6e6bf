//! Cuts a document's tokens into windows that fit the model.

use std::ops::Range;

use crate::sentence::SentenceEnd;

/// A run of tokens that the model reads at once.
///
/// Every token of a document is owned by exactly one window. `owned` lies inside `tokens`; the rest of `tokens` is
/// context that other windows own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Tokens that the model reads.
    pub tokens: Range<usize>,
    /// Tokens whose logits come from this window.
    pub owned: Range<usize>,
}

/// Packs the tokens of one document into windows of at most `capacity` tokens.
///
/// A window takes as many whole sentences as fit, but ends with the first section that fills more than a quarter of it.
/// Sections copied from another note thus fall into the same windows, wherever they stand. A sentence longer than
/// `capacity` is covered by windows that overlap by about `stride` tokens. In the overlap the first half belongs to the
/// earlier window and the second half to the later one, so that each token has at least half the overlap as context:
///
/// ```text
/// capacity 10, stride 4                 0         8         14        20
/// window 0   |----------|               owned 0..8
/// window 1         |----------|         owned 8..14
/// window 2               |--------|     owned 14..20
/// ```
///
/// Cuts move back to the begin of a word if there is one near. Owned ranges follow each other from 0 to the number of
/// tokens.
///
/// `ends` are those of [`sentence_ends`](crate::sentence::sentence_ends), the last one at the end of the tokens;
/// `inside_word` is that of the [`Encoding`](crate::Encoding::inside_word).
///
/// # Panics
/// If `capacity` is 0 or `stride >= capacity`. The engine checks its options first.
///
/// ```
/// # use spanframe_core::{sentence::SentenceEnd, window::windows};
/// let ends = [3, 5, 8].map(|token| SentenceEnd { token, ends_section: false });
/// let found = windows(&ends, &[false; 8], 5, 2);
/// assert_eq!(found.iter().map(|w| w.tokens.clone()).collect::<Vec<_>>(), [0..5, 5..8]);
/// ```
#[must_use]
pub fn windows(ends: &[SentenceEnd], inside_word: &[bool], capacity: usize, stride: usize) -> Vec<Window> {
    assert!(capacity > 0 && stride < capacity, "windows need a capacity above their stride");
    let n = inside_word.len();
    let mut found = Vec::new();
    let (mut start, mut own) = (0, 0);
    while own < n {
        let limit = start + capacity;
        // sentences that end in the window and after `own`
        let fitting = &ends[..ends.partition_point(|end| end.token <= limit)];
        let fitting = &fitting[fitting.partition_point(|end| end.token <= own)..];
        let section = fitting.iter().find(|end| end.ends_section && end.token > start + capacity / 4);
        if let Some(end) = section.or(fitting.last()).map(|end| end.token) {
            found.push(Window { tokens: start..end, owned: own..end });
            (start, own) = (end, end);
            continue;
        }
        // the sentence goes on: cut in the second half of the window, and start the next one `stride` earlier
        let end = word_begin(inside_word, limit, own.max(start + capacity / 2));
        let next_own = word_begin(inside_word, end.saturating_sub(stride / 2).max(own + 1), own);
        found.push(Window { tokens: start..end, owned: own..next_own });
        start = word_begin(inside_word, end.saturating_sub(stride).max(start + 1), start).min(next_own);
        own = next_own;
    }
    found
}

/// Windows of exactly `capacity` tokens that share `stride` with the one before, the last one shorter, as tokenizers
/// make them when they truncate.
///
/// Each window owns all of its tokens, so those of an overlap are owned twice. Only for an emulation that decodes each
/// window by itself.
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
pub fn overlapping(tokens: usize, capacity: usize, stride: usize) -> Vec<Window> {
    assert!(capacity > 0 && stride < capacity, "windows need a capacity above their stride");
    let mut found = Vec::new();
    let mut start = 0;
    while start < tokens {
        let end = tokens.min(start + capacity);
        found.push(Window { tokens: start..end, owned: start..end });
        if end == tokens {
            break;
        }
        start += capacity - stride;
    }
    found
}

/// The last begin of a word in `floor + 1..=at`, or `at` if there is none.
fn word_begin(inside_word: &[bool], at: usize, floor: usize) -> usize {
    (floor + 1..=at).rev().find(|&i| !inside_word.get(i).copied().unwrap_or(false)).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sentences(tokens: &[usize]) -> Vec<SentenceEnd> {
        tokens.iter().map(|&token| SentenceEnd { token, ends_section: false }).collect()
    }

    #[test]
    fn a_window_ends_with_the_first_section_that_fills_a_quarter() {
        let cuts = |sections: &[usize]| {
            let mut ends = sentences(&[2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
            ends.iter_mut().for_each(|end| end.ends_section = sections.contains(&end.token));
            windows(&ends, &[false; 20], 9, 2).iter().map(|window| window.owned.end).collect::<Vec<_>>()
        };
        assert_eq!(cuts(&[20]), [8, 16, 20]);
        assert_eq!(cuts(&[4, 6, 20]), [4, 12, 20]);
        assert_eq!(cuts(&[2, 20]), [8, 16, 20], "a quarter is not enough");
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
        let mut inside_word = [false; 12];
        inside_word[10] = true; // tokens 9 and 10 are one word
        assert_eq!(windows(&sentences(&[12]), &inside_word, 10, 2)[0].tokens, 0..9);
    }

    #[test]
    fn one_endless_word_is_cut_all_the_same() {
        let inside_word: Vec<bool> = (0..100_000).map(|i| i > 0).collect();
        assert!(windows(&sentences(&[100_000]), &inside_word, 126, 32).len() < 1_200);
    }

    proptest! {
        #[test]
        fn every_token_is_owned_by_exactly_one_window(
            tokens in prop::collection::vec((any::<bool>(), prop::bool::weighted(0.1), any::<bool>()), 0..400),
            capacity in 1usize..60,
            stride in 0usize..60,
        ) {
            let inside_word: Vec<bool> = tokens.iter().map(|t| t.0).collect();
            let n = tokens.len();
            let ends: Vec<SentenceEnd> = (tokens.iter().enumerate())
                .filter(|(i, t)| t.1 || i + 1 == n)
                .map(|(i, t)| SentenceEnd { token: i + 1, ends_section: t.2 || i + 1 == n })
                .collect();
            let found = windows(&ends, &inside_word, capacity, stride % capacity);
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
