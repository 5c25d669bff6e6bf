//! [`Encoding`]: the pieces of one document.

use crate::{Span, word};

/// The pieces of one document as a tokenizer gives them, without special tokens.
///
/// Invariants: the three vectors have the same length; spans are trimmed of white space and their begins never
/// decrease. A piece may be empty (a lone word mark, a character that the tokenizer's normalizer dropped).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoding {
    ids: Vec<u32>,
    spans: Vec<Span>,
    joined: Vec<bool>,
}

impl Encoding {
    /// Builds an encoding from the ids and the raw byte offsets of a tokenizer.
    ///
    /// Offsets are widened to character boundaries, trimmed of white space and made monotonic, whatever the
    /// tokenizer's normalizer did to them; the result always slices `text`.
    #[must_use]
    pub fn new(text: &str, ids: Vec<u32>, offsets: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut spans: Vec<Span> = Vec::with_capacity(ids.len());
        let mut joined = Vec::with_capacity(ids.len());
        let mut floor = 0;
        for (begin, end) in offsets {
            let raw = Span::around(text, begin.max(floor), end.max(floor));
            let span = raw.trimmed(text);
            floor = span.begin();
            let touches = spans.last().is_some_and(|last| !last.is_empty() && last.end() >= span.begin());
            joined.push(touches && !span.is_empty() && word::is_inside_word(text, span.begin()));
            spans.push(span);
        }
        assert_eq!(ids.len(), spans.len(), "a tokenizer gives one offset pair a piece");
        Self { ids, spans, joined }
    }

    /// Builds an encoding whose pieces are known to belong to words: `spans` are words, `joined` says which pieces
    /// continue the word of the piece before. Nothing is trimmed or widened.
    ///
    /// # Panics
    /// If the three are not of one length.
    #[must_use]
    pub fn from_words(ids: Vec<u32>, spans: Vec<Span>, joined: Vec<bool>) -> Self {
        assert!(ids.len() == spans.len() && ids.len() == joined.len(), "one span and one mark a piece");
        Self { ids, spans, joined }
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

    /// For each piece, whether it continues the word of the piece before it (see [`word`]).
    #[must_use]
    pub fn joined(&self) -> &[bool] {
        &self.joined
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
    fn pieces_that_share_a_character_are_one_word() {
        let encoding = Encoding::new("né", vec![1, 2, 3], [(0, 1), (1, 2), (2, 3)]);
        assert_eq!(encoding.spans(), [Span::new(0, 1), Span::new(1, 3), Span::new(1, 3)]);
        assert_eq!(encoding.joined(), [false, true, true]);
    }
}
