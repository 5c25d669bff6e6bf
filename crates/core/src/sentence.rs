//! Cuts a document into sentences, so that windows end where a reader would pause.

use crate::Span;

/// A sentence of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Where it is, with the white space that follows it.
    pub span: Span,
    /// Whether a blank line follows it, or the text ends.
    pub ends_section: bool,
}

/// Where a window may end: one past the last piece of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentenceEnd {
    /// Index of the piece that follows.
    pub piece: usize,
    /// Whether a section ends there too.
    pub ends_section: bool,
}

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
/// let parts: Vec<&str> = sentences(text).into_iter().map(|s| s.span.slice(text)).collect();
/// assert_eq!(parts, ["Chest pain. ", "Given 2.5 mg.\n", "Stable"]);
/// ```
#[must_use]
pub fn sentences(text: &str) -> Vec<Sentence> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut has_word = false; // something other than white space has been read
    let mut after_stop = false; // a full stop (and closers) has been read
    let mut space: Option<usize> = None; // white space has been read since; how many line breaks it had
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        let before = std::mem::replace(&mut previous, c);
        if c.is_whitespace() {
            let breaks = match c {
                '\n' if before == '\r' => 0,
                '\n' | '\r' | '\u{85}' | '\u{2028}' => 1,
                '\u{2029}' => 2,
                _ => 0,
            };
            space = Some(space.unwrap_or(0) + breaks);
            continue;
        }
        if let Some(breaks) = space.take()
            && (breaks > 0 || (after_stop && !c.is_lowercase() && !c.is_numeric()))
            && has_word
        {
            found.push(Sentence { span: Span::new(begin, at), ends_section: breaks > 1 });
            begin = at;
        }
        has_word = true;
        after_stop = matches!(c, '.' | '!' | '?' | '…')
            || (after_stop && matches!(c, '"' | '\'' | ')' | ']' | '}' | '»' | '”' | '’'));
    }
    if begin < text.len() {
        found.push(Sentence { span: Span::new(begin, text.len()), ends_section: true });
    }
    found
}

/// The end of each sentence of `text` that has a piece; rising, and ending in `spans.len()`.
///
/// A piece belongs to the sentence in which it begins.
#[must_use]
pub fn sentence_ends(text: &str, spans: &[Span]) -> Vec<SentenceEnd> {
    let mut ends = Vec::new();
    let mut at = 0;
    for sentence in sentences(text) {
        let from = at;
        while at < spans.len() && spans[at].begin() < sentence.span.end() {
            at += 1;
        }
        if at > from {
            ends.push(SentenceEnd { piece: at, ends_section: sentence.ends_section });
        }
    }
    if at < spans.len() {
        ends.push(SentenceEnd { piece: spans.len(), ends_section: true }); // empty pieces at the very end of the text
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        let parts: Vec<&str> = sentences(text).into_iter().map(|s| s.span.slice(text)).collect();
        assert_eq!(parts, expect);
    }

    #[test]
    fn sections_end_at_blank_lines() {
        let ends = |text| sentences(text).into_iter().map(|s| s.ends_section).collect::<Vec<_>>();
        assert_eq!(ends("Plan:\nRest. Fluids.\n\nAllergies: none"), [false, false, true, true]);
        assert_eq!(ends("One\r\nTwo\r\n \r\nThree\u{2029}Four"), [false, true, true, true]);
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
