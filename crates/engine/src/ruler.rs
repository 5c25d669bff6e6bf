//! [`Ruler`]: converts positions of any unit into bytes of a text.

use std::{cell::OnceCell, ops::Range};

use crate::{
    Mention,
    offset_convention::{OffsetConvention, OffsetUnit},
};

/// A text with the byte of each code point and of each UTF-16 unit, computed on first use.
pub struct Ruler<'a> {
    text: &'a str,
    chars: OnceCell<Vec<usize>>,
    utf16: OnceCell<Vec<usize>>,
}

/// Marks a UTF-16 position inside a surrogate pair.
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

    /// The bytes of `mention`, on character boundaries of the text.
    ///
    /// `None` if its positions, read by `convention`, lie outside the text or inside a character, or end before they
    /// begin.
    #[must_use]
    pub fn bytes(&self, mention: &Mention<'_>, convention: OffsetConvention) -> Option<Range<usize>> {
        let positions = convention.half_open(mention);
        let begin = self.byte(positions.begin, convention.unit)?;
        let end = self.byte(positions.end, convention.unit)?;
        (begin <= end).then_some(begin..end)
    }

    /// The text of [`bytes`](Self::bytes).
    #[must_use]
    pub fn slice(&self, mention: &Mention<'_>, convention: OffsetConvention) -> Option<&'a str> {
        self.text.get(self.bytes(mention, convention)?)
    }

    fn byte(&self, position: i64, unit: OffsetUnit) -> Option<usize> {
        let position = usize::try_from(position).ok()?;
        if unit == OffsetUnit::Byte || self.text.is_ascii() {
            return self.text.is_char_boundary(position).then_some(position);
        }
        let starts = || self.text.char_indices().chain([(self.text.len(), ' ')]);
        let bytes = match unit {
            OffsetUnit::Utf16 => self
                .utf16
                .get_or_init(|| starts().flat_map(|(at, c)| [at, INSIDE].into_iter().take(c.len_utf16())).collect()),
            _ => self.chars.get_or_init(|| starts().map(|(at, _)| at).collect()),
        };
        bytes.get(position).copied().filter(|&at| at != INSIDE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Offsets, positions::positions};
    use proptest::prelude::*;
    use spanframe_core::{Named, Span};

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
