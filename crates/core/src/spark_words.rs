//! The words of Spark NLP's `Tokenizer` with its defaults.
//!
//! For comparisons with an existing pipeline; the engine's own words are in [`word`](crate::word). White space is that
//! of the JVM's `\s`, which is ASCII alone: a no-break space, a line separator or an ideographic space is part of a
//! word.

use crate::Span;

/// Longest word in UTF-16 code units. Spark NLP drops a longer one silently.
const MAX_LENGTH: usize = 99_999;

/// Spark NLP marks the ends of words by this character, so it ends a word too.
const BREAK: char = '\u{2187}';

/// True if `c` is white space in the JVM's regular expressions.
pub(crate) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t'..='\r')
}

/// True for `contextChars`, which become words of their own at the edges of a word.
fn is_context(c: char) -> bool {
    matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '*' | '-' | '(' | ')' | '"' | '\'')
}

/// The words of `text`, in order. None is empty.
///
/// A run without white space gives up to three words: leading context characters, the core, and trailing context
/// characters. Context characters inside the core stay. A run of context characters alone is one word.
///
/// ```
/// # use spanframe_core::spark_words::spark_words;
/// let text = "(IL-6 2.5mg).";
/// let words: Vec<&str> = spark_words(text).into_iter().map(|w| w.slice(text)).collect();
/// assert_eq!(words, ["(", "IL-6", "2.5mg", ")."]);
/// ```
#[must_use]
pub fn spark_words(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut begin = 0;
    for run in text.split(|c| is_space(c) || c == BREAK) {
        let core = run.trim_start_matches(is_context);
        let prefix = run.len() - core.len();
        let suffix = core.len() - core.trim_end_matches(is_context).len();
        // without a core, `prefix` is the whole run
        let ends = [begin, begin + prefix, begin + run.len() - suffix, begin + run.len()];
        let parts = ends.windows(2).map(|ends| Span::new(ends[0], ends[1]));
        found.extend(parts.filter(|span| !span.is_empty() && is_short(span.slice(text))));
        // skip the white space or break mark that ended the run
        let next = begin + run.len();
        begin = next + text[next..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

/// True if Spark NLP keeps a word of this length.
fn is_short(word: &str) -> bool {
    // a word has at most one code unit a byte
    word.len() <= MAX_LENGTH || word.chars().map(char::len_utf16).sum::<usize>() <= MAX_LENGTH
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &str) {
        let words: Vec<&str> = spark_words(text).into_iter().map(|w| w.slice(text)).collect();
        assert_eq!(words.join("|"), expect, "{text:?}");
    }

    #[test]
    fn context_characters_leave_only_the_edges() {
        check("", "");
        check(" \t\r\n", "");
        check("I'd like to. Jane's \"boyfriend\".", "I'd|like|to|.|Jane's|\"|boyfriend|\".");
        check("((a)) ... b.i.d, -c-", "((|a|))|...|b.i.d|,|-|c|-");
        check("¿né? «x»", "¿né|?|«x»");
    }

    #[test]
    fn white_space_is_ascii_and_the_break_mark() {
        check("a\u{a0}b\u{2028}c\u{3000}d", "a\u{a0}b\u{2028}c\u{3000}d");
        check("a\u{b}b\u{c}c\u{1c}d", "a|b|c\u{1c}d");
        check("aↇ.b ↇ", "a|.|b");
    }

    #[test]
    fn a_word_of_a_hundred_thousand_characters_is_dropped() {
        let words = |n: usize| spark_words(&format!("x ({}) y", "é".repeat(n))).len();
        assert_eq!((words(99_999), words(100_000)), (5, 4));
    }
}
