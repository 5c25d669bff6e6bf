//! [`Summary`]: the result of a job.

use std::{collections::BTreeMap, time::SystemTime};

use serde::Serialize;

use crate::{
    JobProgress, Shard,
    failed_inputs::FailedInputs,
    plan::JobPlan,
    record::{Counts, Loss, Record},
    timestamp::timestamp,
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
    /// What this run did.
    pub run: RunSummary,
    /// Numbers of the units that are not done.
    #[serde(skip)]
    pub missing: Vec<usize>,
}

/// What one run of a job did. The metrics file of the run has the same figures.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RunSummary {
    /// When it began, in UTC as RFC 3339 has it.
    pub began: String,
    /// Time since its first unit began.
    pub seconds: f64,
    /// Counts of the units that it made.
    pub counts: Counts,
    /// Damaged files that it found and left out (`on_damage=skip`).
    pub files_lost: usize,
    /// Files that it could not do in full, with the first error of each.
    pub failed: BTreeMap<String, String>,
}

impl RunSummary {
    /// Sums up a run.
    #[must_use]
    pub(crate) fn new(progress: &JobProgress, failed: &FailedInputs) -> Self {
        Self {
            began: timestamp(progress.began.unwrap_or_else(SystemTime::now)),
            seconds: progress.elapsed.as_secs_f64(),
            counts: progress.counts.clone(),
            files_lost: progress.files_lost,
            failed: failed.reasons(),
        }
    }
}

impl Summary {
    /// Sums up `records`, of which this run made `units_now`. A current unit without a record is missing.
    #[must_use]
    pub fn new(plan: &JobPlan, records: &BTreeMap<usize, Record>, units_now: usize, run: RunSummary) -> Self {
        let mut summary = Self { units_now, run, ..Self::default() };
        for file in plan.damaged() {
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
