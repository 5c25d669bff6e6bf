//! Other spellings of a text, to measure how they change the scores.

use clap::ValueEnum;
use spanframe_compare::bootstrap::SplitMix64;

/// Code points of a line before a space becomes a line break: at least this many,
const SHORTEST_LINE: usize = 60;
/// and up to this many more.
const EXTRA: usize = 20;

/// The characters from U+00C0 to U+017F, letters without their accents.
const PLAIN: &str = concat!(
    "AAAAAAÆCEEEEIIIIÐNOOOOO×ØUUUUYÞßaaaaaaæceeeeiiiiðnooooo÷øuuuuyþy",
    "AaAaAaCcCcCcCcDdĐđEeEeEeEeEeGgGgGgGgHhĦħIiIiIiIiIıĲĳJjKkĸLlLlLlĿŀŁłNnNnNnŉŊŋOoOoOoŒœRrRrRrSsSsSsSsTtTtŦŧ",
    "UuUuUuUuUuUuWwYyYZzZzZzſ"
);

/// A spelling that keeps the number of code points, and so the position of every mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Variant {
    /// The text as it is
    Clean,
    /// Capital letters, where a letter has a single one
    Upper,
    /// Latin letters without accents
    NoAccents,
    /// A new line instead of a space every 60 to 80 code points
    LineBreaks,
}

impl Variant {
    /// The name of the flag's value.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Upper => "upper",
            Self::NoAccents => "no_accents",
            Self::LineBreaks => "line_breaks",
        }
    }

    /// Respells `text` code point for code point, always in the same way.
    pub fn respell(self, text: &str) -> String {
        match self {
            Self::Clean => text.to_string(),
            Self::Upper => text.chars().map(upper).collect(),
            Self::NoAccents => {
                let plain: Vec<char> = PLAIN.chars().collect();
                let letter = |c: char| (c as usize).checked_sub(0xC0).and_then(|i| plain.get(i)).copied();
                text.chars().map(|c| letter(c).unwrap_or(c)).collect()
            }
            Self::LineBreaks => break_lines(text),
        }
    }
}

/// The capital of a letter, if it is one code point.
fn upper(letter: char) -> char {
    let mut capitals = letter.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) => capital,
        _ => letter,
    }
}

/// Replaces spaces by line breaks. The length of the text seeds the lengths of the lines.
fn break_lines(text: &str) -> String {
    let mut random = SplitMix64::new(text.len() as u64);
    let mut line_length = move || SHORTEST_LINE + random.below(EXTRA + 1);
    let (mut column, mut least) = (0, line_length());
    let point = |c: char| {
        column += 1;
        let wraps = c == ' ' && column > least;
        if wraps || c == '\n' {
            column = 0;
            least = line_length();
        }
        if wraps { '\n' } else { c }
    };
    text.chars().map(point).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings() {
        let text = "Dolor torácico, señora Müller: straße ŉ 3 µg";
        assert_eq!(Variant::Upper.respell(text), "DOLOR TORÁCICO, SEÑORA MÜLLER: STRAßE ŉ 3 ΜG");
        assert_eq!(Variant::NoAccents.respell(text), "Dolor toracico, senora Muller: straße ŉ 3 µg");
        assert_eq!(PLAIN.chars().count(), 0x180 - 0xC0);
        let long = "palabra ".repeat(100);
        let lines: Vec<usize> = Variant::LineBreaks.respell(&long).lines().map(|l| l.chars().count()).collect();
        let (last, whole) = lines.split_last().unwrap();
        assert!(whole.len() > 8 && whole.iter().all(|n| (60..=88).contains(n)) && *last <= 88, "{lines:?}");
    }

    proptest! {
        #[test]
        fn variants_keep_the_places_of_mentions(text in "[a-záéñß ŉµ\u{301}👩Ω]{1,200}", at in 0..200usize, length in 1..40usize) {
            let points = text.chars().count();
            let begin = at.min(points - 1);
            let end = (begin + length).min(points);
            let slice = |text: &str| -> String { text.chars().skip(begin).take(end - begin).collect() };
            for variant in Variant::value_variants() {
                let respelled = variant.respell(&text);
                prop_assert_eq!(respelled.chars().count(), points);
                // line breaks look at the whole text, and change spaces alone
                match *variant {
                    Variant::LineBreaks => prop_assert_eq!(slice(&respelled).replace('\n', " "), slice(&text)),
                    _ => prop_assert_eq!(variant.respell(&slice(&text)), slice(&respelled)),
                }
            }
        }
    }
}
