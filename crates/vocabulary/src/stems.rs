//! Word stems in any order: the same key for terms that differ in inflection, order and function words.

use std::borrow::Cow;

use rust_stemmers::{Algorithm, Stemmer as Snowball};

use crate::{Counts, keys::hash};

/// Words that no key has, in English, Spanish and Italian. Negations are not among them.
const FUNCTION_WORDS: [&str; 44] = [
    "a", "al", "alla", "an", "and", "con", "d", "da", "de", "degli", "dei", "del", "dell", "della", "delle", "di", "e",
    "el", "en", "for", "i", "il", "in", "l", "la", "las", "le", "lo", "los", "nel", "nella", "of", "on", "or", "por",
    "s", "the", "to", "un", "una", "uno", "with", "y", "o",
];

/// How words are stemmed. Each is one bit of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stemming {
    English,
    Spanish,
    Italian,
    /// Of other languages: words stay as they are.
    Absent,
}

impl Stemming {
    pub(crate) const ALL: [Self; 4] = [Self::English, Self::Spanish, Self::Italian, Self::Absent];

    /// Those of a term in this language; "" is an unknown one.
    pub(crate) fn of_language(language: &str) -> &'static [Self] {
        let code = language.get(..2).unwrap_or(language).to_ascii_lowercase();
        match code.as_str() {
            "en" => &[Self::English],
            "es" => &[Self::Spanish],
            "it" => &[Self::Italian],
            "" => &[Self::English, Self::Spanish, Self::Italian],
            _ => &[Self::Absent],
        }
    }

    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }

    /// The bits of the stemmings of a language.
    pub(crate) fn bits(language: &str) -> u8 {
        Self::of_language(language).iter().fold(0, |bits, stemming| bits | stemming.bit())
    }

    /// Those of a vocabulary with these terms.
    pub(crate) fn of_counts(counts: &Counts) -> Vec<Self> {
        let bits = counts.by_language.keys().fold(0, |bits, language| bits | Self::bits(language));
        Self::ALL.into_iter().filter(|stemming| bits & stemming.bit() != 0).collect()
    }

    fn letter(self) -> char {
        match self {
            Self::English => 'e',
            Self::Spanish => 's',
            Self::Italian => 'i',
            Self::Absent => '-',
        }
    }
}

/// True for a word that no key has.
pub(crate) fn is_function(word: &str) -> bool {
    word.len() < 6 && FUNCTION_WORDS.contains(&word)
}

/// Stemmers, which take a moment to make.
pub(crate) struct Stemmers([Snowball; 3]);

impl std::fmt::Debug for Stemmers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stemmers")
    }
}

impl Default for Stemmers {
    fn default() -> Self {
        Self([Algorithm::English, Algorithm::Spanish, Algorithm::Italian].map(Snowball::create))
    }
}

impl Stemmers {
    fn stem<'a>(&self, word: &'a str, stemming: Stemming) -> Cow<'a, str> {
        match self.0.get(stemming as usize) {
            Some(stemmer) => stemmer.stem(word),
            None => word.into(),
        }
    }

    /// The stem of a word as [`hash_of`] takes it.
    pub(crate) fn stem_hash(&self, word: &str, stemming: Stemming) -> u32 {
        hash(self.stem(word, stemming).as_bytes()) as u32
    }

    /// The stems of a folded text, sorted, without function words and repeats. If all are function words, they stay.
    ///
    /// Texts of one word have a key too. The first letter names the stemmer, so that languages do not mix.
    pub(crate) fn key(&self, folded: &str, stemming: Stemming) -> String {
        let mut words: Vec<_> = folded.split(' ').filter(|word| !is_function(word)).collect();
        if words.is_empty() {
            words = folded.split(' ').collect();
        }
        let mut stems: Vec<_> = words.into_iter().map(|word| self.stem(word, stemming)).collect();
        stems.sort_unstable();
        stems.dedup();
        let mut key = String::with_capacity(folded.len() + 1);
        key.push(stemming.letter());
        for stem in stems {
            key.push(' ');
            key.push_str(&stem);
        }
        key
    }
}

/// The hash of the key of a text, from what is known of each word: whether it is a function word, and its stem's hash.
pub(crate) fn hash_of(words: impl Iterator<Item = (bool, u32)> + Clone, stemming: Stemming) -> u64 {
    let mut stems: Vec<u32> = words.clone().filter(|(is_function, _)| !is_function).map(|(_, stem)| stem).collect();
    if stems.is_empty() {
        stems = words.map(|(_, stem)| stem).collect();
    }
    stems.sort_unstable();
    stems.dedup();
    stems.push(stemming as u32);
    hash(bytemuck::cast_slice(&stems))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inflection_order_and_function_words_do_not_change_a_key() {
        let stemmers = Stemmers::default();
        let same = |a, b, stemming| assert_eq!(stemmers.key(a, stemming), stemmers.key(b, stemming));
        same("cancer de mama", "mama cancer", Stemming::Spanish);
        same("metastasis hepaticas", "hepatica metastasis", Stemming::Spanish);
        same("carcinoma of the lungs", "lung carcinomas", Stemming::English);
        same("fratture del femore", "femore frattura", Stemming::Italian);
        assert_eq!(stemmers.key("la", Stemming::Spanish), "s la");
        assert_ne!(stemmers.key("con fiebre", Stemming::Spanish), stemmers.key("sin fiebre", Stemming::Spanish));
    }

    #[test]
    fn only_languages_that_terms_have_are_stemmed() {
        let of = |languages: &[&str]| {
            let by_language = languages.iter().map(|language| (language.to_string(), 1)).collect();
            Stemming::of_counts(&Counts { by_language, ..Counts::default() })
        };
        assert_eq!(of(&["es", "en-GB"]), [Stemming::English, Stemming::Spanish]);
        assert_eq!(of(&["", "de"]), Stemming::ALL);
    }
}
