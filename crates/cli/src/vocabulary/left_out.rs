//! [`LeftOut`]: rows of a source that did not become terms, by reason.

use std::collections::BTreeMap;

/// Counts rows by the reason why they were left out.
#[derive(Default)]
pub struct LeftOut(BTreeMap<&'static str, u64>);

impl LeftOut {
    pub fn add(&mut self, reason: &'static str) {
        self.add_all(reason, 1);
    }

    pub fn add_all(&mut self, reason: &'static str, rows: u64) {
        if rows > 0 {
            *self.0.entry(reason).or_default() += rows;
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(reason, rows)| (*reason, *rows))
    }
}
