//! Words: runs of letters, digits and combining marks.
//!
//! Tokenizers disagree on words: Unigram ends them at white space, WordPiece at punctuation, byte-level BPE by a
//! regular expression. No entity may end inside a word, so this rule is the same for all of them. In scripts without
//! spaces between words, each character is a word.

use crate::Span;

/// True if `c` belongs to a word: a letter, a digit, or a mark or joiner that modifies the character before it.
///
/// ```
/// # use spanframe_core::word::is_word_char;
/// assert!(is_word_char('é') && is_word_char('5') && is_word_char('\u{301}'));
/// assert!(!is_word_char('-') && !is_word_char(' '));
/// ```
#[must_use]
pub fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
}

/// True if `c` is a mark or joiner that modifies the character before it.
pub(crate) fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}' | '\u{200c}' | '\u{200d}')
}

/// True if `c` is of a script without spaces between words: Thai, Lao, Burmese, Khmer, Japanese or Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// True if `after` continues the word of `before`.
///
/// ```
/// # use spanframe_core::word::goes_on;
/// assert!(goes_on('é', '5') && !goes_on('a', '-'));
/// assert!(!goes_on('糖', '尿'));
/// ```
#[must_use]
pub fn goes_on(before: char, after: char) -> bool {
    is_word_char(before) && is_word_char(after) && !is_unspaced(before) && !is_unspaced(after)
}

/// True if byte `at` of `text` is inside a word. Never true at the ends of the text.
///
/// # Panics
/// If `at` is not a character boundary.
#[must_use]
pub fn is_inside_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a)) if goes_on(b, a))
}

/// True if byte `at` of `text` is inside a word, or between two characters that are neither of a word nor white space.
#[must_use]
pub(crate) fn is_inside_run(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a))
        if goes_on(b, a) || ![b, a].into_iter().any(|c| is_word_char(c) || c.is_whitespace()))
}

/// The end of the marks that follow byte `at` of `text` and belong to the word before it, at most `limit`.
pub(crate) fn end_of_marks(text: &str, at: usize, limit: usize) -> usize {
    match text.get(at..limit) {
        Some(rest) if is_inside_word(text, at) => {
            at + rest.chars().take_while(|&c| is_mark(c)).map(char::len_utf8).sum::<usize>()
        }
        _ => at,
    }
}

/// The smallest span around `span` that begins and ends at word boundaries.
#[must_use]
pub fn snap(text: &str, span: Span) -> Span {
    Snapper::new(text).snap(span)
}

/// Snaps spans of one text to words. Remembers the last word, so that many spans in a long word walk it once.
pub(crate) struct Snapper<'a> {
    text: &'a str,
    word: Span,
}

impl<'a> Snapper<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, word: Span::default() }
    }

    /// Like [`snap`].
    pub(crate) fn snap(&mut self, span: Span) -> Span {
        if span.is_empty() {
            return span;
        }
        Span::new(self.around(span.begin()).begin(), self.around(span.end()).end())
    }

    /// The word around `at`; empty if `at` is not inside a word.
    fn around(&mut self, at: usize) -> Span {
        if self.word.begin() < at && at < self.word.end() {
            return self.word;
        }
        let (mut begin, mut end) = (at, at);
        while is_inside_word(self.text, begin) {
            begin -= self.text[..begin].chars().next_back().map_or(0, char::len_utf8);
        }
        while is_inside_word(self.text, end) {
            end += self.text[end..].chars().next().map_or(0, char::len_utf8);
        }
        if begin < end {
            self.word = Span::new(begin, end);
        }
        Span::new(begin, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn marks_belong_to_the_word_before_them() {
        let check = |text: &str, at, limit, expect| assert_eq!(end_of_marks(text, at, limit), expect, "{text:?}");
        check("a\u{301}\u{200d}b", 1, 7, 6);
        check("a\u{301}\u{200d}b", 1, 3, 3);
        check("a\u{301}", 1, 0, 1);
        check("-\u{301}", 1, 3, 1);
        check("\u{301}", 0, 2, 0);
    }

    proptest! {
        #[test]
        fn a_word_that_is_remembered_changes_nothing(
            text in "[ a-c\u{e9}\u{301}日.-]{1,24}",
            spans in prop::collection::vec((0usize..64, 0usize..64), 1..8),
        ) {
            let mut snapper = Snapper::new(&text);
            for (one, other) in spans {
                let span = Span::around(&text, one.min(other), one.max(other));
                let found = snapper.snap(span);
                prop_assert_eq!(found, snap(&text, span));
                let cuts = |at| is_inside_word(&text, at);
                prop_assert!(span.is_empty() || !cuts(found.begin()) && !cuts(found.end()));
                let added = (found.begin() + 1..=span.begin()).chain(span.end()..found.end());
                prop_assert!(added.filter(|&at| text.is_char_boundary(at)).all(cuts));
            }
        }
    }
}
