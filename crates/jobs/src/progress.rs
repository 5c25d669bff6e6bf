//! [`JobProgress`]: how far a job is, and who watches it.

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;

use crate::{
    JobError,
    record::{Counts, Record},
};

/// How far a job is. What earlier runs did has `before` in its name; the rest is of this run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct JobProgress {
    /// Units of this shard.
    pub units: usize,
    /// Of these, units that earlier runs did.
    pub units_before: usize,
    /// Of these, units that this run did.
    pub units_done: usize,
    /// Of these, units that this run gave up because of their input. A later run does them.
    pub units_failed: usize,
    /// Rows of this shard.
    pub rows: u64,
    /// Of these, rows that earlier runs did.
    pub rows_before: u64,
    /// Damaged files that earlier runs left out (`on_damage=skip`).
    pub files_lost_before: usize,
    /// Damaged files that this run left out (`on_damage=skip`).
    pub files_lost: usize,
    /// Files that this run could not do in full. The job ends with their error.
    pub files_failed: usize,
    /// Counts of this run, with those of the current unit.
    pub counts: Counts,
    /// Counts of the units that earlier runs did.
    pub counts_before: Counts,
    /// When this run began. `None` before that.
    #[serde(skip)]
    pub began: Option<SystemTime>,
    /// Time since the first unit of this run began.
    #[serde(skip)]
    pub elapsed: Duration,
}

impl JobProgress {
    /// Share of this shard's rows that are done, 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.rows == 0 { 1.0 } else { (self.rows_before + self.done()) as f64 / self.rows as f64 }
    }

    /// Counts of this shard: those of this run and of earlier runs.
    #[must_use]
    pub fn shard_counts(&self) -> Counts {
        let mut all = self.counts_before.clone();
        all.add(&self.counts);
        all
    }

    /// Rows that this run has read or lost.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.counts.rows + self.counts.lost
    }

    /// Rows per second of this run.
    #[must_use]
    pub fn rows_per_second(&self) -> f64 {
        self.done() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Tokens of the texts per second of this run.
    #[must_use]
    pub fn tokens_per_second(&self) -> f64 {
        self.counts.tokens as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Estimated time until the last row, at the rate of this run; `None` before its first row.
    #[must_use]
    pub fn left(&self) -> Option<Duration> {
        let left = self.rows.saturating_sub(self.rows_before + self.done());
        (self.done() > 0).then(|| Duration::from_secs_f64(left as f64 / self.rows_per_second().max(1e-9)))
    }
}

/// Whether a job goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// End the job. The current unit is given up, all others stay, and a later run goes on from there.
    Stop,
}

/// Watches the progress of a job.
pub trait Observer: Send {
    /// Called after some rows, several times a second, and after each unit.
    fn update(&mut self, progress: &JobProgress) -> Flow;
}

impl<F: FnMut(&JobProgress) -> Flow + Send> Observer for F {
    fn update(&mut self, progress: &JobProgress) -> Flow {
        self(progress)
    }
}

/// Keeps the progress of a run, and reports it to the observer.
pub(crate) struct Reporter<'o> {
    observer: &'o mut dyn Observer,
    pub progress: JobProgress,
    started: Instant,
}

impl<'o> Reporter<'o> {
    /// The clock starts now.
    pub fn new(observer: &'o mut dyn Observer, progress: JobProgress) -> Self {
        let progress = JobProgress { began: Some(SystemTime::now()), ..progress };
        Self { observer, progress, started: Instant::now() }
    }

    /// Reports the progress.
    ///
    /// # Errors
    /// [`JobError::Stopped`] if the observer says so.
    pub fn report(&mut self) -> Result<(), JobError> {
        match self.update() {
            Flow::Continue => Ok(()),
            Flow::Stop => Err(JobError::Stopped),
        }
    }

    /// Counts a unit and reports it. A stop takes effect in the next unit: this one is committed.
    pub fn unit_done(&mut self) {
        self.progress.units_done += 1;
        self.update();
    }

    /// Counts a unit that an earlier run made and did not record, and reports it.
    pub fn unit_adopted(&mut self, record: &Record) {
        self.progress.units_before += 1;
        self.progress.rows_before += record.unit.row_count();
        self.progress.counts_before.add(&record.counts);
        self.update();
    }

    /// Counts a unit that was given up, and reports it. `files` is the number of files that failed so far.
    pub fn unit_failed(&mut self, files: usize) {
        self.progress.units_failed += 1;
        self.progress.files_failed = files;
        self.update();
    }

    /// Tells the observer how far the job is, whether it goes on or not.
    pub fn update(&mut self) -> Flow {
        self.progress.elapsed = self.started.elapsed();
        self.observer.update(&self.progress)
    }
}
