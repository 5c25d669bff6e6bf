//! How far a column reaches in its texts, and what the other column has beyond: see [`comparison`](crate::comparison).

use std::collections::BTreeMap;

use spanframe_core::word::{goes_on, is_inside_word, is_word_char};
use spanframe_engine::offset_convention::Interval;

use crate::{
    difference::{DifferenceKind, Side},
    report::{Counts, DifferenceReport, Example},
};

/// ln(0.001), the significance level of the truncation test: a column that misses everything beyond a place by a
/// smaller chance is truncated there.
const LN_CHANCE: f64 = -6.907_755;
/// A column is assumed to miss at least one mention in ten.
const LEAST_MISSED: f64 = 0.1;

/// The bytes where the words of a text begin.
pub struct Words<'a> {
    text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Words<'a> {
    pub fn new(text: &'a str) -> Self {
        let mut before = ' ';
        let begins = text.char_indices().filter(|&(_, c)| {
            let begins = is_word_char(c) && !goes_on(before, c);
            before = c;
            begins
        });
        Self { text, begins: begins.map(|(at, _)| at).collect() }
    }

    /// The words that `bytes` cover, by number; the end is exclusive. A begin inside a word counts as that word.
    pub fn covered(&self, bytes: Interval) -> Interval {
        let words_before = |byte: i64| self.begins.partition_point(|&begin| (begin as i64) < byte) as i64;
        let is_inside = is_inside_word(self.text, bytes.begin as usize);
        Interval { begin: words_before(bytes.begin) - i64::from(is_inside), end: words_before(bytes.end) }
    }
}

/// The key of a mention beyond the limit: by position, then by row and order of arrival.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct BeyondKey {
    begin: i64,
    row: u64,
    number: u64,
}

/// How far `side` reaches over all rows, and the mentions of the other side that it lacks.
///
/// ```text
/// this side    x  x x      x |  limit: the furthest end of any mention so far
/// other side   x  x   x    x |   x    x   x
///                     missed     beyond, kept by begin until the limit passes it
/// ```
pub struct Reach {
    side: Side,
    /// The most positions of the other side that one position of this side can stand for.
    factor: i64,
    max_examples: usize,
    /// First position that no mention of this side has reached, in the other side's unit.
    limit: i64,
    /// Mentions of the other side that this side has too.
    pub matched: u64,
    /// Mentions of the other side before the limit that this side lacks.
    pub missed: u64,
    /// Mentions beyond the limit, by their begin.
    beyond: BTreeMap<i64, Counts>,
    /// Rows with such mentions, by the begin of their furthest.
    rows: BTreeMap<i64, u64>,
    /// The furthest mention beyond the limit in the current row.
    furthest: Option<i64>,
    /// Examples of the nearest and of the furthest ones, until it is known what they are.
    near: BTreeMap<BeyondKey, Example>,
    far: BTreeMap<BeyondKey, Example>,
    number: u64,
}

impl Reach {
    pub fn new(side: Side, factor: i64, max_examples: usize) -> Self {
        Self {
            side,
            factor,
            max_examples,
            limit: 0,
            matched: 0,
            missed: 0,
            beyond: BTreeMap::new(),
            rows: BTreeMap::new(),
            furthest: None,
            near: BTreeMap::new(),
            far: BTreeMap::new(),
            number: 0,
        }
    }

    /// Moves the limit to `end`, the furthest end of this side's mentions in a row.
    pub fn extend(&mut self, end: Option<i64>) {
        if let Some(end) = end {
            self.limit = self.limit.max(end.saturating_mul(self.factor));
        }
    }

    /// Adds a mention of the other side that this side lacks. Counts it at once if it begins before the limit.
    pub fn add_lacking(&mut self, begin: i64, example: Example, report: &mut DifferenceReport) {
        if begin < self.limit {
            self.missed += 1;
            report.count(&example);
            report.keep_example(example, self.max_examples);
            return;
        }
        *self.beyond.entry(begin).or_default().entry(example.entity().to_string()).or_default() += 1;
        self.furthest = self.furthest.max(Some(begin));
        self.number += 1;
        let key = BeyondKey { begin, row: example.row, number: self.number };
        self.near.insert(key, example.clone());
        self.far.insert(key, example);
        if self.near.len() > self.max_examples {
            self.near.pop_last();
            self.far.pop_first();
        }
    }

    /// Counts as missed what the limit has passed in this row.
    pub fn end_row(&mut self, report: &mut DifferenceReport) {
        if let Some(furthest) = self.furthest.take() {
            *self.rows.entry(furthest).or_default() += 1;
        }
        if self.beyond.first_key_value().is_none_or(|(begin, _)| *begin >= self.limit) {
            return;
        }
        let beyond = self.beyond.split_off(&self.limit);
        let kind = self.lacking();
        for counts in std::mem::replace(&mut self.beyond, beyond).into_values() {
            self.missed += counts.values().sum::<u64>();
            report.count_all(kind, counts);
        }
        self.rows = self.rows.split_off(&self.limit);
    }

    /// The kind of a mention that this side lacks.
    fn lacking(&self) -> DifferenceKind {
        if self.side == Side::B { DifferenceKind::Missing } else { DifferenceKind::Extra }
    }

    /// Counts the mentions beyond the limit, and returns the limit if this side looks cut there.
    pub fn finish(mut self, report: &mut DifferenceReport) -> Option<i64> {
        let is_cut = self.is_cut();
        let kind = if is_cut { DifferenceKind::Truncation } else { self.lacking() };
        for counts in std::mem::take(&mut self.beyond).into_values() {
            report.count_all(kind, counts);
        }
        self.near.append(&mut self.far);
        for (key, mut example) in self.near {
            if is_cut && key.begin >= self.limit {
                example.kind = DifferenceKind::Truncation;
            }
            report.examples.push(example);
        }
        is_cut.then_some(self.limit)
    }

    /// Whether missing all mentions beyond the limit is less likely than one in a thousand.
    ///
    /// A column that misses a share `m` of the mentions misses those of `r` rows with the probability `m^r`.
    fn is_cut(&self) -> bool {
        let known = (self.matched + self.missed).max(1) as f64;
        let missed = (self.missed as f64 / known).max(LEAST_MISSED);
        let rows = self.rows.values().sum::<u64>() as f64;
        self.matched > 0 && rows * missed.ln() <= LN_CHANCE
    }
}
