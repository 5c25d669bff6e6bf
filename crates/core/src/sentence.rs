//! Cuts a document into sentences, so that windows end where a reader would pause.

use crate::Span;

/// The sentences of `text`: spans that follow each other without a gap and together cover the text.
///
/// A sentence ends after a line break, or after `.`, `!`, `?` or `…` (and closing quotes or brackets) when white space
/// follows and the next word does not begin with a lower-case letter or a digit. White space belongs to the sentence
/// before it; at the begin of the text, to the first. The rule only decides where windows may be cut; an abbreviation
/// taken for an end does no harm.
///
/// ```
/// # use spanframe_core::{sentence::sentences, Span};
/// let text = "Chest pain. Given 2.5 mg.\nStable";
/// let parts: Vec<&str> = sentences(text).into_iter().map(|s| s.slice(text)).collect();
/// assert_eq!(parts, ["Chest pain. ", "Given 2.5 mg.\n", "Stable"]);
/// ```
#[must_use]
pub fn sentences(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut has_word = false; // something other than white space has been read
    let mut after_stop = false; // a full stop (and closers) has been read
    let mut space: Option<bool> = None; // white space has been read since; whether it had a line break
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            space = Some(space.unwrap_or(false) || matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}'));
            continue;
        }
        if let Some(line_break) = space.take()
            && (line_break || (after_stop && !c.is_lowercase() && !c.is_numeric()))
            && has_word
        {
            found.push(Span::new(begin, at));
            begin = at;
        }
        has_word = true;
        after_stop = matches!(c, '.' | '!' | '?' | '…')
            || (after_stop && matches!(c, '"' | '\'' | ')' | ']' | '}' | '»' | '”' | '’'));
    }
    if begin < text.len() {
        found.push(Span::new(begin, text.len()));
    }
    found
}

/// For each sentence of `text` that has a piece, the index one past its last piece; rising, and ending in `spans.len()`.
///
/// A piece belongs to the sentence in which it begins.
#[must_use]
pub fn sentence_ends(text: &str, spans: &[Span]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = 0;
    for sentence in sentences(text) {
        let from = at;
        while at < spans.len() && spans[at].begin() < sentence.end() {
            at += 1;
        }
        if at > from {
            ends.push(at);
        }
    }
    if at < spans.len() {
        ends.push(spans.len()); // empty pieces at the very end of the text
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let parts: Vec<&str> = sentences(text).into_iter().map(|s| s.slice(text)).collect();
        assert_eq!(parts, expect);
    }

    #[test]
    fn cuts() {
        check("", &[]);
        check("   ", &["   "]);
        check("\n\nOne\r\n\r\nTwo", &["\n\nOne\r\n\r\n", "Two"][..]);
        check("Dose 2. 5 mg", &["Dose 2. 5 mg"]);
        check("He said \"no.\" Then left.", &["He said \"no.\" ", "Then left."]);
        check("¿Dolor? Sí. ¡Mucho!", &["¿Dolor? ", "Sí. ", "¡Mucho!"]);
        check("e.g. aspirin", &["e.g. aspirin"]);
    }
}
