//! [`Tally`]: counts of all rows, in memory that does not grow with them.

use std::collections::BTreeMap;

use spanframe_engine::Mention;

use crate::{Row, chunks::Chunks, confidence::Confidences};

/// Counts of rows and entities.
#[derive(Debug, Default)]
pub struct Tally {
    pub rows: u64,
    /// Rows with at least one entity.
    pub found: u64,
    /// Rows of which the entities are null, and no reason is known.
    pub null: u64,
    /// Rows of which the entities are null, and the table says why: by reason.
    pub errors: BTreeMap<String, u64>,
    /// By type.
    pub kinds: BTreeMap<String, KindTally>,
    /// By month: rows, and entities by type.
    pub months: BTreeMap<String, (u64, BTreeMap<String, u64>)>,
    /// Rows without a month.
    pub undated: u64,
}

/// Counts of a type.
#[derive(Debug, Default)]
pub struct KindTally {
    pub entities: u64,
    /// Rows that have it.
    pub rows: u64,
    pub confidences: Confidences,
    pub chunks: Chunks,
}

impl Tally {
    /// Counts `row`, and of each of its entities what `chunk` makes of it.
    pub fn row<'a>(&mut self, row: &Row<'a>, mut chunk: impl FnMut(&'a Mention<'a>) -> Option<&'a str>) {
        self.rows += 1;
        let mut month = row.month.map(|month| {
            let counts = self.months.entry(month.to_string()).or_default();
            counts.0 += 1;
            &mut counts.1
        });
        self.undated += u64::from(month.is_none());
        match (row.mentions, row.error) {
            (None, Some(error)) => *self.errors.entry(error.to_string()).or_default() += 1,
            (None, None) => self.null += 1,
            (Some(mentions), _) => self.found += u64::from(!mentions.is_empty()),
        }
        let mentions = row.mentions.unwrap_or_default();
        for (i, mention) in mentions.iter().enumerate() {
            if !self.kinds.contains_key(mention.entity.as_ref()) {
                self.kinds.insert(mention.entity.to_string(), KindTally::default());
            }
            let Some(kind) = self.kinds.get_mut(mention.entity.as_ref()) else { continue };
            kind.entities += 1;
            kind.rows += u64::from(mentions[..i].iter().all(|other| other.entity != mention.entity));
            kind.confidences.add(mention.confidence);
            if let Some(chunk) = chunk(mention) {
                kind.chunks.add(chunk);
            }
            if let Some(month) = &mut month {
                *month.entry(mention.entity.to_string()).or_default() += 1;
            }
        }
    }

    /// Entities of all types.
    pub fn entities(&self) -> u64 {
        self.kinds.values().map(|kind| kind.entities).sum()
    }

    /// Rows with an error.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}
