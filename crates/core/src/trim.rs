//! Takes from the edges of an entity what belongs to the sentence.

use crate::{Span, word};

/// Tidies the edges of an entity found piece by piece.
///
/// A piece such as `3/`, `1)` or `).` can carry punctuation that follows the entity. First the span is widened to
/// whole words; then white space, a trailing `,` `;` `:` `/`, a full stop after a closing bracket or a digit, and
/// brackets without their partner are taken off, until nothing changes. The result may be empty.
///
/// ```
/// # use spanframe_core::{trim::trim, Span};
/// let text = "(aspirin 81 mg), daily";
/// assert_eq!(trim(text, Span::new(0, 16)).slice(text), "(aspirin 81 mg)");
/// assert_eq!(trim(text, Span::new(0, 8)).slice(text), "aspirin");
/// ```
#[must_use]
pub fn trim(text: &str, span: Span) -> Span {
    let mut span = word::snap(text, span).trimmed(text);
    loop {
        let part = span.slice(text);
        let (Some(first), Some(last)) = (part.chars().next(), part.chars().next_back()) else { return span };
        let before_last = part[..part.len() - last.len_utf8()].chars().next_back();
        let count = |c: char| part.chars().filter(|&x| x == c).count();
        let drop_last = matches!(last, ',' | ';' | ':' | '/')
            || (last == '.' && before_last.is_some_and(|c| matches!(c, ')' | ']' | '}' | '0'..='9')))
            || opener(last).is_some_and(|open| count(open) < count(last));
        let drop_first = closer(first).is_some_and(|close| count(first) > count(close));
        span = if drop_last {
            Span::new(span.begin(), span.end() - last.len_utf8())
        } else if drop_first {
            Span::new(span.begin() + first.len_utf8(), span.end())
        } else {
            return span;
        }
        .trimmed(text);
    }
}

fn opener(c: char) -> Option<char> {
    match c {
        ')' => Some('('),
        ']' => Some('['),
        _ => None,
    }
}

fn closer(c: char) -> Option<char> {
    match c {
        '(' => Some(')'),
        '[' => Some(']'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
