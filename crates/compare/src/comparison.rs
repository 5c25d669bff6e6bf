//! Compares two columns of entities, row by row, in memory that does not grow with the rows.
//!
//! [`difference`](crate::difference) has the rules for one row. What this adds is truncation, which only shows over all
//! rows. A column looks cut at M when
//!
//! - M is the furthest end of any of its mentions over all rows, counted in words where there are texts (else in
//!   positions), and
//! - the other column has mentions that begin beyond M in so many rows that, if the first one were not cut and missed
//!   mentions there as often as it does before M (at least one in ten is assumed), finding none of them would have a
//!   chance below one in a thousand. That is three such rows at least, and ten where it misses every second mention
//!   anyway.
//!
//! The mentions beyond M are then truncation; all others are missing or extra. So nothing is called truncation if the
//! other side has a later mention, in that row or any other, and the count is a lower bound where the cut is made after a
//! number of pieces, which are not words. Cuts within sentences are not seen.

use std::borrow::Cow;

use spanframe_engine::{
    Mention, Offsets,
    reading::{Reading, Ruler},
};

use crate::{
    difference::{Difference, Kind, Mentions, Side, differences},
    reach::{Reach, Words},
    report::{Example, Place, Report},
};

/// How to compare.
#[derive(Clone, Copy, Debug)]
pub struct ComparisonOptions {
    /// Unit of A's positions.
    pub offsets_a: Offsets,
    /// Unit of B's positions.
    pub offsets_b: Offsets,
    /// Whether rows come with their texts; those that do not are then not searched for truncation.
    pub texts: bool,
    /// Most examples to keep of each kind.
    pub examples: usize,
    /// Whether examples show the mentions' text.
    pub show_text: bool,
}

/// One row of both columns.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// Its number, from 0, for examples.
    pub number: u64,
    /// Its id, for examples.
    pub id: Option<&'a str>,
    /// Its text, if it is known.
    pub text: Option<&'a str>,
    /// The only entity types that count in this row; all where `None`.
    pub types: Option<&'a [String]>,
    /// Mentions of A; `None` for a null.
    pub a: Option<&'a [Mention<'a>]>,
    /// Mentions of B; `None` for a null.
    pub b: Option<&'a [Mention<'a>]>,
}

/// A comparison in progress.
pub struct Comparison {
    options: ComparisonOptions,
    report: Report,
    /// How far A reaches, and what B has beyond; and the other way round.
    reach: [Reach; 2],
}

impl Comparison {
    /// Nothing compared yet.
    #[must_use]
    pub fn new(options: ComparisonOptions) -> Self {
        let (a, b) = (Reading::from(options.offsets_a), Reading::from(options.offsets_b));
        // without texts a position of one unit may stand for several of the other
        let factor = |own: Reading, other: Reading| if options.texts { 1 } else { other.most_per(own) };
        let reach = [(Side::A, factor(a, b)), (Side::B, factor(b, a))];
        let reach = reach.map(|(side, factor)| Reach::new(side, factor, options.examples));
        Self { options, report: Report::new(options.texts), reach }
    }

    /// Adds a row that one column alone has.
    pub fn only_in(&mut self, side: Side) {
        match side {
            Side::A => self.report.rows.only_in_a += 1,
            Side::B => self.report.rows.only_in_b += 1,
        }
    }

    /// Adds a row that both columns have.
    ///
    /// A null differs from an empty list, unless the text itself is known to be null: Spark NLP has no nulls. Beside a
    /// null, all mentions of the other side are missing or extra.
    pub fn row(&mut self, row: Row<'_>) {
        let lists = [row.a, row.b].map(|list| match (list.unwrap_or_default(), row.types) {
            (list, None) => Cow::Borrowed(list),
            (list, Some(types)) => {
                Cow::Owned(list.iter().filter(|m| types.iter().any(|name| *name == m.entity)).cloned().collect())
            }
        });
        let ruler = row.text.map(Ruler::new);
        let [a, b] = [(&lists[0], self.options.offsets_a), (&lists[1], self.options.offsets_b)];
        let [a, b] = [a, b].map(|(list, offsets)| Mentions { list, offsets });
        let found = differences(a, b, ruler.as_ref());
        let pairs = found.iter().filter(|d| d.a.is_some() && d.b.is_some()).count();
        let missing = found.iter().filter(|d| d.kind == Kind::Missing).count();
        let equal = lists[0].len() - pairs - missing;
        let rows = &mut self.report.rows;
        rows.compared += 1;
        rows.null_only_in_a += u64::from(row.a.is_none() && row.b.is_some());
        rows.null_only_in_b += u64::from(row.b.is_none() && row.a.is_some());
        let no_text = self.options.texts && row.text.is_none();
        rows.equal += u64::from(found.is_empty() && (no_text || row.a.is_some() == row.b.is_some()));
        let mentions = &mut self.report.mentions;
        mentions.a += lists[0].len() as u64;
        mentions.b += lists[1].len() as u64;
        mentions.equal += equal as u64;
        let ends = |m: &Mentions<'_>| -> Vec<Option<(i64, i64)>> {
            let reading = Reading::from(m.offsets);
            let span = |mention| ruler.as_ref().map_or(Some(reading.half_open(mention)), |r| r.span(mention, reading));
            m.list.iter().map(span).collect()
        };
        let mut ends = [ends(&a), ends(&b)];
        self.report.unreadable.a += ends[0].iter().filter(|e| e.is_none()).count() as u64;
        self.report.unreadable.b += ends[1].iter().filter(|e| e.is_none()).count() as u64;
        match row.text {
            Some(text) => {
                let words = Words::new(text);
                ends = ends.map(|list| list.into_iter().map(|span| Some(words.count(span?))).collect());
            }
            None if self.options.texts => ends = ends.map(|list| vec![None; list.len()]),
            None => {}
        }
        for (reach, list) in self.reach.iter_mut().zip(&ends) {
            reach.extend(list.iter().flatten().map(|&(_, end)| end).max());
            reach.matched += (equal + pairs) as u64;
        }
        for difference in found {
            self.add(&row, &lists, &ends, difference);
        }
        self.reach.iter_mut().for_each(|reach| reach.end_row(&mut self.report));
    }

    fn add(
        &mut self, row: &Row<'_>, lists: &[Cow<'_, [Mention<'_>]>; 2], ends: &[Vec<Option<(i64, i64)>>; 2],
        d: Difference,
    ) {
        let options = self.options;
        let place = |mention: &Mention<'_>, offsets: Offsets| {
            let text = || {
                let slice = |text| Ruler::new(text).slice(mention, offsets.into()).map(String::from);
                mention.chunk.as_deref().map(String::from).or_else(|| row.text.and_then(slice))
            };
            let text = if options.show_text { text() } else { None };
            Place { entity: mention.entity.to_string(), begin: mention.begin, end: mention.end, text }
        };
        let a = d.a.map(|i| place(&lists[0][i], options.offsets_a));
        let b = d.b.map(|i| place(&lists[1][i], options.offsets_b));
        let reading = d.reading.map(|(side, reading)| format!("{side:?} as {}", reading.name()));
        let example = Example { kind: d.kind, row: row.number, id: row.id.map(String::from), a, b, reading };
        // a null is not a cut
        let alone = match (d.a, d.b) {
            (Some(i), None) if row.b.is_some() => ends[0][i].map(|(begin, _)| (1, begin)),
            (None, Some(i)) if row.a.is_some() => ends[1][i].map(|(begin, _)| (0, begin)),
            _ => None,
        };
        match alone {
            Some((cut, begin)) => self.reach[cut].candidate(begin, example, &mut self.report),
            None => {
                if matches!(d.kind, Kind::Missing | Kind::Extra) {
                    self.reach[usize::from(d.kind == Kind::Missing)].missed +=
                        u64::from(row.a.is_some() && row.b.is_some());
                }
                self.report.count(&example);
                self.report.example(example, options.examples);
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn finish(self) -> Report {
        let mut report = self.report;
        let [a, b] = self.reach;
        report.cut.a = a.finish(&mut report);
        report.cut.b = b.finish(&mut report);
        report.finish(self.options.examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Mentions of one type, one word each, at the words given; every word has four characters and a space.
    fn at(words: &[i64]) -> Vec<Mention<'static>> {
        let mention =
            |&word: &i64| Mention { begin: 5 * word, end: 5 * word + 4, entity: "D".into(), ..Mention::default() };
        words.iter().map(mention).collect()
    }

    fn compared(texts: bool, rows: &[(&[i64], &[i64])]) -> Report {
        let (offsets_a, offsets_b) = (Offsets::Char, Offsets::Char);
        let mut comparison =
            Comparison::new(ComparisonOptions { offsets_a, offsets_b, texts, examples: 2, show_text: false });
        let text = "word ".repeat(200);
        for (number, (a, b)) in (0..).zip(rows) {
            let (a, b) = (at(a), at(b));
            let text = texts.then_some(text.as_str());
            comparison.row(Row { number, text, a: Some(&a), b: Some(&b), ..Row::default() });
        }
        comparison.finish()
    }

    /// Counts of missing, extra and truncation, and where A and B look cut.
    fn check(rows: &[(&[i64], &[i64])], counts: [u64; 3], cut: (Option<i64>, Option<i64>)) {
        for texts in [true, false] {
            let report = compared(texts, rows);
            let found = [Kind::Missing, Kind::Extra, Kind::Truncation].map(|kind| report.count_of(kind));
            assert_eq!(found, counts, "{report:?}");
            // a word and the space after it are five characters, and the last word's end is before its space
            let positions = |words: Option<i64>| words.map(|w| if texts { w } else { 5 * w - 1 });
            assert_eq!((report.cut.a, report.cut.b), (positions(cut.0), positions(cut.1)));
            for kind in [Kind::Missing, Kind::Extra, Kind::Truncation] {
                let examples = report.examples.iter().filter(|e| e.kind == kind).count() as u64;
                assert_eq!(examples, report.count_of(kind).min(2), "{report:?}");
            }
        }
    }

    #[test]
    fn truncation_needs_rows_enough_and_nothing_later() {
        let long: (&[i64], &[i64]) = (&[1, 5, 9, 50, 60], &[1, 5, 9]);
        check(&[long; 2], [4, 0, 0], (None, None));
        check(&[long; 3], [0, 0, 6], (None, Some(10)));
        let turned: (&[i64], &[i64]) = (long.1, long.0);
        check(&[turned; 3], [0, 0, 6], (Some(10), None));
        // one later mention anywhere, and nothing before it is a cut
        let later: (&[i64], &[i64]) = (&[55], &[55]);
        check(&[long, long, long, later], [6, 0, 0], (None, None));
        check(&[long, long, later, long, long, long, long], [6, 0, 6], (None, Some(56)));
        let last: (&[i64], &[i64]) = (&[70], &[70]);
        check(&[long, long, long, long, long, long, last], [12, 0, 0], (None, None));
    }

    #[test]
    fn who_misses_much_must_miss_in_more_rows() {
        let half: (&[i64], &[i64]) = (&[1, 2, 50], &[2]);
        check(&[half; 9], [18, 0, 0], (None, None));
        check(&[half; 10], [10, 0, 10], (None, Some(3)));
    }

    #[test]
    fn nothing_in_common_is_no_cut() {
        let nothing: (&[i64], &[i64]) = (&[50], &[]);
        let other: (&[i64], &[i64]) = (&[50], &[1]);
        check(&[nothing; 40], [40, 0, 0], (None, None));
        check(&[other; 40], [40, 40, 0], (None, None));
    }

    #[test]
    fn rows_types_and_agreement_are_counted() {
        let options = ComparisonOptions {
            offsets_a: Offsets::Char,
            offsets_b: Offsets::Char,
            texts: false,
            examples: 9,
            show_text: false,
        };
        let mut comparison = Comparison::new(options);
        let (one, two, types) = (at(&[1]), at(&[1, 2]), ["S".to_string()]);
        let row = Row { a: Some(&one), b: Some(&two), id: Some("x"), ..Row::default() };
        comparison.row(row);
        comparison.row(Row { types: Some(&types), ..row });
        comparison.row(Row { a: None, ..row });
        comparison.row(Row { b: None, ..row });
        comparison.row(Row { a: None, b: None, ..row });
        comparison.row(Row { a: Some(&[]), b: None, ..row });
        comparison.only_in(Side::A);
        comparison.only_in(Side::B);
        // a null that is beside a null text is no difference
        let mut with_texts = Comparison::new(ComparisonOptions { texts: true, ..options });
        with_texts.row(Row { a: Some(&[]), b: None, ..row });
        with_texts.row(Row { a: Some(&[]), b: None, text: Some(""), ..row });
        let rows = with_texts.finish().rows;
        assert_eq!((rows.compared, rows.equal, rows.null_only_in_b), (2, 1, 2));
        let report = comparison.finish();
        let rows = report.rows;
        assert_eq!((rows.compared, rows.equal, rows.null_only_in_a, rows.null_only_in_b), (6, 2, 1, 2));
        assert_eq!((rows.only_in_a, rows.only_in_b), (1, 1));
        assert_eq!((report.mentions.a, report.mentions.b, report.mentions.equal), (2, 4, 1));
        assert_eq!(report.agreement.precision, Some(0.25));
        assert_eq!(report.agreement.recall, Some(0.5));
        assert_eq!((report.count_of(Kind::Missing), report.count_of(Kind::Extra)), (1, 3));
        assert!(report.examples.iter().all(|e| e.id.as_deref() == Some("x")) && !report.is_equal());
    }
}
