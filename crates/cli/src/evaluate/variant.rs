//! Other spellings of a text, for the question how a model bears them.

use clap::ValueEnum;
use spanframe_compare::{bootstrap::SplitMix64, score::Mention};
use spanframe_core::Span;

/// Fewest code points of a line, and how many more it may have, before a space becomes a new line.
const LINE: (usize, usize) = (60, 20);

/// Letters from U+00C0 to U+017F without what stands above or below them; the others of that range as they are.
const PLAIN: &str = concat!(
    "AAAAAAÆCEEEEIIIIÐNOOOOO×ØUUUUYÞßaaaaaaæceeeeiiiiðnooooo÷øuuuuyþy",
    "AaAaAaCcCcCcCcDdĐđEeEeEeEeEeGgGgGgGgHhĦħIiIiIiIiIıĲĳJjKkĸLlLlLlĿŀŁłNnNnNnŉŊŋOoOoOoŒœRrRrRrSsSsSsSsTtTtŦŧ",
    "UuUuUuUuUuUuWwYyYZzZzZzſ"
);

/// A copy of a text with the same number of code points.
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
    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clean => "clean",
            Self::Upper => "upper",
            Self::NoAccents => "no_accents",
            Self::LineBreaks => "line_breaks",
        }
    }

    /// `text` in this spelling: code point for code point, and the same copy every time.
    pub fn respell(self, text: &str) -> String {
        match self {
            Self::Clean => text.to_string(),
            Self::Upper => text.chars().map(upper).collect(),
            Self::NoAccents => {
                let plain: Vec<char> = PLAIN.chars().collect();
                let letter = |c: char| (c as usize).checked_sub(0xC0).and_then(|i| plain.get(i)).copied();
                text.chars().map(|c| letter(c).unwrap_or(c)).collect()
            }
            Self::LineBreaks => broken(text),
        }
    }

    /// `text` in this spelling, and where its `mentions` are in it.
    pub fn apply(self, text: &str, mentions: &[Mention]) -> (String, Vec<Mention>) {
        let respelled = self.respell(text);
        if self == Self::Clean {
            return (respelled, mentions.to_vec());
        }
        let mut places = vec![respelled.len(); text.len() + 1];
        for ((before, _), (after, _)) in text.char_indices().zip(respelled.char_indices()) {
            places[before] = after;
        }
        let moved = |span: Span| Span::new(places[span.begin()], places[span.end()]);
        let mentions = mentions.iter().map(|m| Mention { span: moved(m.span), kind: m.kind }).collect();
        (respelled, mentions)
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

fn broken(text: &str) -> String {
    let mut random = SplitMix64::new(text.len() as u64);
    let (mut column, mut least) = (0, LINE.0 + random.below(LINE.1 + 1));
    let point = |c: char| {
        column += 1;
        let wraps = c == ' ' && column > least;
        if wraps || c == '\n' {
            column = 0;
            least = LINE.0 + random.below(LINE.1 + 1);
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
            let points: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let begin = at.min(points.len() - 2);
            let end = (begin + length).min(points.len() - 1);
            let mention = Mention { span: Span::new(points[begin], points[end]), kind: 0 };
            for variant in Variant::value_variants() {
                let (respelled, moved) = variant.apply(&text, &[mention]);
                prop_assert_eq!(respelled.chars().count(), text.chars().count());
                let expect: String = respelled.chars().skip(begin).take(end - begin).collect();
                prop_assert_eq!(moved[0].span.slice(&respelled), expect.as_str());
                // the mention alone, respelled, is what stands there (line breaks look at the whole text)
                if *variant != Variant::LineBreaks {
                    prop_assert_eq!(variant.respell(mention.span.slice(&text)), expect);
                }
            }
        }
    }
}
