//! [`Summary`]: the result of a job.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    Shard,
    plan::JobPlan,
    record::{Counts, Loss, Record},
};

/// The result of a job, over all of its runs and shards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Summary {
    /// Units of the job.
    pub units: usize,
    /// Of these, units that are done.
    pub units_done: usize,
    /// Of these, units that this run made.
    pub units_now: usize,
    /// Counts of all units that are done.
    pub counts: Counts,
    /// Rows that could not be read, by file.
    pub losses: BTreeMap<String, Vec<Loss>>,
    /// Files that could not be read at all, with their reasons.
    pub damaged: BTreeMap<String, String>,
    /// Numbers of the units that are not done.
    #[serde(skip)]
    pub missing: Vec<usize>,
}

impl Summary {
    /// Sums up `records`. A current unit without a record is missing.
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

    /// Returns the shards that have to run for the missing units, if the job has `count` shards.
    #[must_use]
    pub fn shards(&self, count: usize) -> Vec<Shard> {
        let mut indices: Vec<usize> = self.missing.iter().map(|number| number % count).collect();
        indices.sort_unstable();
        indices.dedup();
        indices.into_iter().map(|index| Shard { index, count }).collect()
    }
}
