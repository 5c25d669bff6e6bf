//! Cuts a document into sentences, where windows may end.

use crate::Span;

/// A sentence of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// Bytes of the text, with the white space that follows.
    pub span: Span,
    /// Whether a blank line or the end of the text follows.
    pub ends_section: bool,
}

/// The end of a sentence in tokens, where a window may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentenceEnd {
    /// Index of the first token after the sentence.
    pub token: usize,
    /// Whether a section ends here too.
    pub ends_section: bool,
}

/// The sentences of `text`. Their spans cover the text without gaps.
///
/// A sentence ends after a line break. It also ends after `.`, `!`, `?` or `…`, with closing quotes or brackets, if
/// white space follows and the next word begins with neither a lower-case letter nor a digit. White space belongs to
/// the sentence before it, at the begin of the text to the first. The rule only decides where windows may end, so
/// taking an abbreviation for an end does no harm.
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
    let mut has_word = false; // the sentence has more than white space
    let mut after_stop = false; // the last word ended with a full stop, maybe with closers
    let mut space: Option<usize> = None; // line breaks of the white space since that word
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

/// The ends of the sentences of `text` that have a token, in order. The last one is `spans.len()`.
///
/// `spans` are those of the tokens. A token belongs to the sentence in which it begins.
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
            ends.push(SentenceEnd { token: at, ends_section: sentence.ends_section });
        }
    }
    if at < spans.len() {
        // empty tokens at the end of the text
        ends.push(SentenceEnd { token: spans.len(), ends_section: true });
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
