//! Units in which positions may be meant, and what the same positions point at in each of them.

use std::cell::OnceCell;

use crate::{Mention, Offsets};

/// What positions count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Char,
    Utf16,
    Byte,
}

/// A way to read begin and end: a unit, and whether the end belongs to the mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    unit: Unit,
    inclusive: bool,
}

impl Reading {
    /// All of them by name; those that programs use come first.
    const NAMES: [(&'static str, Self); 6] = [
        ("char", Self { unit: Unit::Char, inclusive: false }),
        ("byte", Self { unit: Unit::Byte, inclusive: false }),
        ("spark", Self { unit: Unit::Utf16, inclusive: true }),
        ("utf16", Self { unit: Unit::Utf16, inclusive: false }),
        ("char with inclusive end", Self { unit: Unit::Char, inclusive: true }),
        ("byte with inclusive end", Self { unit: Unit::Byte, inclusive: true }),
    ];

    /// All readings.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(_, reading)| reading)
    }

    /// `char`, `byte` and `spark` as [`Offsets`] has them; `utf16` (half-open); and the first two with an inclusive end.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, reading)| *reading == self).map_or("", |(name, _)| name)
    }

    /// Whether `end` is part of the mention.
    #[must_use]
    pub fn inclusive(self) -> bool {
        self.inclusive
    }

    /// `begin` and `end` as they are counted, half-open.
    #[must_use]
    pub fn half_open(self, mention: &Mention<'_>) -> (i64, i64) {
        (mention.begin, mention.end.saturating_add(i64::from(self.inclusive)))
    }

    /// Length of `chunk`.
    #[must_use]
    pub fn length(self, chunk: &str) -> i64 {
        let length = match self.unit {
            Unit::Char => chunk.chars().count(),
            Unit::Utf16 => chunk.encode_utf16().count(),
            Unit::Byte => chunk.len(),
        };
        i64::try_from(length).unwrap_or(i64::MAX)
    }

    /// Most positions of this reading that one position of `other` can stand for.
    #[must_use]
    pub fn most_per(self, other: Self) -> i64 {
        match (other.unit, self.unit) {
            (Unit::Char, Unit::Utf16) => 2,
            (Unit::Char, Unit::Byte) => 4,
            (Unit::Utf16, Unit::Byte) => 3,
            _ => 1,
        }
    }

    /// Whether one stretch of some text may measure `here` in this reading and `there` in `other`.
    #[must_use]
    pub fn may_equal(self, here: i64, other: Self, there: i64) -> bool {
        here <= there.saturating_mul(self.most_per(other)) && there <= here.saturating_mul(other.most_per(self))
    }
}

impl From<Offsets> for Reading {
    fn from(offsets: Offsets) -> Self {
        match offsets {
            Offsets::Char => Self { unit: Unit::Char, inclusive: false },
            Offsets::Byte => Self { unit: Unit::Byte, inclusive: false },
            Offsets::Spark => Self { unit: Unit::Utf16, inclusive: true },
        }
    }
}

/// A text with the byte of each position of each unit, worked out when first asked for.
pub struct Ruler<'a> {
    text: &'a str,
    chars: OnceCell<Vec<usize>>,
    utf16: OnceCell<Vec<usize>>,
}

/// Stands for a position inside a character.
const INSIDE: usize = usize::MAX;

impl<'a> Ruler<'a> {
    /// A ruler along `text`.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self { text, chars: OnceCell::new(), utf16: OnceCell::new() }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The bytes of a mention, or `None` if its positions, so read, are not in the text or inside a character.
    #[must_use]
    pub fn span(&self, mention: &Mention<'_>, reading: Reading) -> Option<(i64, i64)> {
        let (begin, end) = reading.half_open(mention);
        let (begin, end) = (self.byte(begin, reading.unit)?, self.byte(end, reading.unit)?);
        (begin <= end).then_some((begin as i64, end as i64))
    }

    /// The text of [`span`](Self::span).
    #[must_use]
    pub fn slice(&self, mention: &Mention<'_>, reading: Reading) -> Option<&'a str> {
        let (begin, end) = self.span(mention, reading)?;
        self.text.get(begin as usize..end as usize)
    }

    fn byte(&self, position: i64, unit: Unit) -> Option<usize> {
        let position = usize::try_from(position).ok()?;
        if unit == Unit::Byte || self.text.is_ascii() {
            return self.text.is_char_boundary(position).then_some(position);
        }
        let starts = || self.text.char_indices().chain([(self.text.len(), ' ')]);
        let places = match unit {
            Unit::Utf16 => self
                .utf16
                .get_or_init(|| starts().flat_map(|(at, c)| [at, INSIDE].into_iter().take(c.len_utf16())).collect()),
            _ => self.chars.get_or_init(|| starts().map(|(at, _)| at).collect()),
        };
        places.get(position).copied().filter(|&at| at != INSIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::positions::positions;
    use proptest::prelude::*;
    use spanframe_core::{Named, Span};

    #[test]
    fn every_reading_has_a_name() {
        for (name, offsets) in Offsets::named() {
            assert_eq!(Reading::from(offsets).name(), name);
        }
        assert_eq!(Reading::all().filter(|r| !r.name().is_empty()).count(), 6);
    }

    #[test]
    fn positions_outside_or_inside_a_character_point_at_nothing() {
        let at = |begin, end, offsets: Offsets| {
            let mention = Mention { begin, end, ..Mention::default() };
            Ruler::new("a👩é").slice(&mention, offsets.into())
        };
        assert_eq!(at(1, 3, Offsets::Char), Some("👩é"));
        assert_eq!(at(1, 2, Offsets::Spark), Some("👩"));
        assert_eq!(at(1, 1, Offsets::Spark), None);
        assert_eq!(at(1, 2, Offsets::Byte), None);
        assert_eq!(at(1, 4, Offsets::Char), None);
        assert_eq!(at(0, -1, Offsets::Spark), Some(""));
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_writing(text in "[ aéİ日👩\u{301}]{1,30}", cut in (0usize..30, 0usize..30)) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let (a, b) = (bounds[cut.0 % bounds.len()], bounds[cut.1 % bounds.len()]);
            prop_assume!(a != b);
            let span = Span::new(a.min(b), a.max(b));
            let ruler = Ruler::new(&text);
            for (_, offsets) in Offsets::named() {
                let (begin, end) = positions(&text, &[span], offsets)[0];
                let mention = Mention { begin: begin.into(), end: end.into(), ..Mention::default() };
                prop_assert_eq!(ruler.slice(&mention, offsets.into()), Some(span.slice(&text)));
            }
        }
    }
}
