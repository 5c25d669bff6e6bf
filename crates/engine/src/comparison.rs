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

use crate::{
    Offsets,
    difference::{Difference, Kind, Mentions, Side, differences},
    entity_column::Mention,
    reach::{Reach, Words},
    reading::{Reading, Ruler},
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
    pub a: Option<&'a [Mention]>,
    /// Mentions of B; `None` for a null.
    pub b: Option<&'a [Mention]>,
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
    /// A null differs from an empty list; beside a null, all mentions of the other side are missing or extra.
    pub fn row(&mut self, row: Row<'_>) {
        let lists = [row.a, row.b].map(|list| match (list.unwrap_or_default(), row.types) {
            (list, None) => Cow::Borrowed(list),
            (list, Some(types)) => Cow::Owned(list.iter().filter(|m| types.contains(&m.entity)).cloned().collect()),
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
        rows.equal += u64::from(found.is_empty() && row.a.is_some() == row.b.is_some());
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
        &mut self, row: &Row<'_>, lists: &[Cow<'_, [Mention]>; 2], ends: &[Vec<Option<(i64, i64)>>; 2], d: Difference,
    ) {
        let options = self.options;
        let place = |mention: &Mention, offsets: Offsets| {
            let text = || {
                let slice = |text| Ruler::new(text).slice(mention, offsets.into()).map(String::from);
                mention.chunk.clone().or_else(|| row.text.and_then(slice))
            };
            let text = if options.show_text { text() } else { None };
            Place { entity: mention.entity.clone(), begin: mention.begin, end: mention.end, text }
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
