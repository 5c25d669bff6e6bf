//! [`Summary`]: what a job came to.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Shard,
    plan::JobPlan,
    record::{Counts, Loss, Record},
};

/// What a job came to, all of its runs and shards together.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Units of the job.
    pub units: usize,
    /// Of them, those that are done.
    pub units_done: usize,
    /// Of them, those that this run did.
    pub units_now: usize,
    /// Counts of all units that are done.
    pub counts: Counts,
    /// Rows that could not be read, by file.
    pub losses: BTreeMap<String, Vec<Loss>>,
    /// Files that could not be read at all, with the reason.
    pub damaged: BTreeMap<String, String>,
    /// Units that are not done, by number.
    #[serde(skip)]
    pub missing: Vec<usize>,
}

impl Summary {
    /// Sums `records` up.
    #[must_use]
    pub fn new(plan: &JobPlan, records: &BTreeMap<usize, Record>, units_now: usize) -> Self {
        let mut summary = Self { units_now, ..Self::default() };
        let versions = plan.versions();
        for file in plan.files.iter().filter(|f| versions.get(f.url.as_str()) == Some(&f.version.as_str())) {
            summary.damaged.extend(file.damage.clone().map(|reason| (file.url.clone(), reason)));
        }
        for unit in plan.current() {
            summary.units += 1;
            let Some(record) = records.get(&unit.number) else {
                summary.missing.push(unit.number);
                continue;
            };
            summary.units_done += 1;
            summary.counts.add(&record.counts);
            if !record.losses.is_empty() {
                summary.losses.entry(unit.url.clone()).or_default().extend(record.losses.iter().cloned());
            }
        }
        summary
    }

    /// Which shards of `count` have to run for the units that are missing.
    #[must_use]
    pub fn shards(&self, count: usize) -> Vec<Shard> {
        let mut indices: Vec<usize> = self.missing.iter().map(|number| number % count).collect();
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter().map(|index| Shard { index, count }).collect()
    }
}
