//! [`Mention`]: a folded text and what the lexicon knows of its words.

use crate::{
    gram::{is_long, words},
    lexicon::Lexicon,
    stems::{Stemmers, Stemming, hash_of, is_function},
};

/// A folded text to be linked.
pub(crate) struct Mention<'a> {
    pub folded: &'a str,
    /// Its distinct words, with their numbers if any term has them.
    pub words: Vec<(&'a str, Option<usize>)>,
}

impl<'a> Mention<'a> {
    pub(crate) fn new(folded: &'a str, lexicon: &Lexicon) -> Self {
        let mut distinct: Vec<(&str, Option<usize>)> = Vec::with_capacity(8);
        for word in words(folded) {
            if !distinct.iter().any(|(known, _)| *known == word) {
                distinct.push((word, lexicon.word(word)));
            }
        }
        Self { folded, words: distinct }
    }

    /// The hash of its stems; `None` if it is too long for terms to have one.
    pub(crate) fn stems(&self, lexicon: &Lexicon, stemmers: &Stemmers, stemming: Stemming) -> Option<u64> {
        let stems = self.words.iter().map(|(text, number)| match number {
            Some(number) => {
                let row = &lexicon.words()[*number];
                (row.is_function == 1, row.stems[stemming as usize])
            }
            None => (is_function(text), stemmers.stem_hash(text, stemming)),
        });
        (!is_long(self.folded)).then(|| hash_of(stems, stemming))
    }
}
