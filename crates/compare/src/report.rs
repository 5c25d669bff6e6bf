//! What a comparison found.

use std::collections::BTreeMap;

use serde::Serialize;
use spanframe_core::Named;

use crate::difference::Kind;

/// Counts by entity type.
pub type Counts = BTreeMap<String, u64>;

/// What a comparison found. No text of a note is in it unless examples were asked to show theirs.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Rows.
    pub rows: Rows,
    /// Mentions in compared rows, of the types that count there.
    pub mentions: Totals,
    /// Strict agreement of B with A.
    pub agreement: Agreement,
    /// Differences of each kind by entity type: A's, or B's where A has none. Every kind is there.
    pub differences: BTreeMap<Kind, Counts>,
    /// Offset units by the reading that explains them, such as `B as spark`.
    pub readings: Counts,
    /// Where a column looks cut.
    pub cut: Cut,
    /// Mentions whose positions, in the unit declared, are not in the text or inside a character.
    pub unreadable: Pair,
    /// Examples of each kind, in order of kind and row.
    pub examples: Vec<Example>,
    /// Examples so far, by kind.
    #[serde(skip)]
    shown: BTreeMap<Kind, usize>,
}

/// Counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// In both columns.
    pub compared: u64,
    /// Of these, those without any difference.
    pub equal: u64,
    /// Null in A and a list, maybe empty, in B.
    pub null_only_in_a: u64,
    /// Null in B and a list, maybe empty, in A.
    pub null_only_in_b: u64,
    /// With an id that B has not.
    pub only_in_a: u64,
    /// With an id that A has not.
    pub only_in_b: u64,
}

/// Counts of mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Of A.
    pub a: u64,
    /// Of B.
    pub b: u64,
    /// With the same span and type in both.
    pub equal: u64,
}

/// A count for each column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pair {
    /// Of A.
    pub a: u64,
    /// Of B.
    pub b: u64,
}

/// Strict agreement: exact span and type, in the units declared. `None` where there is nothing to divide by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Share of B's mentions that A has.
    pub precision: Option<f64>,
    /// Share of A's mentions that B has.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
}

/// Where columns look cut: no mention reaches beyond, in any row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// What `a` and `b` count: `words` where there are texts, else `positions` (of the other column's unit).
    pub unit: &'static str,
    /// A's last, if A looks cut.
    pub a: Option<i64>,
    /// B's last, if B looks cut.
    pub b: Option<i64>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// What kind.
    pub kind: Kind,
    /// Row, from 0.
    pub row: u64,
    /// The row's id, where rows were joined by one.
    pub id: Option<String>,
    /// What A has.
    pub a: Option<Place>,
    /// What B has.
    pub b: Option<Place>,
    /// For an offset unit: the reading that explains it.
    pub reading: Option<String>,
}

/// A mention as its column has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Place {
    /// Its type.
    pub entity: String,
    /// First position, in the column's unit.
    pub begin: i64,
    /// End, in the column's unit.
    pub end: i64,
    /// Its text, if asked for.
    pub text: Option<String>,
}

impl Example {
    /// The type under which it counts.
    #[must_use]
    pub fn entity(&self) -> &str {
        self.a.as_ref().or(self.b.as_ref()).map_or("", |place| &place.entity)
    }
}

impl Report {
    pub(crate) fn new(texts: bool) -> Self {
        Self {
            rows: Rows::default(),
            mentions: Totals::default(),
            agreement: Agreement::default(),
            differences: Kind::named().map(|(_, kind)| (kind, Counts::new())).collect(),
            readings: Counts::new(),
            cut: Cut { unit: if texts { "words" } else { "positions" }, a: None, b: None },
            unreadable: Pair::default(),
            examples: Vec::new(),
            shown: BTreeMap::new(),
        }
    }

    /// All differences of a kind.
    #[must_use]
    pub fn count_of(&self, kind: Kind) -> u64 {
        self.differences.get(&kind).map_or(0, |counts| counts.values().sum())
    }

    /// Whether the columns are the same: all rows in both and equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let rows = self.rows;
        rows.equal == rows.compared && rows.only_in_a == 0 && rows.only_in_b == 0
    }

    pub(crate) fn count(&mut self, example: &Example) {
        if let Some(reading) = &example.reading {
            *self.readings.entry(reading.clone()).or_default() += 1;
        }
        self.count_all(example.kind, [(example.entity().to_string(), 1)]);
    }

    pub(crate) fn count_all(&mut self, kind: Kind, counts: impl IntoIterator<Item = (String, u64)>) {
        let own = self.differences.entry(kind).or_default();
        for (entity, count) in counts {
            *own.entry(entity).or_default() += count;
        }
    }

    /// Keeps an example if there are fewer than `most` of its kind.
    pub(crate) fn example(&mut self, example: Example, most: usize) {
        let shown = self.shown.entry(example.kind).or_default();
        if *shown < most {
            *shown += 1;
            self.examples.push(example);
        }
    }

    /// The last step: examples in order, the first `most` of each kind; and the agreement.
    pub(crate) fn finish(mut self, most: usize) -> Self {
        self.examples.sort_by_key(|e| (e.kind, e.row));
        let mut kept: BTreeMap<Kind, usize> = BTreeMap::new();
        self.examples.retain(|e| {
            let count = kept.entry(e.kind).or_default();
            *count += 1;
            *count <= most
        });
        let Totals { a, b, equal } = self.mentions;
        let share = |of: u64, all: u64| (all > 0).then(|| of as f64 / all as f64);
        self.agreement = Agreement { precision: share(equal, b), recall: share(equal, a), f1: share(2 * equal, a + b) };
        self
    }
}
