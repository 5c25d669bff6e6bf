//! What a word is: a run of letters, digits and the marks that combine with them.
//!
//! Tokenizers disagree (white space for Unigram, punctuation for WordPiece, a regular expression for byte-level BPE);
//! entities must not be cut inside a word whichever of them made the pieces, so the engine keeps one rule of its own.

use crate::Span;

/// Whether `c` belongs to a word: alphanumeric, or a mark or joiner that modifies the character before it.
///
/// ```
/// # use spanframe_core::word::is_word_char;
/// assert!(is_word_char('é') && is_word_char('5') && is_word_char('\u{301}'));
/// assert!(!is_word_char('-') && !is_word_char(' '));
/// ```
#[must_use]
pub fn is_word_char(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}' | '\u{200c}' | '\u{200d}')
}

/// Whether byte `at` of `text` lies inside a word, with word characters on both sides.
///
/// `at` must be a character boundary; the ends of the text are never inside a word.
#[must_use]
pub fn is_inside_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a)) if is_word_char(b) && is_word_char(a))
}

/// Whether byte `at` of `text` lies between two characters of one kind, neither of them white space: word characters,
/// or others.
#[must_use]
pub(crate) fn is_inside_run(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a))
        if is_word_char(b) == is_word_char(a) && !b.is_whitespace() && !a.is_whitespace())
}

/// The smallest span around `span` that cuts no word.
#[must_use]
pub fn snap(text: &str, span: Span) -> Span {
    let (mut begin, mut end) = (span.begin(), span.end());
    if span.is_empty() {
        return span;
    }
    while is_inside_word(text, begin) {
        begin -= text[..begin].chars().next_back().map_or(0, char::len_utf8);
    }
    while is_inside_word(text, end) {
        end += text[end..].chars().next().map_or(0, char::len_utf8);
    }
    Span::new(begin, end)
}
