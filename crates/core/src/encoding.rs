//! [`Encoding`]: the tokens of one document.

use crate::{Span, word};

/// The word id of a token that belongs to no word of its tokenizer.
const NO_WORD: u32 = u32::MAX;

/// The tokens of one document, without special tokens.
///
/// Invariants: all vectors have the same length; spans have no white space at their edges, and their begins never
/// decrease. A token may be empty: a lone word mark, or a character that the tokenizer's normalizer removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    ids: Vec<u32>,
    spans: Vec<Span>,
    raw: Vec<Span>,
    inside_word: Vec<bool>,
    continues_word: Vec<bool>,
    subwords: Vec<bool>,
    /// Whether a space precedes each token; empty where that does not matter.
    after_space: Vec<bool>,
}

impl Encoding {
    /// Builds an encoding from the ids and raw byte offsets of a tokenizer.
    ///
    /// Widens offsets to character boundaries, trims white space and makes begins monotonic, so that every span slices
    /// `text` whatever the tokenizer's normalizer did. A normalizer that composes or strips accents leaves combining
    /// marks to no token; they go to the token before them.
    ///
    /// # Panics
    /// If `ids` and `offsets` differ in length.
    #[must_use]
    pub fn new(text: &str, ids: Vec<u32>, offsets: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut spans: Vec<Span> = Vec::with_capacity(ids.len());
        let mut raw = Vec::with_capacity(ids.len());
        let mut inside_word = Vec::with_capacity(ids.len());
        let mut floor = 0;
        let mut offsets = offsets.into_iter().peekable();
        while let Some((begin, end)) = offsets.next() {
            // as in tokenizers, a position inside a character is the begin of the character
            let (first, last) = (text.floor_char_boundary(begin), text.floor_char_boundary(end));
            raw.push(Span::new(first, last.max(first)));
            let mut span = Span::around(text, begin.max(floor), end.max(floor)).trimmed(text);
            if !span.is_empty() {
                let next = offsets.peek().map_or(text.len(), |next| text.floor_char_boundary(next.0));
                span = Span::new(span.begin(), word::end_of_marks(text, span.end(), next));
            }
            floor = span.begin();
            let touches = spans.last().is_some_and(|last| !last.is_empty() && last.end() >= span.begin());
            inside_word.push(touches && !span.is_empty() && word::is_inside_word(text, span.begin()));
            spans.push(span);
        }
        assert_eq!(ids.len(), spans.len(), "a tokenizer gives one pair of offsets for each token");
        let (continues_word, subwords) = (inside_word.clone(), vec![false; ids.len()]);
        Self { ids, spans, raw, inside_word, continues_word, subwords, after_space: Vec::new() }
    }

    /// Adds the tokenizer's words: the id of each token's word, `None` for a token of no word.
    ///
    /// A token then continues the word before it if both have one id, and the characters around its begin are of one
    /// kind, letters or punctuation. Tokenizers whose words end only at white space would otherwise join a comma to the
    /// word.
    #[must_use]
    pub fn with_words(mut self, text: &str, words: &[Option<u32>]) -> Self {
        let mut before = NO_WORD;
        for (i, word) in words.iter().map(|w| w.unwrap_or(NO_WORD)).enumerate() {
            let span = self.spans[i];
            let touches = i > 0 && !self.spans[i - 1].is_empty() && self.spans[i - 1].end() >= span.begin();
            if word != NO_WORD && word == before && touches && !span.is_empty() {
                self.continues_word[i] |=
                    word::is_inside_run(text, span.begin()) || self.spans[i - 1].end() > span.begin();
            }
            before = word;
        }
        self
    }

    /// Adds, for each token, whether Hugging Face's pipeline reads it as the continuation of a word.
    ///
    /// # Panics
    /// If there is not one flag for each token.
    #[must_use]
    pub fn with_subwords(mut self, subwords: Vec<bool>) -> Self {
        assert_eq!(self.ids.len(), subwords.len(), "one flag for each token");
        self.subwords = subwords;
        self
    }

    /// Builds an encoding of tokens with known words: `spans` are those of the words, and `inside_word` is true of
    /// tokens that continue the word of the token before. Neither trims nor widens.
    ///
    /// # Panics
    /// If the three differ in length.
    #[must_use]
    pub fn from_words(ids: Vec<u32>, spans: Vec<Span>, inside_word: Vec<bool>) -> Self {
        assert!(ids.len() == spans.len() && ids.len() == inside_word.len(), "one span and one flag for each token");
        let (raw, continues_word) = (spans.clone(), inside_word.clone());
        let subwords = vec![false; ids.len()];
        Self { ids, spans, raw, inside_word, continues_word, subwords, after_space: Vec::new() }
    }

    /// Keeps the space before the first token of a window in its raw span.
    ///
    /// Byte-level BPE with `add_prefix_space` and `trim_offsets` does so in every window that it makes itself.
    #[must_use]
    pub fn with_first_space(mut self, text: &str) -> Self {
        self.after_space = self.raw.iter().map(|span| text[..span.begin()].ends_with(' ')).collect();
        self
    }

    /// The raw span of token `i` if a window of the tokenizer begins with it.
    pub(crate) fn raw_first(&self, i: usize) -> Span {
        let span = self.raw[i];
        let after_space = i > 0 && self.after_space.get(i).is_some_and(|&after_space| after_space);
        if after_space { Span::new(span.begin() - 1, span.end()) } else { span }
    }

    /// Number of tokens.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// True if there is no token.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Vocabulary ids, one for each token.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Bytes of the document, one span for each token.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Spans as the tokenizer gives them: in bytes, with white space, in any order.
    #[must_use]
    pub fn raw(&self) -> &[Span] {
        &self.raw
    }

    /// For each token, whether it begins inside a run of word characters (see [`word`]).
    #[must_use]
    pub fn inside_word(&self) -> &[bool] {
        &self.inside_word
    }

    /// For each token, whether it continues the word of the token before it: every token that begins inside a word, and
    /// others by the tokenizer's word ids.
    #[must_use]
    pub fn continues_word(&self) -> &[bool] {
        &self.continues_word
    }

    /// For each token, whether Hugging Face's pipeline reads it as the continuation of a word.
    #[must_use]
    pub fn subwords(&self) -> &[bool] {
        &self.subwords
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_mark_takes_no_space_and_joins_nothing() {
        let text = "two aspirin";
        let encoding = Encoding::new(text, vec![1, 2, 3], [(0, 3), (3, 7), (7, 11)]);
        assert_eq!(encoding.spans(), [Span::new(0, 3), Span::new(4, 7), Span::new(7, 11)]);
        assert_eq!(encoding.inside_word(), [false, false, true]);
    }

    #[test]
    fn the_words_of_the_tokenizer_join_what_is_of_one_kind() {
        // as a Unigram tokenizer cuts "dolor (x)...", whose words end at white space
        let text = "dolor (x)...";
        let tokens = [(0, 3), (3, 5), (5, 7), (7, 8), (8, 9), (9, 12)];
        let words = [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1)];
        let encoding = Encoding::new(text, vec![0; 6], tokens).with_words(text, &words);
        assert_eq!(encoding.inside_word(), [false, true, false, false, false, false]);
        assert_eq!(encoding.continues_word(), [false, true, false, false, false, true]);
    }

    #[test]
    fn marks_that_the_tokenizer_removed_belong_to_the_token_before_them() {
        // as XLM-R cuts "così è", decomposed
        let text = "cosi\u{300} e\u{300}";
        let encoding = Encoding::new(text, vec![0; 3], [(0, 3), (3, 4), (6, 8)]);
        assert_eq!(encoding.spans(), [Span::new(0, 3), Span::new(3, 6), Span::new(7, 10)]);
        assert_eq!(encoding.raw(), [Span::new(0, 3), Span::new(3, 4), Span::new(6, 8)]);
        // "müde", cut after the accent, and by a tokenizer with a token for the accented letter
        let text = "mu\u{308}de";
        for tokens in [[(0, 1), (1, 2), (4, 6)], [(0, 2), (2, 4), (4, 6)]] {
            assert_eq!(Encoding::new(text, vec![0; 3], tokens).inside_word(), [false, true, true]);
        }
    }

    #[test]
    fn tokens_that_share_a_character_are_one_word() {
        let encoding = Encoding::new("né", vec![1, 2, 3], [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(encoding.spans(), [Span::new(0, 1), Span::new(1, 3), Span::new(1, 3)]);
        assert_eq!(encoding.inside_word(), [false, true, true]);
    }
}
