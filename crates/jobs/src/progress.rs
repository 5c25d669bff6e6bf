//! [`JobProgress`]: how far a job is, for those who watch it.

use std::time::Duration;

use serde::Serialize;

use crate::record::Counts;

/// How far a job is. Counts are of this run; what earlier runs did is in `units_before` and `rows_before`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobProgress {
    /// Units of this shard.
    pub units: usize,
    /// Of them, those that earlier runs did.
    pub units_before: usize,
    /// Of them, those that this run did.
    pub units_done: usize,
    /// Rows of this shard.
    pub rows: u64,
    /// Of them, those that earlier runs did.
    pub rows_before: u64,
    /// Counts of this run, the unit in hand included.
    pub counts: Counts,
    /// Since the first unit of this run began.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl JobProgress {
    /// Share of this shard's rows that are done, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.rows == 0 { 1.0 } else { (self.rows_before + self.done()) as f64 / self.rows as f64 }
    }

    /// Rows that this run has dealt with, in whatever way.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.counts.rows + self.counts.lost
    }

    /// Rows a second.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        self.done() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Tokens of texts a second.
    #[must_use]
    pub fn tokens_per_second(&self) -> f64 {
        self.counts.tokens as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Time until the last row at the rate so far; none before the first.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let left = self.rows.saturating_sub(self.rows_before + self.done());
        (self.done() > 0).then(|| Duration::from_secs_f64(left as f64 / self.rows_per_second().max(1e-9)))
    }
}

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It does.
    Continue,
    /// It ends: the unit in hand is given up, all others stay, and a later run goes on from there.
    Stop,
}

/// Who is told about progress, several times a second while rows go through.
pub trait Observer: Send {
    /// Called after some rows and after each unit.
    fn update(&mut self, progress: &JobProgress) -> Flow;
}

impl<F: FnMut(&JobProgress) -> Flow + Send> Observer for F {
    fn update(&mut self, progress: &JobProgress) -> Flow {
        self(progress)
    }
}
