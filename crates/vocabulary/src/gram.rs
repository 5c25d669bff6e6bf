//! The features of a folded text: character trigrams and words.

use std::hash::Hasher as _;

use rustc_hash::FxHasher;

/// Most characters of a text that have features. A longer text is known by its beginning.
const LONGEST: usize = 1024;

/// Marks the key of a word.
const WORD: u64 = 1 << 63;

/// True for the key of a word, false for that of a trigram.
pub(crate) fn is_word(key: u64) -> bool {
    key & WORD != 0
}

/// Calls `each` with the key of each trigram of each word, edges included: `flu` has `_fl`, `flu` and `lu_`.
///
/// A key holds three characters of 21 bits.
pub(crate) fn trigrams(folded: &str, mut each: impl FnMut(u64)) {
    const EDGE: u64 = 1;
    let mut window = EDGE;
    let mut count = 0;
    for c in folded.chars().chain([' ']).take(LONGEST) {
        let is_edge = c == ' ';
        let code = if is_edge { EDGE } else { u64::from(u32::from(c)) };
        window = (window << 21 | code) & (WORD - 1);
        // the first character of a word makes a pair only
        if count > 0 {
            each(window);
        }
        (window, count) = if is_edge { (EDGE, 0) } else { (window, count + 1) };
    }
}

/// Calls `each` with a hash of each word. Words of equal hashes are compared later, so that they do no harm.
pub(crate) fn words(folded: &str, mut each: impl FnMut(u64)) {
    let end = folded.char_indices().nth(LONGEST).map_or(folded.len(), |(end, _)| end);
    for word in folded[..end].split(' ') {
        let mut hash = FxHasher::default();
        hash.write(word.as_bytes());
        each(hash.finish() | WORD);
    }
}

/// All distinct features of a text, sorted.
pub(crate) fn features(folded: &str, into: &mut Vec<u64>) {
    into.clear();
    trigrams(folded, |key| into.push(key));
    words(folded, |key| into.push(key));
    into.sort_unstable();
    into.dedup();
}

/// The squared weight of a feature that `with` of `texts` texts have: its inverse document frequency, squared.
pub(crate) fn weight(with: u32, texts: usize) -> f32 {
    let idf = 1.0 + ((1.0 + texts as f32) / (1.0 + with as f32)).ln();
    idf * idf
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(folded: &str) -> Vec<String> {
        let mut found = Vec::new();
        trigrams(folded, |key| {
            let of = |shift: u32| char::from_u32((key >> shift & 0x1f_ffff) as u32).unwrap();
            found.push([of(42), of(21), of(0)].iter().collect::<String>().replace('\u{1}', "_"));
        });
        found
    }

    #[test]
    fn words_have_trigrams_with_their_edges() {
        assert_eq!(shown("flu a"), ["_fl", "flu", "lu_", "_a_"]);
        assert_eq!(shown("人参"), ["_人参", "人参_"]);
        assert!(shown(&"a".repeat(200_000)).len() <= LONGEST);
    }
}
