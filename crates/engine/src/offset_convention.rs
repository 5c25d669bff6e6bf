//! How positions are counted: in which unit, and whether the end belongs to the mention.

use std::ops::Range;

use crate::{Mention, Offsets};

/// What one position counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OffsetUnit {
    Char,
    Utf16,
    Byte,
}

/// Positions `begin..end`, half-open, in some unit. `end` may lie before `begin` where a column contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// First position.
    pub begin: i64,
    /// One past the last position.
    pub end: i64,
}

impl Interval {
    /// Number of positions.
    #[must_use]
    pub fn length(self) -> i64 {
        self.end - self.begin
    }

    /// Number of positions that both intervals cover; 0 where they only touch.
    #[must_use]
    pub fn overlap(self, other: Self) -> i64 {
        (self.end.min(other.end) - self.begin.max(other.begin)).max(0)
    }
}

impl From<Range<usize>> for Interval {
    fn from(range: Range<usize>) -> Self {
        Self { begin: range.start as i64, end: range.end as i64 }
    }
}

/// A way to read `begin` and `end`: a unit, and whether the end is inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetConvention {
    pub(crate) unit: OffsetUnit,
    inclusive: bool,
}

impl OffsetConvention {
    /// All conventions by name; those that programs use come first.
    const NAMES: [(&'static str, Self); 6] = [
        ("char", Self { unit: OffsetUnit::Char, inclusive: false }),
        ("byte", Self { unit: OffsetUnit::Byte, inclusive: false }),
        ("spark", Self { unit: OffsetUnit::Utf16, inclusive: true }),
        ("utf16", Self { unit: OffsetUnit::Utf16, inclusive: false }),
        ("char with inclusive end", Self { unit: OffsetUnit::Char, inclusive: true }),
        ("byte with inclusive end", Self { unit: OffsetUnit::Byte, inclusive: true }),
    ];

    /// All conventions.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::NAMES.into_iter().map(|(_, convention)| convention)
    }

    /// Its name: that of [`Offsets`] where it has one, else `utf16` or the unit `with inclusive end`.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, convention)| *convention == self).map_or("", |(name, _)| name)
    }

    /// Whether `end` is the last position of the mention, not one past it.
    #[must_use]
    pub fn is_inclusive(self) -> bool {
        self.inclusive
    }

    /// The positions of `mention`, half-open.
    #[must_use]
    pub fn half_open(self, mention: &Mention<'_>) -> Interval {
        Interval { begin: mention.begin, end: mention.end.saturating_add(i64::from(self.inclusive)) }
    }

    /// Length of `chunk` in this unit.
    #[must_use]
    pub fn length(self, chunk: &str) -> i64 {
        let length = match self.unit {
            OffsetUnit::Char => chunk.chars().count(),
            OffsetUnit::Utf16 => chunk.encode_utf16().count(),
            OffsetUnit::Byte => chunk.len(),
        };
        i64::try_from(length).unwrap_or(i64::MAX)
    }

    /// The most positions of this unit that one position of `other` can stand for.
    ///
    /// A code point has up to two UTF-16 units and up to four bytes; a UTF-16 unit has up to three bytes.
    #[must_use]
    pub fn most_per(self, other: Self) -> i64 {
        match (other.unit, self.unit) {
            (OffsetUnit::Char, OffsetUnit::Utf16) => 2,
            (OffsetUnit::Char, OffsetUnit::Byte) => 4,
            (OffsetUnit::Utf16, OffsetUnit::Byte) => 3,
            _ => 1,
        }
    }

    /// Whether some stretch of text may measure `here` in this unit and `there` in that of `other`.
    #[must_use]
    pub fn may_equal(self, here: i64, other: Self, there: i64) -> bool {
        here <= there.saturating_mul(self.most_per(other)) && there <= here.saturating_mul(other.most_per(self))
    }
}

impl From<Offsets> for OffsetConvention {
    fn from(offsets: Offsets) -> Self {
        match offsets {
            Offsets::Char => Self { unit: OffsetUnit::Char, inclusive: false },
            Offsets::Byte => Self { unit: OffsetUnit::Byte, inclusive: false },
            Offsets::Spark => Self { unit: OffsetUnit::Utf16, inclusive: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spanframe_core::Named;

    #[test]
    fn every_convention_has_a_name() {
        for (name, offsets) in Offsets::named() {
            assert_eq!(OffsetConvention::from(offsets).name(), name);
        }
        assert_eq!(OffsetConvention::all().filter(|c| !c.name().is_empty()).count(), 6);
    }
}
