//! Lower-cases what is in capitals, for models that were trained on texts in mixed case.

use std::{borrow::Cow, ops::Range};

use crate::word::is_mark;

/// Letters of a word that is too long for an abbreviation.
const LONG_WORD: usize = 6;

/// What of a text is read in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capitals {
    /// Lines in capitals.
    Lines,
    /// Lines in capitals, and phrases in capitals inside other lines.
    Phrases,
}

/// Lower-cases what is in capitals. Every character keeps its position.
///
/// A line is in capitals if more than four fifths of its letters are capitals, and one of its words has at least six
/// letters, all capitals; so lines of abbreviations do not change. A phrase is two or more words in a row, with only
/// white space between them, or one word of at least six letters; all of its letters are capitals, and it has no digits.
/// A character whose lower case has another number of bytes does not change either.
///
/// ```
/// # use spanframe_core::capitals::{Capitals, lower};
/// let note = "HTA, DM2.\nREFIERE TOS Y DISNEA.\n- HIPOACUSIA en tratamiento. HTA, DOLOR LUMBAR.";
/// let lines = "HTA, DM2.\nrefiere tos y disnea.\n- HIPOACUSIA en tratamiento. HTA, DOLOR LUMBAR.";
/// assert_eq!(lower(note, Capitals::Lines), lines);
/// let phrases = "HTA, DM2.\nrefiere tos y disnea.\n- hipoacusia en tratamiento. HTA, dolor lumbar.";
/// assert_eq!(lower(note, Capitals::Phrases), phrases);
/// ```
#[must_use]
pub fn lower(text: &str, capitals: Capitals) -> Cow<'_, str> {
    let mut lowered = String::new();
    let mut copied = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let ranges = match capitals {
            _ if is_in_capitals(line) => vec![Range { start: 0, end: line.len() }],
            Capitals::Lines => Vec::new(),
            Capitals::Phrases => phrases(line),
        };
        for range in ranges {
            lowered.push_str(&text[copied..at + range.start]);
            lowered.extend(line[range.clone()].chars().map(lower_in_place));
            copied = at + range.end;
        }
        at += line.len();
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    lowered.push_str(&text[copied..]);
    Cow::Owned(lowered)
}

/// The bytes of each phrase in capitals of a line.
fn phrases(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Option<Phrase> = None;
    for word in words(line) {
        let letters = line[word.clone()].chars().filter(|&c| !is_mark(c));
        let is_capital = letters.clone().next().is_some() && letters.clone().all(char::is_uppercase);
        let joins = open.as_ref().is_some_and(|phrase| line[phrase.bytes.end..word.start].trim().is_empty());
        if !(is_capital && joins) {
            found.extend(open.take().and_then(Phrase::lowered));
        }
        if is_capital {
            let letters = letters.count();
            let phrase = open.get_or_insert(Phrase { bytes: word.clone(), words: 0, longest: 0 });
            phrase.bytes.end = word.end;
            phrase.words += 1;
            phrase.longest = phrase.longest.max(letters);
        }
    }
    found.extend(open.and_then(Phrase::lowered));
    found
}

/// Words in capitals in a row.
struct Phrase {
    bytes: Range<usize>,
    words: usize,
    /// Letters of the longest word.
    longest: usize,
}

impl Phrase {
    /// Its bytes, unless it may be an abbreviation.
    fn lowered(self) -> Option<Range<usize>> {
        (self.words > 1 || self.longest >= LONG_WORD).then_some(self.bytes)
    }
}

/// The bytes of each run of letters, digits and marks.
fn words(line: &str) -> impl Iterator<Item = Range<usize>> {
    let is_word = |c: char| c.is_alphanumeric() || is_mark(c);
    let mut at = 0;
    std::iter::from_fn(move || {
        let begin = at + line[at..].find(is_word)?;
        at = line[begin..].find(|c| !is_word(c)).map_or(line.len(), |length| begin + length);
        Some(begin..at)
    })
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
            assert_eq!(lower(text, Capitals::Lines), expect);
        }
    }

    #[test]
    fn phrases_in_capitals_are_lowered_and_abbreviations_stay() {
        for (text, expect) in [
            ("", ""),
            ("TAC normal, HTA y DM2.", "TAC normal, HTA y DM2."),
            ("- HIPOACUSIA / - Motivo: sordera", "- hipoacusia / - Motivo: sordera"),
            ("paciente con DOLOR DE PIE y HTA, TOS Y FIEBRE.", "paciente con dolor de pie y HTA, tos y fiebre."),
            ("Diagnóstico: EPOC, HTA. TOMA ASPIRINA 100", "Diagnóstico: EPOC, HTA. toma aspirina 100"),
            // words with digits or small letters are no part of a phrase, and a new line ends one
            ("toma DM2 HTA, pH ALTO", "toma DM2 HTA, pH ALTO"),
            ("ve TAC\nHTA y tos", "ve TAC\nHTA y tos"),
            ("con NA\u{301}USEAS", "con na\u{301}useas"),
            ("REFIERE DISNEA Y TOS.\nSigue sin DIABETES", "refiere disnea y tos.\nSigue sin diabetes"),
        ] {
            assert_eq!(lower(text, Capitals::Phrases), expect);
        }
    }

    proptest! {
        #[test]
        fn every_character_stays_where_it_was(text in "([A-ZÑÉİ\u{212a}ẞ]{1,9}|[a-zß]{1,6}|[0-9 .\n\r]|👩\u{200d}⚕️|日){0,40}") {
            for capitals in [Capitals::Lines, Capitals::Phrases] {
                let lowered = lower(&text, capitals);
                prop_assert!(text.char_indices().map(|(at, _)| at).eq(lowered.char_indices().map(|(at, _)| at)));
                prop_assert_eq!(lower(&lowered, capitals), &*lowered);
                let is_lower = |(old, new): (char, char)| new == old || new == lower_in_place(old);
                prop_assert!(text.chars().zip(lowered.chars()).all(is_lower));
            }
            let lowered = lower(&text, Capitals::Lines);
            for (line, made) in text.lines().zip(lowered.lines()) {
                prop_assert!(made == line || made == line.chars().map(lower_in_place).collect::<String>());
            }
        }
    }
}
