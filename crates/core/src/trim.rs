//! Trims punctuation of the sentence off the edges of an entity.

use crate::{Span, word};

/// Tidies the edges of an entity that was found token by token.
///
/// A token such as `3/`, `1)` or `).` can hold punctuation that follows the entity. Widens the span to whole words.
/// Then removes white space, a trailing `,` `;` `:` `/`, a full stop after a closing bracket or digit, and brackets
/// without their partner, until nothing changes. The result may be empty.
///
/// ```
/// # use spanframe_core::{trim::trim, Span};
/// let text = "(aspirin 81 mg), daily";
/// assert_eq!(trim(text, Span::new(0, 16)).slice(text), "(aspirin 81 mg)");
/// assert_eq!(trim(text, Span::new(0, 8)).slice(text), "aspirin");
/// ```
#[must_use]
pub fn trim(text: &str, span: Span) -> Span {
    edges(text, word::snap(text, span))
}

/// Tidies the edges of a span of whole words.
pub(crate) fn edges(text: &str, words: Span) -> Span {
    let mut span = words.trimmed(text);
    let mut counted = None; // brackets are counted once, and only if one is at an edge
    loop {
        let part = span.slice(text);
        let (Some(first), Some(last)) = (part.chars().next(), part.chars().next_back()) else { return span };
        let before_last = part[..part.len() - last.len_utf8()].chars().next_back();
        let stops = matches!(last, ',' | ';' | ':' | '/')
            || (last == '.' && before_last.is_some_and(|c| matches!(c, ')' | ']' | '}' | '0'..='9')));
        let opener = BRACKETS.iter().position(|pair| pair.0 == first);
        let closer = BRACKETS.iter().position(|pair| pair.1 == last);
        let (mut begin, mut end) = (span.begin(), span.end());
        if stops {
            end -= last.len_utf8();
        } else if opener.is_none() && closer.is_none() {
            return span;
        } else {
            let open = counted.get_or_insert_with(|| left_open(part));
            if let Some(pair) = closer.filter(|&pair| open[pair] < 0) {
                open[pair] += 1;
                end -= last.len_utf8();
            } else if let Some(pair) = opener.filter(|&pair| open[pair] > 0) {
                open[pair] -= 1;
                begin += first.len_utf8();
            } else {
                return span;
            }
        }
        span = Span::new(begin, end).trimmed(text);
    }
}

const BRACKETS: [(char, char); 2] = [('(', ')'), ('[', ']')];

/// For each pair of [`BRACKETS`], how many more open than close in `part`.
fn left_open(part: &str) -> [i64; 2] {
    BRACKETS.map(|(opener, closer)| part.chars().map(|c| i64::from(c == opener) - i64::from(c == closer)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        let check = |text: &str, expect: &str| assert_eq!(trim(text, Span::new(0, text.len())).slice(text), expect);
        check("pain, ", "pain");
        check("hepatitis C).", "hepatitis C");
        check("(IL-6)", "(IL-6)");
        check("grade 3/", "grade 3");
        check("b.i.d.", "b.i.d.");
        check("stage 2.", "stage 2");
        check(")", "");
        check("[ ( ", "");
    }

    #[test]
    fn a_cut_word_is_made_whole() {
        let text = "insulin glargine";
        assert_eq!(trim(text, Span::new(0, 11)).slice(text), "insulin glargine");
    }

    #[test]
    fn many_brackets_are_counted_once() {
        let (open, closed) = ("(".repeat(300_000), ")]".repeat(150_000));
        let check = |text: &str, expect: &str| assert_eq!(trim(text, Span::new(0, text.len())).slice(text), expect);
        check(&open, "");
        check(&format!("{open}aspirin"), "aspirin");
        check(&format!("aspirin{closed}"), "aspirin");
    }

    /// Removes at most one character, and counts all brackets each time.
    fn once(part: &str) -> &str {
        let lone = |c: char, partner: char| part.matches(c).count() > part.matches(partner).count();
        let stops = [",", ").", "]."].iter().any(|stop| part.ends_with(stop));
        if stops || (part.ends_with(')') && lone(')', '(')) || (part.ends_with(']') && lone(']', '[')) {
            &part[..part.len() - 1]
        } else if (part.starts_with('(') && lone('(', ')')) || (part.starts_with('[') && lone('[', ']')) {
            &part[1..]
        } else {
            part
        }
    }

    proptest! {
        #[test]
        fn brackets_are_those_that_are_left(text in "[a()\\[\\],. ]{0,16}") {
            let mut expect = text.trim();
            while once(expect) != expect {
                expect = once(expect).trim();
            }
            prop_assert_eq!(trim(&text, Span::new(0, text.len())).slice(&text), expect);
        }
    }
}
