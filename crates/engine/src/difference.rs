//! How two lists of entities of one text differ. Pure: no columns, no files.
//!
//! The rules, in order; each mention is used once:
//!
//! 1. Same span and type: equal, no difference.
//! 2. [`Kind::OffsetUnit`]: same type, and same span once the positions of one side are read in another unit (code
//!    points, UTF-16 units, bytes; end exclusive or inclusive). With the text this is exact: the mention's own chunk
//!    must contradict the declared unit and fit the other; a mention without chunk may differ in what is counted but
//!    not in its end. Without the text, chunks and types must be equal, in the same order, and all distances of the row
//!    must be possible in that unit.
//! 3. [`Kind::Label`]: same span, another type.
//! 4. [`Kind::Boundary`]: same type, overlapping spans; the largest overlap first.
//! 5. [`Kind::Missing`] or [`Kind::Extra`] otherwise. [`comparison`](crate::comparison) makes some of them
//!    [`Kind::Truncation`], which needs the whole column.

use serde::Serialize;

use crate::{
    Offsets,
    entity_column::Mention,
    matching::{Item, Matching},
    reading::{Reading, Ruler},
};

/// What kind of difference. A is the reference, B is compared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A has it, B has not.
    Missing,
    /// B has it, A has not.
    Extra,
    /// Same span, another type.
    Label,
    /// Same type, overlapping spans.
    Boundary,
    /// Same mention, with positions in another unit or with another end.
    OffsetUnit,
    /// Missing (or extra) beyond the place where B (or A) stops in every text: see [`comparison`](crate::comparison).
    Truncation,
}

impl Kind {
    /// By the names that reports have.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("missing", Self::Missing),
        ("extra", Self::Extra),
        ("label", Self::Label),
        ("boundary", Self::Boundary),
        ("offset_unit", Self::OffsetUnit),
        ("truncation", Self::Truncation),
    ];

    /// The name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.into_iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// One of the two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The reference.
    A,
    /// What is compared with it.
    B,
}

impl Side {
    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        if self == Self::A { Self::B } else { Self::A }
    }
}

/// One difference; the mentions are indices of the lists given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What kind.
    pub kind: Kind,
    /// The mention of A, unless extra.
    pub a: Option<usize>,
    /// The mention of B, unless missing.
    pub b: Option<usize>,
    /// For an offset unit: whose positions make sense when read how.
    pub reading: Option<(Side, Reading)>,
}

/// The mentions of one side, and the unit that they are said to have.
#[derive(Clone, Copy)]
pub struct Mentions<'a> {
    /// In any order.
    pub list: &'a [Mention],
    /// Unit and end of their positions.
    pub offsets: Offsets,
}

/// All differences of one text, in order of position of kind after kind; what is not among them is equal.
///
/// With `text` all positions are converted exactly. Without it spans are equal if their numbers are, ends made
/// exclusive: where the units differ, a shift that they explain is an offset unit.
#[must_use]
pub fn differences(a: Mentions<'_>, b: Mentions<'_>, text: Option<&Ruler<'_>>) -> Vec<Difference> {
    let mut matching = Matching::new(a, b, text);
    matching.equal();
    match text {
        Some(ruler) => {
            matching.misread(ruler, Side::B);
            matching.misread(ruler, Side::A);
        }
        None => matching.shifted(),
    }
    matching.label();
    matching.boundary();
    let Matching { a, b, mut found, .. } = matching;
    let left = |spans: &[Item<'_>]| (0..spans.len()).filter(|&i| !spans[i].used).collect::<Vec<_>>();
    let alone = |kind, a, b| Difference { kind, a, b, reading: None };
    found.extend(left(&a).into_iter().map(|i| alone(Kind::Missing, Some(i), None)));
    found.extend(left(&b).into_iter().map(|i| alone(Kind::Extra, None, Some(i))));
    found
}
