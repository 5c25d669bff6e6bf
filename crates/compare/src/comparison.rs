//! Compares two columns of entities row by row, in memory that does not grow with the rows.
//!
//! [`difference`](crate::difference) has the rules for one row. This file adds truncation, which only shows over all
//! rows. A column looks cut at M when both hold:
//!
//! - M is the furthest end of any of its mentions over all rows. It is counted in words where there are texts, else in
//!   positions.
//! - The other column has mentions that begin beyond M in so many rows that missing all of them is less likely than one
//!   in a thousand. The column is assumed to miss mentions beyond M as often as before M, and at least one in ten. So
//!   three such rows suffice at best, and a column that misses every second mention needs ten.
//!
//! The mentions beyond M then count as truncation, all others as missing or extra. A later mention of the cut column,
//! in any row, moves M. Truncation is a lower bound where the cut was made after a number of tokens, which are not
//! words. Cuts within sentences are not found.

use std::borrow::Cow;

use spanframe_engine::{
    Mention, Named, Offsets,
    offset_convention::{Interval, OffsetConvention},
    ruler::Ruler,
};

use crate::{
    difference::{Difference, DifferenceKind, Mentions, Side, differences},
    reach::{Reach, Words},
    report::{DifferenceReport, Example, ExampleMention},
};

/// How to compare.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonOptions {
    /// Unit of A's positions.
    pub offsets_a: Offsets,
    /// Unit of B's positions.
    pub offsets_b: Offsets,
    /// Whether rows come with their texts. Rows without a text are then not searched for truncation.
    pub has_texts: bool,
    /// The most examples of each kind.
    pub examples: usize,
    /// Whether examples show the text of mentions.
    pub show_text: bool,
}

/// One row of both columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct ComparedRow<'a> {
    /// Its number, from 0, for examples.
    pub number: u64,
    /// Its id, for examples.
    pub id: Option<&'a str>,
    /// Its text, where known.
    pub text: Option<&'a str>,
    /// The only entity types that count in this row; all of them if `None`.
    pub types: Option<&'a [String]>,
    /// Mentions of A; `None` for a null.
    pub a: Option<&'a [Mention<'a>]>,
    /// Mentions of B; `None` for a null.
    pub b: Option<&'a [Mention<'a>]>,
}

impl<'a> ComparedRow<'a> {
    /// Keeps the mentions of the types that count; a null has none.
    fn counted(&self, list: Option<&'a [Mention<'a>]>) -> Cow<'a, [Mention<'a>]> {
        match (list.unwrap_or_default(), self.types) {
            (list, None) => Cow::Borrowed(list),
            (list, Some(types)) => {
                list.iter().filter(|m| types.iter().any(|name| *name == m.entity)).cloned().collect()
            }
        }
    }
}

/// The mentions of one column that count in a row, and where they are for [`Reach`].
struct Placed<'a> {
    mentions: Mentions<'a>,
    /// In words or positions; `None` for a mention that is not searched for truncation.
    places: Vec<Option<Interval>>,
}

/// A row while its differences are added.
struct OpenRow<'a> {
    row: ComparedRow<'a>,
    ruler: Option<Ruler<'a>>,
    a: Placed<'a>,
    b: Placed<'a>,
}

/// A comparison in progress.
pub struct Comparison {
    options: ComparisonOptions,
    report: DifferenceReport,
    reach_a: Reach,
    reach_b: Reach,
}

impl Comparison {
    /// Starts a comparison without any row.
    #[must_use]
    pub fn new(options: ComparisonOptions) -> Self {
        let (a, b) = (OffsetConvention::from(options.offsets_a), OffsetConvention::from(options.offsets_b));
        // without texts, one position of a unit may stand for several of the other
        let factor =
            |own: OffsetConvention, other: OffsetConvention| if options.has_texts { 1 } else { other.most_per(own) };
        Self {
            options,
            report: DifferenceReport::new(options.has_texts),
            reach_a: Reach::new(Side::A, factor(a, b), options.examples),
            reach_b: Reach::new(Side::B, factor(b, a), options.examples),
        }
    }

    /// Adds a row whose id only one column has.
    pub fn only_in(&mut self, side: Side) {
        match side {
            Side::A => self.report.rows.only_in_a += 1,
            Side::B => self.report.rows.only_in_b += 1,
        }
    }

    /// Adds a row of both columns.
    ///
    /// A null differs from an empty list, unless the text itself is known to be null, because Spark NLP writes no
    /// nulls. Beside a null, all mentions of the other column are missing or extra.
    pub fn row(&mut self, row: ComparedRow<'_>) {
        let (list_a, list_b) = (row.counted(row.a), row.counted(row.b));
        let a = Mentions { list: &list_a, offsets: self.options.offsets_a };
        let b = Mentions { list: &list_b, offsets: self.options.offsets_b };
        let ruler = row.text.map(Ruler::new);
        let found = differences(a, b, ruler.as_ref());
        let (in_a, in_b) = (a.intervals(ruler.as_ref()), b.intervals(ruler.as_ref()));
        self.report.unreadable.a += in_a.iter().filter(|interval| interval.is_none()).count() as u64;
        self.report.unreadable.b += in_b.iter().filter(|interval| interval.is_none()).count() as u64;
        let words = row.text.map(Words::new);
        let placed = |mentions, intervals| Placed { mentions, places: self.places(intervals, words.as_ref()) };
        let open = OpenRow { a: placed(a, in_a), b: placed(b, in_b), ruler, row };
        let matched = self.count(&open, &found);
        for (reach, placed) in [(&mut self.reach_a, &open.a), (&mut self.reach_b, &open.b)] {
            reach.extend(placed.places.iter().flatten().map(|place| place.end).max());
            reach.matched += matched;
        }
        for difference in found {
            self.add(&open, difference);
        }
        self.reach_a.end_row(&mut self.report);
        self.reach_b.end_row(&mut self.report);
    }

    /// Where mentions are for [`Reach`]: in words with a text, as they stand without texts, nowhere in a row without
    /// one.
    fn places(&self, intervals: Vec<Option<Interval>>, words: Option<&Words<'_>>) -> Vec<Option<Interval>> {
        match words {
            Some(words) => intervals.into_iter().map(|interval| Some(words.covered(interval?))).collect(),
            None if self.options.has_texts => vec![None; intervals.len()],
            None => intervals,
        }
    }

    /// Counts the row and its mentions; returns the number of mentions that both columns have, equal or not.
    fn count(&mut self, open: &OpenRow<'_>, found: &[Difference]) -> u64 {
        let OpenRow { row, a, b, .. } = open;
        // mentions with another attribute have the same span and type
        let is_pair = |d: &&Difference| d.a.is_some() && d.b.is_some() && d.kind != DifferenceKind::Attribute;
        let pairs = found.iter().filter(is_pair).count();
        let missing = found.iter().filter(|d| d.kind == DifferenceKind::Missing).count();
        let equal = (a.mentions.list.len() - pairs - missing) as u64;
        let null_text = self.options.has_texts && row.text.is_none();
        let rows = &mut self.report.rows;
        rows.compared += 1;
        rows.null_only_in_a += u64::from(row.a.is_none() && row.b.is_some());
        rows.null_only_in_b += u64::from(row.b.is_none() && row.a.is_some());
        rows.equal += u64::from(found.is_empty() && (null_text || row.a.is_some() == row.b.is_some()));
        let mentions = &mut self.report.mentions;
        mentions.a += a.mentions.list.len() as u64;
        mentions.b += b.mentions.list.len() as u64;
        mentions.equal += equal;
        equal + pairs as u64
    }

    fn add(&mut self, open: &OpenRow<'_>, difference: Difference) {
        let example = self.example(open, difference);
        // a null is not a cut
        if open.row.a.is_some() && open.row.b.is_some() {
            let lacking = match (difference.a, difference.b) {
                (Some(i), None) => Some((&mut self.reach_b, open.a.places[i])),
                (None, Some(i)) => Some((&mut self.reach_a, open.b.places[i])),
                _ => None,
            };
            match lacking {
                Some((reach, Some(place))) => return reach.add_lacking(place.begin, example, &mut self.report),
                Some((reach, None)) => reach.missed += 1,
                None => {}
            }
        }
        self.report.count(&example);
        self.report.keep_example(example, self.options.examples);
    }

    fn example(&self, open: &OpenRow<'_>, difference: Difference) -> Example {
        let mention = |side: usize, mentions: Mentions<'_>, index: usize| {
            let Mention { entity, begin, end, chunk, .. } = &mentions.list[index];
            let in_text = || {
                let ruler = open.ruler.as_ref()?;
                ruler.slice(&mentions.list[index], mentions.offsets.into()).map(String::from)
            };
            let text = if self.options.show_text { chunk.as_deref().map(String::from).or_else(in_text) } else { None };
            let attributes = difference.attributes.map(|of| of[side].iter().map(Named::name).collect());
            ExampleMention { entity: entity.to_string(), begin: *begin, end: *end, text, attributes }
        };
        Example {
            kind: difference.kind,
            row: open.row.number,
            id: open.row.id.map(String::from),
            a: difference.a.map(|i| mention(0, open.a.mentions, i)),
            b: difference.b.map(|i| mention(1, open.b.mentions, i)),
            reading: difference.explanation.map(|explanation| explanation.to_string()),
        }
    }

    /// Decides which mentions are truncation, and returns what was found.
    #[must_use]
    pub fn finish(self) -> DifferenceReport {
        let mut report = self.report;
        report.cut.a = self.reach_a.finish(&mut report);
        report.cut.b = self.reach_b.finish(&mut report);
        report.finish(self.options.examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words at which each column has a mention, of one word and of one type.
    #[derive(Clone, Copy)]
    struct At {
        a: &'static [i64],
        b: &'static [i64],
    }

    /// The words where columns look cut.
    struct Cuts {
        a: Option<i64>,
        b: Option<i64>,
    }

    const LONG: At = At { a: &[1, 5, 9, 50, 60], b: &[1, 5, 9] };
    const NO_CUT: Cuts = Cuts { a: None, b: None };

    /// Mentions at the words given. Every word has four characters and a space after it.
    fn mentions(words: &[i64]) -> Vec<Mention<'static>> {
        let mention =
            |&word: &i64| Mention { begin: 5 * word, end: 5 * word + 4, entity: "D".into(), ..Mention::default() };
        words.iter().map(mention).collect()
    }

    fn options(has_texts: bool) -> ComparisonOptions {
        let (offsets_a, offsets_b) = (Offsets::Char, Offsets::Char);
        ComparisonOptions { offsets_a, offsets_b, has_texts, examples: 2, show_text: false }
    }

    fn compared(has_texts: bool, rows: &[At]) -> DifferenceReport {
        let mut comparison = Comparison::new(options(has_texts));
        let text = "word ".repeat(200);
        for (number, at) in (0..).zip(rows) {
            let (a, b) = (mentions(at.a), mentions(at.b));
            let text = has_texts.then_some(text.as_str());
            comparison.row(ComparedRow { number, text, a: Some(&a), b: Some(&b), ..ComparedRow::default() });
        }
        comparison.finish()
    }

    /// Checks the counts of missing, extra and truncation, and where the columns look cut.
    fn check(rows: &[At], counts: [u64; 3], cuts: Cuts) {
        let kinds = [DifferenceKind::Missing, DifferenceKind::Extra, DifferenceKind::Truncation];
        for has_texts in [true, false] {
            let report = compared(has_texts, rows);
            assert_eq!(kinds.map(|kind| report.count_of(kind)), counts, "{report:?}");
            // a word and its space are five characters, and the last word ends before its space
            let positions = |words: Option<i64>| words.map(|w| if has_texts { w } else { 5 * w - 1 });
            assert_eq!((report.cut.a, report.cut.b), (positions(cuts.a), positions(cuts.b)));
            for kind in kinds {
                let examples = report.examples.iter().filter(|e| e.kind == kind).count() as u64;
                assert_eq!(examples, report.count_of(kind).min(2), "{report:?}");
            }
        }
    }

    #[test]
    fn truncation_needs_rows_enough_and_nothing_later() {
        check(&[LONG; 2], [4, 0, 0], NO_CUT);
        check(&[LONG; 3], [0, 0, 6], Cuts { b: Some(10), ..NO_CUT });
        let turned = At { a: LONG.b, b: LONG.a };
        check(&[turned; 3], [0, 0, 6], Cuts { a: Some(10), ..NO_CUT });
        // one later mention anywhere, and nothing before it is a cut
        let later = At { a: &[55], b: &[55] };
        check(&[LONG, LONG, LONG, later], [6, 0, 0], NO_CUT);
        check(&[LONG, LONG, later, LONG, LONG, LONG, LONG], [6, 0, 6], Cuts { b: Some(56), ..NO_CUT });
        let last = At { a: &[70], b: &[70] };
        check(&[LONG, LONG, LONG, LONG, LONG, LONG, last], [12, 0, 0], NO_CUT);
    }

    #[test]
    fn a_column_that_misses_much_must_miss_in_more_rows() {
        let half = At { a: &[1, 2, 50], b: &[2] };
        check(&[half; 9], [18, 0, 0], NO_CUT);
        check(&[half; 10], [10, 0, 10], Cuts { b: Some(3), ..NO_CUT });
    }

    #[test]
    fn nothing_in_common_is_no_cut() {
        check(&[At { a: &[50], b: &[] }; 40], [40, 0, 0], NO_CUT);
        check(&[At { a: &[50], b: &[1] }; 40], [40, 40, 0], NO_CUT);
    }

    #[test]
    fn rows_types_and_agreement_are_counted() {
        let options = ComparisonOptions { examples: 9, ..options(false) };
        let mut comparison = Comparison::new(options);
        let (one, two, types) = (mentions(&[1]), mentions(&[1, 2]), ["S".to_string()]);
        let row = ComparedRow { a: Some(&one), b: Some(&two), id: Some("x"), ..ComparedRow::default() };
        comparison.row(row);
        comparison.row(ComparedRow { types: Some(&types), ..row });
        comparison.row(ComparedRow { a: None, ..row });
        comparison.row(ComparedRow { b: None, ..row });
        comparison.row(ComparedRow { a: None, b: None, ..row });
        comparison.row(ComparedRow { a: Some(&[]), b: None, ..row });
        comparison.only_in(Side::A);
        comparison.only_in(Side::B);
        // a null beside a null text is no difference
        let mut with_texts = Comparison::new(ComparisonOptions { has_texts: true, ..options });
        with_texts.row(ComparedRow { a: Some(&[]), b: None, ..row });
        with_texts.row(ComparedRow { a: Some(&[]), b: None, text: Some(""), ..row });
        let rows = with_texts.finish().rows;
        assert_eq!((rows.compared, rows.equal, rows.null_only_in_b), (2, 1, 2));
        let report = comparison.finish();
        let rows = report.rows;
        assert_eq!((rows.compared, rows.equal, rows.null_only_in_a, rows.null_only_in_b), (6, 2, 1, 2));
        assert_eq!((rows.only_in_a, rows.only_in_b), (1, 1));
        assert_eq!((report.mentions.a, report.mentions.b, report.mentions.equal), (2, 4, 1));
        assert_eq!(report.agreement.precision, Some(0.25));
        assert_eq!(report.agreement.recall, Some(0.5));
        assert_eq!((report.count_of(DifferenceKind::Missing), report.count_of(DifferenceKind::Extra)), (1, 3));
        assert!(report.examples.iter().all(|e| e.id.as_deref() == Some("x")) && !report.is_equal());
    }
}
