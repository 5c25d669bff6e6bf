//! [`DifferenceReport`]: counts and examples of all differences between two columns.

use std::collections::BTreeMap;

use serde::Serialize;
use spanframe_core::Named;

use crate::difference::DifferenceKind;

/// Counts by entity type.
pub type Counts = BTreeMap<String, u64>;

/// The result of a comparison. It holds no text of a note unless examples show theirs.
///
/// Its fields are those of `spanframe diff --json`.
#[derive(Clone, Debug, Serialize)]
pub struct DifferenceReport {
    /// Rows.
    pub rows: Rows,
    /// Mentions in compared rows, of the types that count there.
    pub mentions: Totals,
    /// Strict agreement of B with A.
    pub agreement: Agreement,
    /// Differences of each kind by entity type: A's, or B's where A has none. Every kind is a key.
    pub differences: BTreeMap<DifferenceKind, Counts>,
    /// Differences of kind `attribute` by the attributes that differ.
    pub attributes: Counts,
    /// Offset units by what explains them, such as `B as spark`.
    pub readings: Counts,
    /// Where a column looks cut.
    pub cut: Cut,
    /// Mentions whose positions, in the declared unit, are outside the text or inside a character.
    pub unreadable: ColumnCounts,
    /// Examples, by kind and row.
    pub examples: Vec<Example>,
    /// Examples kept so far, by kind.
    #[serde(skip)]
    kept: BTreeMap<DifferenceKind, usize>,
}

/// Counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rows {
    /// Rows of both columns.
    pub compared: u64,
    /// Compared rows without any difference.
    pub equal: u64,
    /// Null in A, a list (maybe empty) in B.
    pub null_only_in_a: u64,
    /// Null in B, a list (maybe empty) in A.
    pub null_only_in_b: u64,
    /// Rows whose id B lacks.
    pub only_in_a: u64,
    /// Rows whose id A lacks.
    pub only_in_b: u64,
}

/// Counts of mentions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Mentions of A.
    pub a: u64,
    /// Mentions of B.
    pub b: u64,
    /// Mentions with the same span and type in both.
    pub equal: u64,
}

/// A count for each column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ColumnCounts {
    /// In A.
    pub a: u64,
    /// In B.
    pub b: u64,
}

/// Strict agreement: exact span and type, in the declared units. `None` where a denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Agreement {
    /// Share of B's mentions that A has.
    pub precision: Option<f64>,
    /// Share of A's mentions that B has.
    pub recall: Option<f64>,
    /// Harmonic mean of both.
    pub f1: Option<f64>,
}

/// Where a column looks cut: none of its mentions reaches beyond, in any row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// The unit of `a` and `b`: `words` with texts, else `positions` (in the other column's unit).
    pub unit: &'static str,
    /// The last that A reaches, if A looks cut.
    pub a: Option<i64>,
    /// The last that B reaches, if B looks cut.
    pub b: Option<i64>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// Its kind.
    pub kind: DifferenceKind,
    /// Row, from 0.
    pub row: u64,
    /// Id of the row, where rows are joined by one.
    pub id: Option<String>,
    /// The mention of A.
    pub a: Option<ExampleMention>,
    /// The mention of B.
    pub b: Option<ExampleMention>,
    /// For an offset unit: what explains it.
    pub reading: Option<String>,
}

/// A mention as its column has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExampleMention {
    /// Entity type.
    pub entity: String,
    /// First position, in the column's unit.
    pub begin: i64,
    /// End, in the column's unit.
    pub end: i64,
    /// Its text, only if examples show theirs.
    pub text: Option<String>,
    /// For an attribute: those that it has, of those that both columns know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<&'static str>>,
}

impl Example {
    /// The type under which the difference counts.
    #[must_use]
    pub fn entity(&self) -> &str {
        self.a.as_ref().or(self.b.as_ref()).map_or("", |mention| &mention.entity)
    }

    /// The attributes that one of its mentions has and the other has not.
    fn attributes(&self) -> impl Iterator<Item = &'static str> {
        let of = |mention: &Option<ExampleMention>| mention.as_ref().and_then(|m| m.attributes.clone());
        let (a, b) = (of(&self.a).unwrap_or_default(), of(&self.b).unwrap_or_default());
        let only_in_b: Vec<&'static str> = b.iter().filter(|name| !a.contains(name)).copied().collect();
        a.into_iter().filter(move |name| !b.contains(name)).chain(only_in_b)
    }
}

impl DifferenceReport {
    pub(crate) fn new(has_texts: bool) -> Self {
        Self {
            rows: Rows::default(),
            mentions: Totals::default(),
            agreement: Agreement::default(),
            differences: DifferenceKind::named().map(|(_, kind)| (kind, Counts::new())).collect(),
            attributes: Counts::new(),
            readings: Counts::new(),
            cut: Cut { unit: if has_texts { "words" } else { "positions" }, a: None, b: None },
            unreadable: ColumnCounts::default(),
            examples: Vec::new(),
            kept: BTreeMap::new(),
        }
    }

    /// The number of differences of `kind`.
    #[must_use]
    pub fn count_of(&self, kind: DifferenceKind) -> u64 {
        self.differences.get(&kind).map_or(0, |counts| counts.values().sum())
    }

    /// True if both columns have the same rows, all of them equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        let rows = self.rows;
        rows.equal == rows.compared && rows.only_in_a == 0 && rows.only_in_b == 0
    }

    pub(crate) fn count(&mut self, example: &Example) {
        if let Some(reading) = &example.reading {
            *self.readings.entry(reading.clone()).or_default() += 1;
        }
        for attribute in example.attributes() {
            *self.attributes.entry(attribute.to_string()).or_default() += 1;
        }
        self.count_all(example.kind, [(example.entity().to_string(), 1)]);
    }

    pub(crate) fn count_all(&mut self, kind: DifferenceKind, counts: impl IntoIterator<Item = (String, u64)>) {
        let own = self.differences.entry(kind).or_default();
        for (entity, count) in counts {
            *own.entry(entity).or_default() += count;
        }
    }

    /// Keeps `example` if fewer than `most` of its kind are kept.
    pub(crate) fn keep_example(&mut self, example: Example, most: usize) {
        let kept = self.kept.entry(example.kind).or_default();
        if *kept < most {
            *kept += 1;
            self.examples.push(example);
        }
    }

    /// Sorts the examples, keeps the first `most` of each kind, and computes the agreement.
    pub(crate) fn finish(mut self, most: usize) -> Self {
        self.examples.sort_by_key(|e| (e.kind, e.row));
        let mut kept: BTreeMap<DifferenceKind, usize> = BTreeMap::new();
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
