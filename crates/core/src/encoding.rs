//! [`Encoding`]: the pieces of one document.

use crate::{Span, word};

/// The word id of a piece that belongs to no word of its tokenizer.
const NO_WORD: u32 = u32::MAX;

/// The pieces of one document as a tokenizer gives them, without special tokens.
///
/// Invariants: all vectors have the same length; spans are trimmed of white space and their begins never
/// decrease. A piece may be empty (a lone word mark, a character that the tokenizer's normalizer dropped).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    ids: Vec<u32>,
    spans: Vec<Span>,
    raw: Vec<Span>,
    joined: Vec<bool>,
    continues: Vec<bool>,
    subwords: Vec<bool>,
    /// Pieces after a space, where that matters; else empty.
    spaced: Vec<bool>,
}

impl Encoding {
    /// Builds an encoding from the ids and the raw byte offsets of a tokenizer.
    ///
    /// Offsets are widened to character boundaries, trimmed of white space and made monotonic, whatever the
    /// tokenizer's normalizer did to them; the result always slices `text`. A normalizer that composes accents or strips
    /// them leaves the marks of decomposed ones to no piece: they are given to the piece before them.
    #[must_use]
    pub fn new(text: &str, ids: Vec<u32>, offsets: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut spans: Vec<Span> = Vec::with_capacity(ids.len());
        let mut raw = Vec::with_capacity(ids.len());
        let mut joined = Vec::with_capacity(ids.len());
        let mut floor = 0;
        let mut offsets = offsets.into_iter().peekable();
        while let Some((begin, end)) = offsets.next() {
            // tokenizers itself counts a position inside a character as the character's begin
            let (first, last) = (text.floor_char_boundary(begin), text.floor_char_boundary(end));
            raw.push(Span::new(first, last.max(first)));
            let mut span = Span::around(text, begin.max(floor), end.max(floor)).trimmed(text);
            if !span.is_empty() {
                let next = offsets.peek().map_or(text.len(), |next| text.floor_char_boundary(next.0));
                span = Span::new(span.begin(), word::end_of_marks(text, span.end(), next));
            }
            floor = span.begin();
            let touches = spans.last().is_some_and(|last| !last.is_empty() && last.end() >= span.begin());
            joined.push(touches && !span.is_empty() && word::is_inside_word(text, span.begin()));
            spans.push(span);
        }
        assert_eq!(ids.len(), spans.len(), "a tokenizer gives one offset pair a piece");
        let (continues, subwords) = (joined.clone(), vec![false; ids.len()]);
        Self { ids, spans, raw, joined, continues, subwords, spaced: Vec::new() }
    }

    /// Adds the tokenizer's own words, one id a piece (`None` where it has no word for the piece).
    ///
    /// A piece then continues the word before it if the tokenizer says so and the character before its begin is of
    /// the same kind as the one after it: tokenizers whose words end at white space alone would otherwise take the
    /// comma into the word.
    #[must_use]
    pub fn with_words(mut self, text: &str, words: &[Option<u32>]) -> Self {
        let mut before = NO_WORD;
        for (i, word) in words.iter().map(|w| w.unwrap_or(NO_WORD)).enumerate() {
            let span = self.spans[i];
            let touches = i > 0 && !self.spans[i - 1].is_empty() && self.spans[i - 1].end() >= span.begin();
            if word != NO_WORD && word == before && touches && !span.is_empty() {
                self.continues[i] |= word::is_inside_run(text, span.begin()) || self.spans[i - 1].end() > span.begin();
            }
            before = word;
        }
        self
    }

    /// Adds what Hugging Face's pipeline takes for the continuation of a word, one flag a piece.
    #[must_use]
    pub fn with_subwords(mut self, subwords: Vec<bool>) -> Self {
        assert_eq!(self.ids.len(), subwords.len(), "one flag a piece");
        self.subwords = subwords;
        self
    }

    /// Builds an encoding whose pieces are known to belong to words: `spans` are words, `joined` says which pieces
    /// continue the word of the piece before. Nothing is trimmed or widened.
    ///
    /// # Panics
    /// If the three are not of one length.
    #[must_use]
    pub fn from_words(ids: Vec<u32>, spans: Vec<Span>, joined: Vec<bool>) -> Self {
        assert!(ids.len() == spans.len() && ids.len() == joined.len(), "one span and one mark a piece");
        let subwords = vec![false; ids.len()];
        Self { ids, raw: spans.clone(), continues: joined.clone(), spans, joined, subwords, spaced: Vec::new() }
    }

    /// Says that the tokenizer does not take the space off the first piece of a text: byte-level BPE with
    /// `add_prefix_space` and `trim_offsets` does so for the first piece of every window that it makes itself.
    #[must_use]
    pub fn with_first_space(mut self, text: &str) -> Self {
        self.spaced = self.raw.iter().map(|span| text[..span.begin()].ends_with(' ')).collect();
        self
    }

    /// The raw span of piece `i` where a window of the tokenizer's own begins with it.
    pub(crate) fn raw_first(&self, i: usize) -> Span {
        let span = self.raw[i];
        let spaced = i > 0 && self.spaced.get(i).is_some_and(|&spaced| spaced);
        if spaced { Span::new(span.begin() - 1, span.end()) } else { span }
    }

    /// Number of pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no piece.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Vocabulary ids, one a piece.
    #[must_use]
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// Bytes of the document, one span a piece.
    #[must_use]
    pub fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// Bytes of the document as the tokenizer gave them, one span a piece: white space kept, any order.
    #[must_use]
    pub fn raw(&self) -> &[Span] {
        &self.raw
    }

    /// For each piece, whether it begins inside a run of word characters (see [`word`]).
    #[must_use]
    pub fn joined(&self) -> &[bool] {
        &self.joined
    }

    /// For each piece, whether it continues the word of the piece before it, by the tokenizer's word ids where there
    /// are any; every joined piece does.
    #[must_use]
    pub fn continues(&self) -> &[bool] {
        &self.continues
    }

    /// For each piece, whether Hugging Face's pipeline takes it for the continuation of a word.
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
        assert_eq!(encoding.joined(), [false, false, true]);
    }

    #[test]
    fn the_words_of_the_tokenizer_join_what_is_of_one_kind() {
        // as a Unigram tokenizer cuts "dolor (x)...", whose words end at white space
        let text = "dolor (x)...";
        let pieces = [(0, 3), (3, 5), (5, 7), (7, 8), (8, 9), (9, 12)];
        let words = [Some(0), Some(0), Some(1), Some(1), Some(1), Some(1)];
        let encoding = Encoding::new(text, vec![0; 6], pieces).with_words(text, &words);
        assert_eq!(encoding.joined(), [false, true, false, false, false, false]);
        assert_eq!(encoding.continues(), [false, true, false, false, false, true]);
    }

    #[test]
    fn marks_that_the_tokenizer_took_off_belong_to_the_piece_before_them() {
        // as XLM-R cuts "così è", decomposed
        let text = "cosi\u{300} e\u{300}";
        let encoding = Encoding::new(text, vec![0; 3], [(0, 3), (3, 4), (6, 8)]);
        assert_eq!(encoding.spans(), [Span::new(0, 3), Span::new(3, 6), Span::new(7, 10)]);
        assert_eq!(encoding.raw(), [Span::new(0, 3), Span::new(3, 4), Span::new(6, 8)]);
        // "müde", cut after the accent, and by a tokenizer that has a piece for it
        let text = "mu\u{308}de";
        for pieces in [[(0, 1), (1, 2), (4, 6)], [(0, 2), (2, 4), (4, 6)]] {
            assert_eq!(Encoding::new(text, vec![0; 3], pieces).joined(), [false, true, true]);
        }
    }

    #[test]
    fn pieces_that_share_a_character_are_one_word() {
        let encoding = Encoding::new("né", vec![1, 2, 3], [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(encoding.spans(), [Span::new(0, 1), Span::new(1, 3), Span::new(1, 3)]);
        assert_eq!(encoding.joined(), [false, true, true]);
    }
}
