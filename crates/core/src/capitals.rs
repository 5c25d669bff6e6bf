//! Lower-cases lines in capitals, for models that were trained on texts in mixed case.

use std::borrow::Cow;

use crate::word::is_mark;

/// Letters of a word that is too long for an abbreviation.
const LONG_WORD: usize = 6;

/// Lower-cases the lines in capitals. Every character keeps its position.
///
/// A line is in capitals if more than four fifths of its letters are capitals, and one of its words has at least six
/// letters, all capitals; so lines of abbreviations do not change. A character whose lower case has another number of
/// bytes does not change either.
///
/// ```
/// # use spanframe_core::capitals::lower;
/// assert_eq!(lower("HTA, DM2.\nREFIERE DISNEA Y TOS.\nTAC normal."), "HTA, DM2.\nrefiere disnea y tos.\nTAC normal.");
/// ```
#[must_use]
pub fn lower(text: &str) -> Cow<'_, str> {
    if !text.split_inclusive('\n').any(is_in_capitals) {
        return Cow::Borrowed(text);
    }
    let mut lowered = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if is_in_capitals(line) {
            lowered.extend(line.chars().map(lower_in_place));
        } else {
            lowered.push_str(line);
        }
    }
    Cow::Owned(lowered)
}

fn is_in_capitals(line: &str) -> bool {
    let (mut letters, mut capitals) = (0, 0);
    for c in line.chars() {
        letters += usize::from(c.is_alphabetic());
        capitals += usize::from(c.is_uppercase());
    }
    5 * capitals > 4 * letters
        && line
            .split(|c: char| !c.is_alphabetic() && !is_mark(c))
            .map(|word| word.chars().filter(|&c| !is_mark(c)))
            .any(|mut letters| letters.clone().count() >= LONG_WORD && letters.all(char::is_uppercase))
}

fn lower_in_place(c: char) -> char {
    let mut lower = c.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(only), None) if only.len_utf8() == c.len_utf8() => only,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_in_capitals_are_lowered_and_others_stay() {
        for (text, expect) in [
            ("", ""),
            ("TAC", "TAC"),
            ("TAC, ECG, RMN, HTA", "TAC, ECG, RMN, HTA"),
            ("NEUMONÍA", "neumonía"),
            ("NA\u{301}USEAS", "na\u{301}useas"),
            ("Diagnóstico: NEUMONÍA", "Diagnóstico: NEUMONÍA"),
            ("PACIENTE CON pH 7", "paciente con ph 7"),
            ("ÑOÑERÍAS\r\nDEL Dr. Ñ", "ñoñerías\r\nDEL Dr. Ñ"),
            // İ and K (the sign of kelvin) have a lower case of other lengths
            ("İSTANBUL \u{212a}", "İstanbul \u{212a}"),
            ("日本日本日本日本", "日本日本日本日本"),
        ] {
            assert_eq!(lower(text), expect);
        }
    }

    proptest! {
        #[test]
        fn every_character_stays_where_it_was(text in "([A-ZÑÉİ\u{212a}ẞ]{1,9}|[a-zß]{1,6}|[0-9 .\n\r]|👩\u{200d}⚕️|日){0,40}") {
            let lowered = lower(&text);
            prop_assert!(text.char_indices().map(|(at, _)| at).eq(lowered.char_indices().map(|(at, _)| at)));
            prop_assert_eq!(lower(&lowered), &*lowered);
            for (line, made) in text.lines().zip(lowered.lines()) {
                prop_assert!(made == line || made == line.chars().map(lower_in_place).collect::<String>());
            }
        }
    }
}
