//! How two lists of entities of one text differ: the rules for one row, without columns or files.
//!
//! The rules apply in this order, and each mention is used once:
//!
//! 1. Same span and type: equal, no difference. [`DifferenceKind::Attribute`] if an attribute that both sides know
//!    differs.
//! 2. [`DifferenceKind::OffsetUnit`]: same type, and same span once one column is read in another unit (code points,
//!    UTF-16 units, bytes; end exclusive or inclusive). With the text the rule is exact: the mention's own chunk must
//!    contradict the declared unit and fit the other one. A mention without chunk may differ in its unit, not in its
//!    end. Without the text, chunks and types must be equal and in the same order, and all distances of the row must be
//!    possible in that unit.
//! 3. [`DifferenceKind::Label`]: same span, another type.
//! 4. [`DifferenceKind::Boundary`]: same type, overlapping spans; the largest overlap first.
//! 5. [`DifferenceKind::Missing`] or [`DifferenceKind::Extra`] otherwise. [`comparison`](crate::comparison) turns some
//!    of them into [`DifferenceKind::Truncation`], which needs the whole column.

use std::fmt;

use serde::Serialize;
use spanframe_engine::{
    Attribute, Attributes, Mention, Offsets,
    offset_convention::{Interval, OffsetConvention},
    ruler::Ruler,
};
use strum::{IntoStaticStr, VariantArray};

use crate::pairing::Pairing;

/// How a mention of B differs from the reference A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DifferenceKind {
    /// Only A has it.
    Missing,
    /// Only B has it.
    Extra,
    /// Same span, another type.
    Label,
    /// Same type, overlapping spans.
    Boundary,
    /// Same span and type, another attribute, of those that both know.
    Attribute,
    /// Same mention, with positions in another unit or with another end.
    OffsetUnit,
    /// Missing (or extra) beyond the place where B (or A) stops in every text: see [`comparison`](crate::comparison).
    Truncation,
}

/// One of the two columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The reference.
    A,
    /// The column that is compared with it.
    B,
}

impl Side {
    /// The other column.
    #[must_use]
    pub fn other(self) -> Self {
        if self == Self::A { Self::B } else { Self::A }
    }
}

/// Explains an offset difference: the positions are equal if `side` is read in `convention`. Shown as `B as spark`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The column that has to be read in another convention.
    pub side: Side,
    /// That convention.
    pub convention: OffsetConvention,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} as {}", self.side, self.convention.name())
    }
}

/// One difference; mentions are indices into the two lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its kind.
    pub kind: DifferenceKind,
    /// The mention of A, unless extra.
    pub a: Option<usize>,
    /// The mention of B, unless missing.
    pub b: Option<usize>,
    /// For an offset unit: what explains it.
    pub explanation: Option<Explanation>,
    /// For an attribute: those that A's mention has and those that B's has, of those that both know.
    pub attributes: Option<[Attributes; 2]>,
}

/// The mentions of one column in a row, and the unit declared for their positions.
#[derive(Clone, Copy)]
pub struct Mentions<'a> {
    /// In any order.
    pub list: &'a [Mention<'a>],
    /// Declared unit and end.
    pub offsets: Offsets,
}

impl Mentions<'_> {
    /// Where each mention is: in bytes of `text` (`None` where its positions are not in the text), or without a text in
    /// positions as they stand, half-open.
    #[must_use]
    pub fn intervals(&self, text: Option<&Ruler<'_>>) -> Vec<Option<Interval>> {
        let convention = OffsetConvention::from(self.offsets);
        let interval = |mention| match text {
            Some(ruler) => ruler.bytes(mention, convention).map(Interval::from),
            None => Some(convention.half_open(mention)),
        };
        self.list.iter().map(interval).collect()
    }
}

/// The attributes of `a` and of `b`, of those that both know, if they are not the same.
pub(crate) fn attribute_difference(a: &Mention<'_>, b: &Mention<'_>) -> Option<[Attributes; 2]> {
    let is_known = |&attribute: &Attribute| a.attribute(attribute).is_some() && b.attribute(attribute).is_some();
    let of = |mention: &Mention<'_>| -> Attributes {
        let has = |attribute: &Attribute| mention.attribute(*attribute) == Some(true);
        Attribute::ALL.into_iter().filter(is_known).filter(has).collect()
    };
    let both = [of(a), of(b)];
    (both[0] != both[1]).then_some(both)
}

/// All differences of one row, kind after kind and by position; mentions in none of them are equal.
///
/// With `text` positions are converted exactly. Without it spans are equal if their positions are, ends made exclusive;
/// a shift that different units explain is then an offset unit.
#[must_use]
pub fn differences(a: Mentions<'_>, b: Mentions<'_>, text: Option<&Ruler<'_>>) -> Vec<Difference> {
    let mut pairing = Pairing::new(a, b, text);
    pairing.pair_equal();
    match text {
        Some(ruler) => {
            pairing.pair_misread(ruler, Side::B);
            pairing.pair_misread(ruler, Side::A);
        }
        None => pairing.pair_shifted(),
    }
    pairing.pair_labels();
    pairing.pair_boundaries();
    pairing.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use spanframe_core::{Named, Span};
    use spanframe_engine::positions::positions;

    fn mention<'a>(begin: i64, end: i64, entity: &'a str, chunk: &'a str) -> Mention<'a> {
        let chunk = Some(chunk).filter(|chunk| !chunk.is_empty()).map(Into::into);
        Mention { begin, end, entity: entity.into(), chunk, ..Mention::default() }
    }

    /// `TYPE begin..end chunk` mentions with commas; the chunk may be left out.
    fn parse(list: &str) -> Vec<Mention<'_>> {
        fn one(part: &str) -> Option<Mention<'_>> {
            let mut words = part.trim().splitn(3, ' ');
            let (entity, span, chunk) = (words.next()?, words.next()?, words.next().unwrap_or(""));
            let (begin, end) = span.split_once("..")?;
            Some(mention(begin.parse().ok()?, end.parse().ok()?, entity, chunk))
        }
        list.split(',').filter_map(one).collect()
    }

    fn check_in(text: Option<&str>, offsets: [Offsets; 2], a: &str, b: &str, expect: &[&str]) {
        let (a, b) = (parse(a), parse(b));
        let ruler = text.map(Ruler::new);
        let [of_a, of_b] = offsets;
        let (a, b) = (Mentions { list: &a, offsets: of_a }, Mentions { list: &b, offsets: of_b });
        let shown = |d: &Difference| {
            let reading = d.explanation.map(|e| format!(" {e}")).unwrap_or_default();
            format!("{} {:?} {:?}{reading}", d.kind.name(), d.a, d.b).replace("Some", "").replace("None", "-")
        };
        let found: Vec<String> = differences(a, b, ruler.as_ref()).iter().map(shown).collect();
        assert_eq!(found, expect);
    }

    fn check(a: &str, b: &str, expect: &[&str]) {
        check_in(None, [Offsets::Char; 2], a, b, expect);
    }

    #[test]
    fn each_kind_of_difference() {
        check("D 0..3", "D 0..3", &[]);
        check("D 0..3, S 0..3", "S 0..3, D 0..3", &[]);
        check("D 0..3", "", &["missing (0) -"]);
        check("", "D 0..3", &["extra - (0)"]);
        check("D 0..3", "S 0..3", &["label (0) (0)"]);
        check("D 0..3", "D 1..5", &["boundary (0) (0)"]);
        check("D 0..3", "S 1..5", &["missing (0) -", "extra - (0)"]);
        check("D 0..3", "D 3..5", &["missing (0) -", "extra - (0)"]);
    }

    #[test]
    fn attributes_that_both_know_are_compared() {
        let with = |attributes| [Mention { attributes, ..mention(0, 3, "D", "") }];
        let check = |a: [Option<bool>; 5], b: [Option<bool>; 5], expect: bool| {
            let (a, b) = (with(a), with(b));
            let of = |list| Mentions { list, offsets: Offsets::Char };
            let found: Vec<DifferenceKind> = differences(of(&a), of(&b), None).iter().map(|d| d.kind).collect();
            assert_eq!(found, [DifferenceKind::Attribute][..usize::from(expect)]);
        };
        let (yes, no) = (Some(true), Some(false));
        check([yes, None, None, None, no], [yes, None, None, None, no], false);
        check([yes, None, None, None, no], [no, None, None, None, no], true);
        check([yes, None, None, None, no], [None, yes, None, None, no], false);
        check([yes, None, None, None, no], [None; 5], false);
        check([yes, None, None, None, no], [yes, None, None, None, yes], true);
    }

    #[test]
    fn each_mention_is_used_once() {
        check("D 0..3", "D 0..3, D 0..3", &["extra - (1)"]);
        check("D 0..9, D 10..12", "D 5..12", &["boundary (0) (0)", "missing (1) -"]);
        check("D 0..9", "D 0..2, D 3..9", &["boundary (0) (1)", "extra - (0)"]);
        check("D 0..3, S 0..3", "M 0..3", &["label (0) (0)", "missing (1) -"]);
    }

    #[test]
    fn units_are_converted_with_the_text() {
        let text = Some("👩 dolor torácico y tos");
        check_in(text, [Offsets::Char, Offsets::Spark], "S 2..16, S 19..22", "S 3..16, S 20..22", &[]);
        check_in(text, [Offsets::Byte, Offsets::Char], "S 5..20, S 23..26", "S 2..16, S 19..22", &[]);
        check_in(text, [Offsets::Char, Offsets::Spark], "S 2..7", "S 3..16", &["boundary (0) (0)"]);
    }

    #[test]
    fn another_unit_than_declared_is_named() {
        let (text, same) = (Some("👩 dolor torácico y tos"), [Offsets::Char; 2]);
        let a = "S 2..16 dolor torácico, S 19..22 tos";
        let each = |reading: &str| [format!("offset_unit (0) (0) {reading}"), format!("offset_unit (1) (1) {reading}")];
        let check = |b: &str, reading: &str, without_text: &str| {
            check_in(text, same, a, b, &each(&format!("B as {reading}")).each_ref().map(String::as_str));
            check_in(text, same, b, a, &each(&format!("A as {reading}")).each_ref().map(String::as_str));
            check_in(None, same, a, b, &each(&format!("B as {without_text}")).each_ref().map(String::as_str));
        };
        check("S 3..16 dolor torácico, S 20..22 tos", "spark", "spark");
        check("S 3..17 dolor torácico, S 20..23 tos", "utf16", "utf16");
        check("S 5..20 dolor torácico, S 23..26 tos", "byte", "byte");
        check("S 2..15 dolor torácico, S 19..21 tos", "char with inclusive end", "spark");
        // no chunk: another unit shows, another end is a boundary
        check_in(text, same, "S 2..16", "S 5..20", &["offset_unit (0) (0) B as byte"]);
        check_in(text, same, "S 2..16", "S 2..15", &["boundary (0) (0)"]);
    }

    #[test]
    fn a_chunk_that_agrees_with_its_positions_is_no_offset_unit() {
        let text = Some("é tos tos");
        check_in(text, [Offsets::Char; 2], "S 2..5 tos", "S 6..9 tos", &["missing (0) -", "extra - (0)"]);
        check_in(text, [Offsets::Char; 2], "S 2..5 tos", "S 2..4 to", &["boundary (0) (0)"]);
        // and without the text a shift needs a possible distance, the same order and all equal mentions kept
        check("S 2..5 tos", "S 90..93 tos", &["missing (0) -", "extra - (0)"]);
        check("S 9..12 tos, D 20..23 flu", "S 10..13 tos, D 20..23 flu", &["boundary (0) (0)"]);
        check("S 5..8 tos", "S 4..7 tos", &["offset_unit (0) (0) A as byte"]);
    }

    #[test]
    fn declared_units_explain_shifts_without_the_text() {
        let units = [Offsets::Char, Offsets::Spark];
        check_in(None, units, "S 0..3 tos", "S 0..2 tos", &[]);
        check_in(None, units, "S 9..12 tos", "S 10..12 tos", &["offset_unit (0) (0) B as spark"]);
    }

    proptest! {
        #[test]
        fn a_list_has_no_difference_from_itself_and_a_unit_explains_every_shift(
            text in "[ aéİ日👩\u{301}]{1,40}", cuts in prop::collection::vec((0usize..41, 0usize..41), 0..8),
        ) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let mut spans: Vec<Span> = cuts
                .iter()
                .map(|&(a, b)| (bounds[a % bounds.len()], bounds[b % bounds.len()]))
                .filter(|(a, b)| a != b)
                .map(|(a, b)| Span::new(a.min(b), a.max(b)))
                .collect();
            spans.sort();
            spans.dedup();
            let list = |offsets| -> Vec<Mention<'_>> {
                let places = spans.iter().zip(positions(&text, &spans, offsets));
                places.map(|(s, (begin, end))| mention(begin.into(), end.into(), "S", s.slice(&text))).collect()
            };
            let ruler = Ruler::new(&text);
            let chunks: std::collections::HashSet<&str> = spans.iter().map(|s| s.slice(&text)).collect();
            let distinct = chunks.len() == spans.len();
            // by accident, one mention may have the positions of another one in the other unit
            let accident = |a: &[Mention<'_>], b: &[Mention<'_>], of_b: Offsets| {
                let positions = |m: &Mention<'_>, offsets: Offsets| OffsetConvention::from(offsets).half_open(m);
                let hit = |i, m| (0..b.len()).any(|j| i != j && positions(&b[j], of_b) == m);
                (0..a.len()).any(|i| hit(i, positions(&a[i], Offsets::Char)))
            };
            let a = list(Offsets::Char);
            for (_, unit) in Offsets::named() {
                let b = list(unit);
                let of = |list, offsets| Mentions { list, offsets };
                let explained = |found: Vec<Difference>| found.iter().all(|d| d.kind == DifferenceKind::OffsetUnit);
                prop_assert_eq!(differences(of(&a, Offsets::Char), of(&b, unit), Some(&ruler)), []);
                if distinct && !accident(&a, &b, unit) {
                    prop_assert!(explained(differences(of(&a, Offsets::Char), of(&b, unit), None)));
                }
                // B in another unit than it is said to have; by accident the wrong place may show the same characters
                let shown = |m: &Mention<'_>| ruler.slice(m, Offsets::Char.into()) == m.chunk.as_deref();
                let shown = a.iter().zip(&b).any(|(a, b)| a != b && shown(b));
                if distinct && !shown && !accident(&a, &b, Offsets::Char) {
                    prop_assert!(explained(differences(of(&a, Offsets::Char), of(&b, Offsets::Char), Some(&ruler))));
                }
            }
        }
    }
}
