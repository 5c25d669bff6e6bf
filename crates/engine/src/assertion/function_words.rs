//! [`FunctionWords`]: tells a language by its most frequent words, which are cheap to count.

use std::collections::HashMap;

/// Frequent words of closed classes by language: articles, prepositions, pronouns, auxiliaries. A word of two languages
/// stands in both, and so tells them from the third. Words that notes use as abbreviations are left out: `o` (c/o, w/o),
/// `i`, `l`, `ed`.
const WORDS: [(&str, &str); 3] = [
    (
        "en",
        "the of and with was to is for in she he on or that at her has were an had his after as this not no by which \
         it per from been but there have who also be are any without we does did",
    ),
    (
        "es",
        "de la el y en con se que por del un una los las no al para sin su lo tras ni como ha desde hasta es fue hace \
         si más pero le",
    ),
    (
        "it",
        "di la e il con un una è del per in ha della non che da si al dopo dell nel alla senza gli dei delle nella \
         sono le lo ad se più anche ma dal dalla nell",
    ),
];

/// Longest word that is looked up, in bytes.
const LONGEST: usize = 7;

/// The function words of some languages.
#[derive(Debug)]
pub(super) struct FunctionWords {
    /// The places of the languages that have the word.
    places: HashMap<&'static str, Vec<usize>>,
    languages: usize,
}

impl FunctionWords {
    /// The function words of `languages`; `None` if those of one of them are not known.
    pub fn new<'a>(languages: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut words = Self { places: HashMap::new(), languages: 0 };
        for language in languages {
            let (_, known) = WORDS.iter().find(|(code, _)| *code == language)?;
            for word in known.split_whitespace() {
                words.places.entry(word).or_default().push(words.languages);
            }
            words.languages += 1;
        }
        Some(words)
    }

    /// The place of the language with most words in `text`, and by how many it leads. Reads no further than to a lead of
    /// `enough`.
    pub fn leader(&self, text: &str, enough: usize) -> (usize, usize) {
        let mut counts = vec![0; self.languages];
        let mut best = (0, 0);
        let mut lower = String::with_capacity(LONGEST);
        for word in text.split(|c: char| !c.is_alphabetic()).filter(|word| (1..=LONGEST).contains(&word.len())) {
            lower.clear();
            lower.extend(word.chars().flat_map(char::to_lowercase));
            let Some(places) = self.places.get(lower.as_str()) else { continue };
            places.iter().for_each(|&place| counts[place] += 1);
            best = first(&counts);
            if best.1 >= enough {
                break;
            }
        }
        best
    }
}

/// The place of the highest count, and how far it is above the next.
fn first(counts: &[usize]) -> (usize, usize) {
    let (mut place, mut most, mut second) = (0, 0, 0);
    for (i, &count) in counts.iter().enumerate() {
        if count > most {
            (place, most, second) = (i, count, most);
        } else {
            second = second.max(count);
        }
    }
    (place, most - second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_with_most_words_leads() {
        let words = FunctionWords::new(["en", "es", "it"].into_iter()).unwrap();
        assert_eq!(words.leader("The patient has no fever.", 9), (0, 2));
        assert_eq!(words.leader("LA PACIENTE NO REFIERE DOLOR DE PECHO", 9), (1, 2));
        assert_eq!(words.leader("È seguita per ipertensione", 9), (2, 1));
        assert_eq!(words.leader("C/o dyspnea, L TKA in ED", 9).1, 0);
        assert_eq!(words.leader("the the the la la la", 2), (0, 2));
        assert_eq!(words.leader("", 1).1, 0);
        assert!(FunctionWords::new(["en", "fr"].into_iter()).is_none());
    }
}
