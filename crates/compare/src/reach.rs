//! How far a column reaches in its texts, and what the other one has beyond: see [`comparison`](crate::comparison).

use std::collections::BTreeMap;

use spanframe_core::word::{goes_on, is_inside_word, is_word_char};

use crate::{
    difference::{Kind, Side},
    report::{Counts, Example, Report},
};

/// Natural logarithm of the chance at which the far end of a column is no accident any more.
const CHANCE: f64 = -6.907_755; // one in a thousand
/// The best that is believed of a column: it misses one mention in ten.
const LEAST_MISSED: f64 = 0.1;

/// The bytes where words of a text begin.
pub struct Words<'a> {
    text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Words<'a> {
    /// The words of `text`.
    pub fn new(text: &'a str) -> Self {
        let mut before = ' ';
        let begins = text.char_indices().filter(|&(_, c)| {
            let begins = is_word_char(c) && !goes_on(before, c);
            before = c;
            begins
        });
        Self { text, begins: begins.map(|(at, _)| at).collect() }
    }

    /// Words that begin before the span's begin and before its end; a word cut by its begin counts as after.
    pub fn count(&self, (begin, end): (i64, i64)) -> (i64, i64) {
        let before = |byte: usize| self.begins.partition_point(|&b| b < byte) as i64;
        let (begin, end) = (begin as usize, end as usize);
        (before(begin) - i64::from(is_inside_word(self.text, begin)), before(end))
    }
}

/// How far `side` reaches, and the mentions of the other side that it has not.
pub struct Reach {
    side: Side,
    /// Most positions of the other side that one of this side stands for.
    factor: i64,
    most: usize,
    /// First position that no mention of this side has reached, in the other side's unit.
    limit: i64,
    /// Mentions of the other side with a counterpart on this one.
    pub matched: u64,
    /// And without, before the limit.
    pub missed: u64,
    /// Mentions beyond the limit, by their begin.
    beyond: BTreeMap<i64, Counts>,
    /// Furthest such mention of each row.
    rows: BTreeMap<i64, u64>,
    furthest: Option<i64>,
    /// The nearest and the furthest ones, as examples of what they turn out to be.
    near: BTreeMap<(i64, u64, u64), Example>,
    far: BTreeMap<(i64, u64, u64), Example>,
    number: u64,
}

impl Reach {
    /// Nothing reached yet.
    pub fn new(side: Side, factor: i64, examples: usize) -> Self {
        Self {
            side,
            factor,
            most: examples,
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

    /// A mention of this side ends at `end`.
    pub fn extend(&mut self, end: Option<i64>) {
        if let Some(end) = end {
            self.limit = self.limit.max(end.saturating_mul(self.factor));
        }
    }

    /// A mention of the other side that this one has not.
    pub fn candidate(&mut self, begin: i64, example: Example, report: &mut Report) {
        if begin < self.limit {
            self.missed += 1;
            report.count(&example);
            report.example(example, self.most);
            return;
        }
        *self.beyond.entry(begin).or_default().entry(example.entity().to_string()).or_default() += 1;
        self.furthest = self.furthest.max(Some(begin));
        self.number += 1;
        let key = (begin, example.row, self.number);
        self.near.insert(key, example.clone());
        self.far.insert(key, example);
        if self.near.len() > self.most {
            self.near.pop_last();
            self.far.pop_first();
        }
    }

    /// Forgets what lies before the limit by now.
    pub fn end_row(&mut self, report: &mut Report) {
        if let Some(furthest) = self.furthest.take() {
            *self.rows.entry(furthest).or_default() += 1;
        }
        if self.beyond.first_key_value().is_some_and(|(begin, _)| *begin < self.limit) {
            let before = std::mem::take(&mut self.beyond);
            let kind = self.kind();
            for (begin, counts) in before {
                if begin >= self.limit {
                    self.beyond.insert(begin, counts);
                    continue;
                }
                self.missed += counts.values().sum::<u64>();
                report.count_all(kind, counts);
            }
            self.rows = self.rows.split_off(&self.limit);
        }
    }

    /// What the mentions are that this side has not.
    fn kind(&self) -> Kind {
        if self.side == Side::B { Kind::Missing } else { Kind::Extra }
    }

    /// Decides what the mentions beyond the limit are; the limit if this side looks cut there.
    pub fn finish(mut self, report: &mut Report) -> Option<i64> {
        let cut = self.is_cut();
        for (_, counts) in std::mem::take(&mut self.beyond) {
            report.count_all(if cut { Kind::Truncation } else { self.kind() }, counts);
        }
        self.near.append(&mut self.far);
        for ((begin, ..), mut example) in self.near {
            if cut && begin >= self.limit {
                example.kind = Kind::Truncation;
            }
            report.examples.push(example);
        }
        cut.then_some(self.limit)
    }

    fn is_cut(&self) -> bool {
        let known = (self.matched + self.missed).max(1) as f64;
        let missed = (self.missed as f64 / known).max(LEAST_MISSED);
        let rows = self.rows.values().sum::<u64>() as f64;
        self.matched > 0 && rows * missed.ln() <= CHANCE
    }
}
