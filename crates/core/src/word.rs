//! What a word is: a run of letters, digits and the marks that combine with them.
//!
//! Tokenizers disagree (white space for Unigram, punctuation for WordPiece, a regular expression for byte-level BPE);
//! entities must not be cut inside a word whichever of them made the pieces, so the engine keeps one rule of its own.
//! Scripts that write no spaces between words have none that this rule could know: there each character stands by itself.

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

/// Whether `c` is of a script that writes no spaces between words: Thai, Lao, Burmese, Khmer, Japanese or Chinese.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}'..='\u{3007}'
        | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

/// Whether `after` goes on with the word that `before` is of.
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

/// Whether byte `at` of `text` lies inside a word.
///
/// `at` must be a character boundary; the ends of the text are never inside a word.
#[must_use]
pub fn is_inside_word(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a)) if goes_on(b, a))
}

/// Whether byte `at` of `text` lies inside a word, or between two characters of none, neither of them white space.
#[must_use]
pub(crate) fn is_inside_run(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    let after = text[at..].chars().next();
    matches!((before, after), (Some(b), Some(a))
        if goes_on(b, a) || ![b, a].into_iter().any(|c| is_word_char(c) || c.is_whitespace()))
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
