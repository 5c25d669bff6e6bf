//! [`Tally`]: counts of all rows, in memory that does not grow with them.

use std::collections::BTreeMap;

use spanframe_engine::Mention;

use crate::{Row, chunks::Chunks, confidence::Confidences, status};

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
    /// Entities whose attributes are known and that have none, and the rows with at least one of these.
    pub affirmed: u64,
    pub affirmed_rows: u64,
    /// Entities by the attribute that they have. One may have several.
    pub attributes: BTreeMap<&'static str, u64>,
    /// Entities whose attributes are not known.
    pub unknown: u64,
    pub confidences: Confidences,
    /// Chunks of entities that are affirmed, or whose attributes are not known.
    pub chunks: Chunks,
}

impl TypeTally {
    /// Counts the attributes of `mention`, which follows `before` in its row.
    fn add_attributes(&mut self, mention: &Mention<'_>, before: &[Mention<'_>]) {
        let is_affirmed = |mention: &Mention<'_>| status::is_known(mention) && status::names(mention).next().is_none();
        self.unknown += u64::from(!status::is_known(mention));
        for name in status::names(mention) {
            *self.attributes.entry(name).or_default() += 1;
        }
        if is_affirmed(mention) {
            self.affirmed += 1;
            let mut same = before.iter().filter(|other| other.entity == mention.entity);
            self.affirmed_rows += u64::from(!same.any(is_affirmed));
        }
    }
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
            counts.add_attributes(mention, &mentions[..i]);
            if let Some(chunk) = chunk(mention).filter(|_| status::names(mention).next().is_none()) {
                counts.chunks.add(chunk);
            }
            if let Some(month) = &mut month {
                *month.entities.entry(mention.entity.to_string()).or_default() += 1;
            }
        }
    }

    /// Returns true if the attributes of any entity are known.
    pub fn has_attributes(&self) -> bool {
        self.types.values().any(|counts| counts.unknown < counts.entities)
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
