//! Words and character trigrams of a folded text.

/// Most characters of a text that are compared. A longer text is known by its beginning.
const LONGEST: usize = 1024;

/// The part of the text that is compared.
fn beginning(folded: &str) -> &str {
    // no text of so few bytes has more characters
    let end = (folded.len() > LONGEST).then(|| folded.char_indices().nth(LONGEST)).flatten();
    end.map_or(folded, |(end, _)| &folded[..end])
}

/// True if the text is longer than what is compared.
pub(crate) fn is_long(folded: &str) -> bool {
    beginning(folded).len() < folded.len()
}

/// The words of the part of the text that is compared.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    beginning(folded).split(' ').filter(|word| !word.is_empty())
}

/// Stands for the edges of a word in a key.
const EDGE: u64 = 1;

/// Calls `each` with the key of each trigram of a word, edges included: `flu` has `_fl`, `flu` and `lu_`.
///
/// A key holds three characters of 21 bits.
pub(crate) fn trigrams(word: &str, mut each: impl FnMut(u64)) {
    let mut window = EDGE;
    for (at, code) in word.chars().map(u64::from).chain([EDGE]).enumerate() {
        window = (window << 21 | code) & ((1 << 63) - 1);
        // the first character makes a pair only
        if at > 0 {
            each(window);
        }
    }
}

/// A trigram at the beginning of a word counts this many times as much: endings vary with number, gender and suffix.
const BEGINNING: f32 = 2.5;

/// The squared weight of a trigram that `with` of `texts` texts have: its inverse document frequency.
pub(crate) fn weight(key: u64, with: u32, texts: usize) -> f32 {
    let idf = 1.0 + ((1.0 + texts as f32) / (1.0 + with as f32)).ln();
    if key >> 42 == EDGE { BEGINNING * idf } else { idf }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(word: &str) -> Vec<String> {
        let mut found = Vec::new();
        trigrams(word, |key| {
            let of = |shift: u32| char::from_u32((key >> shift & 0x1f_ffff) as u32).unwrap();
            found.push([of(42), of(21), of(0)].iter().collect::<String>().replace('\u{1}', "_"));
        });
        found
    }

    #[test]
    fn words_have_trigrams_with_their_edges() {
        assert_eq!((shown("flu"), shown("a")), (vec!["_fl".into(), "flu".into(), "lu_".into()], vec!["_a_".into()]));
        assert_eq!(shown("人参"), ["_人参", "人参_"]);
    }

    #[test]
    fn a_long_text_is_known_by_its_beginning() {
        let long = format!("{} b", "á".repeat(LONGEST));
        assert_eq!(words(&long).map(|word| word.chars().count()).collect::<Vec<_>>(), [LONGEST]);
        assert!(is_long(&long) && !is_long(&long[..2 * LONGEST]));
        assert_eq!(words("flu a").collect::<Vec<_>>(), ["flu", "a"]);
    }
}
