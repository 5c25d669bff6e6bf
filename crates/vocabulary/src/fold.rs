//! [`fold`]: what is left of a term without case, accents, punctuation and white space.

use unicode_normalization::char::{canonical_combining_class, decompose_compatible, is_combining_mark};

/// Folds a term: lower case, compatibility forms and accents dissolved, words separated by one space.
///
/// Every character that is neither letter, digit nor mark separates words; invisible ones, such as marks of writing
/// direction, vanish. If nothing is left, as of `+`, the result is the text without white space and controls. It is
/// empty only for text without a visible character, and has no NUL.
///
/// ```
/// use spanframe_vocabulary::fold::fold;
///
/// assert_eq!(fold("  Carcinoma  MICROCÍTICO,(pT2)"), "carcinoma microcitico pt2");
/// assert_eq!((fold("ﬁbrosis ²"), fold("+/-"), fold(" \0")), ("fibrosis 2".into(), "+/-".into(), String::new()));
/// ```
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match c.is_ascii() {
            true => push(&mut folded, c.to_ascii_lowercase()),
            // a lower-cased character may decompose, and a decomposed one may have a lower case
            false => decompose_compatible(c, |c| {
                c.to_lowercase().for_each(|c| decompose_compatible(c, |c| push_letters(&mut folded, c)));
            }),
        }
    }
    if folded.ends_with(' ') {
        folded.pop();
    }
    match folded.is_empty() {
        true => text.chars().filter(|c| is_visible(*c)).flat_map(char::to_lowercase).collect(),
        false => folded,
    }
}

/// True if the character leaves ink: neither white space, control nor one that is never drawn.
fn is_visible(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !is_ignorable(c)
}

fn push_letters(folded: &mut String, c: char) {
    match c {
        // letters whose strokes Unicode does not take apart
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'ß' => folded.push_str("ss"),
        'ø' => folded.push('o'),
        'ł' => folded.push('l'),
        'đ' | 'ð' => folded.push('d'),
        'ı' => folded.push('i'),
        'ς' => folded.push('σ'),
        // accents
        c if canonical_combining_class(c) != 0 || is_ignorable(c) => {}
        c => push(folded, c),
    }
}

fn push(folded: &mut String, c: char) {
    if c.is_alphanumeric() || is_combining_mark(c) {
        folded.push(c);
    } else if !folded.is_empty() && !folded.ends_with(' ') {
        folded.push(' ');
    }
}

/// Characters that are never drawn: soft hyphen, joiners, marks of writing direction, byte order mark.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    proptest! {
        #[test]
        fn folding_by_character_is_folding_of_the_whole_text(text in ".{0,40}|[áÅﬁ²Ǆß\u{300}\u{345}\u{ad}a ]{0,20}") {
            let lower = text.nfkd().flat_map(char::to_lowercase).nfkd();
            let mut whole = String::new();
            lower.filter(|c| canonical_combining_class(*c) == 0).for_each(|c| push_letters(&mut whole, c));
            prop_assert!(whole.trim_end().is_empty() || fold(&text) == whole.trim_end());
        }
    }
}
