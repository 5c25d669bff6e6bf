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
    /// Rows whose entities are null for no known reason.
    pub null: u64,
    /// Rows whose entities are null for a reason that the table gives, by reason.
    pub errors: BTreeMap<String, u64>,
    /// By entity type.
    pub types: BTreeMap<String, TypeTally>,
    /// By month, such as `2024-03`.
    pub months: BTreeMap<String, MonthTally>,
    /// Rows without a month.
    pub undated: u64,
}

/// Counts of one entity type.
#[derive(Debug, Default)]
pub struct TypeTally {
    pub entities: u64,
    /// Rows with at least one entity of this type.
    pub rows: u64,
    pub confidences: Confidences,
    pub chunks: Chunks,
}

/// Counts of one month.
#[derive(Debug, Default)]
pub struct MonthTally {
    pub rows: u64,
    /// Entities by type.
    pub entities: BTreeMap<String, u64>,
}

impl Tally {
    /// Counts `row` and its entities. `chunk` returns the text of an entity, or `None` if its text is not counted.
    pub fn row<'a>(&mut self, row: &Row<'a>, mut chunk: impl FnMut(&'a Mention<'a>) -> Option<&'a str>) {
        self.rows += 1;
        let mut month = row.month.map(|month| self.months.entry(month.to_string()).or_default());
        match &mut month {
            Some(month) => month.rows += 1,
            None => self.undated += 1,
        }
        match (row.mentions, row.error) {
            (None, Some(error)) => *self.errors.entry(error.to_string()).or_default() += 1,
            (None, None) => self.null += 1,
            (Some(mentions), _) => self.found += u64::from(!mentions.is_empty()),
        }
        let mentions = row.mentions.unwrap_or_default();
        for (i, mention) in mentions.iter().enumerate() {
            if !self.types.contains_key(mention.entity.as_ref()) {
                self.types.insert(mention.entity.to_string(), TypeTally::default());
            }
            let Some(counts) = self.types.get_mut(mention.entity.as_ref()) else { continue };
            counts.entities += 1;
            counts.rows += u64::from(mentions[..i].iter().all(|other| other.entity != mention.entity));
            counts.confidences.add(mention.confidence);
            if let Some(chunk) = chunk(mention) {
                counts.chunks.add(chunk);
            }
            if let Some(month) = &mut month {
                *month.entities.entry(mention.entity.to_string()).or_default() += 1;
            }
        }
    }

    /// Returns the number of entities of all types.
    pub fn entities(&self) -> u64 {
        self.types.values().map(|counts| counts.entities).sum()
    }

    /// Returns the number of rows with an error.
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}
