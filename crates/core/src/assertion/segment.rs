//! Cuts a text into segments, beyond which no cue reaches.

use crate::Span;

/// The segments of `text`, which follow each other without a gap: sentences and items of lists.
///
/// A segment ends
/// - behind `.`, `!`, `?` or `…`, where white space and no lower-case letter follow, and behind any `;`;
/// - at a blank line, and at a line break unless the next line goes on in lower case (a sentence wrapped by hand);
/// - before a heading in capitals (`… contrast  HISTORY: …`) and before the number of a list item (`… 2) …`).
pub(super) fn segments(text: &str) -> Vec<Span> {
    let mut found = Vec::new();
    let mut begin = 0;
    let mut previous = None; // the last character that is no white space
    let (mut after_stop, mut in_space, mut breaks) = (false, false, 0);
    for (at, c) in text.char_indices() {
        if c.is_whitespace() {
            in_space = true;
            breaks += usize::from(matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}'));
            continue;
        }
        let ends = match breaks {
            0 => (in_space && after_stop && !c.is_lowercase()) || previous == Some(';'),
            1 => after_stop || previous == Some(':') || !c.is_lowercase(),
            _ => true,
        };
        if ends && previous.is_some() {
            cut_inside(text, Span::new(begin, at), &mut found);
            begin = at;
        }
        let closes = !in_space && matches!(c, '"' | '\'' | ')' | ']' | '»' | '”' | '’');
        after_stop = matches!(c, '.' | '!' | '?' | '…') || (after_stop && closes);
        previous = Some(c);
        (in_space, breaks) = (false, 0);
    }
    if begin < text.len() {
        cut_inside(text, Span::new(begin, text.len()), &mut found);
    }
    found
}

/// Adds `segment` to `found`, cut before its headings in capitals and its numbered items.
fn cut_inside(text: &str, segment: Span, found: &mut Vec<Span>) {
    let mut begin = segment.begin();
    let mut cut = |at: usize| {
        if at > begin {
            found.push(Span::new(begin, at));
            begin = at;
        }
    };
    let mut capitals: Option<(usize, usize)> = None; // where a run of words in capitals began, and its letters
    let mut at = segment.begin();
    for word in segment.slice(text).split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let name = bare.strip_suffix(':').unwrap_or(bare);
        if is_number_of_item(bare) {
            cut(at);
        } else if is_in_capitals(name) {
            let (from, letters) = capitals.unwrap_or((at, 0));
            let letters = letters + name.chars().count();
            capitals = Some((from, letters));
            if name.len() < bare.len() {
                capitals = None;
                if letters > 3 {
                    cut(from);
                }
            }
        } else if !bare.is_empty() {
            capitals = None;
        }
        at += word.len();
    }
    cut(segment.end());
}

/// `2)` or `12)`.
fn is_number_of_item(word: &str) -> bool {
    let digits = word.strip_suffix(')').unwrap_or_default();
    (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
}

fn is_in_capitals(name: &str) -> bool {
    name.chars().any(char::is_alphabetic)
        && !name.chars().any(|c| c.is_lowercase() || matches!(c, '.' | ',' | ';' | '!' | '?'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(text: &str, expect: &[&str]) {
        let parts: Vec<&str> = segments(text).into_iter().map(|s| s.slice(text).trim_end()).collect();
        assert_eq!(parts, expect, "{text:?}");
    }

    #[test]
    fn sentences_lines_and_items_are_segments() {
        check("", &[]);
        check("No fever. Cough.", &["No fever.", "Cough."]);
        check("Given 2.5 mg. of it", &["Given 2.5 mg. of it"]);
        check("- no fever\n- cough", &["- no fever", "- cough"]);
        check("Denies fever, chills\nor cough.", &["Denies fever, chills\nor cough."]);
        check("Denies fever:\ncough", &["Denies fever:", "cough"]);
        check("no fever\n\ncough", &["no fever", "cough"]);
        check("No fever; cough", &["No fever;", "cough"]);
    }

    #[test]
    fn headings_in_capitals_and_numbers_begin_segments() {
        check("CT without contrast PAST HISTORY: stroke", &["CT without contrast", "PAST HISTORY: stroke"]);
        check("No AC: murmur", &["No AC: murmur"]);
        check("Plan 1) no aspirin 2) heparin", &["Plan", "1) no aspirin", "2) heparin"]);
    }

    proptest! {
        #[test]
        fn segments_cover_the_text(text in "[ \\n.;:)aZ9é日👩\u{2029}]{0,40}") {
            let mut at = 0;
            for segment in segments(&text) {
                prop_assert_eq!(segment.begin(), at);
                prop_assert!(!segment.slice(&text).is_empty());
                at = segment.end();
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
