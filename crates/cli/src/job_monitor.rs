//! [`JobMonitor`]: shows the progress of a job, writes its metrics, and stops it after an interrupt.

use std::{
    io::{self, IsTerminal, stderr},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanframe_jobs::{Flow, JobError, JobProgress, MetricsFile, Observer, RunState, Summary};

use crate::{
    console::eprint_line,
    error::CliError,
    interrupt,
    job_summary::{rates, summary_text},
};

/// Between two lines where standard error is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Observes one job: a bar on a terminal, a line now and then elsewhere.
pub struct JobMonitor {
    stop: &'static AtomicBool,
    quiet: bool,
    bar: ProgressBar,
    is_terminal: bool,
    last_line: Instant,
    metrics: Option<MetricsFile>,
    /// Why the metrics file could not be written, the first time.
    metrics_error: Option<io::Error>,
    last: JobProgress,
}

impl Observer for JobMonitor {
    fn update(&mut self, progress: &JobProgress) -> Flow {
        self.last = progress.clone();
        if let Some(metrics) = &mut self.metrics {
            // the first failure stops the job, even if a later write succeeds
            self.metrics_error = self.metrics_error.take().or_else(|| metrics.write(progress, RunState::Running).err());
        }
        if !self.quiet {
            self.show(progress);
        }
        match self.metrics_error.is_some() || self.stop.load(Ordering::Relaxed) {
            true => Flow::Stop,
            false => Flow::Continue,
        }
    }
}

impl JobMonitor {
    /// Handles interrupts from now on, and writes the counts of the job to the file `metrics`.
    pub fn new(quiet: bool, metrics: Option<&Path>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {msg}") {
            bar.set_style(style);
        }
        Self {
            stop: interrupt::stop_flag(),
            quiet,
            bar,
            is_terminal: stderr().is_terminal(),
            last_line: Instant::now(),
            metrics: metrics.map(MetricsFile::new),
            metrics_error: None,
            last: JobProgress::default(),
        }
    }

    fn show(&mut self, progress: &JobProgress) {
        let done = progress.rows_before + progress.done();
        if self.is_terminal {
            self.bar.set_length(progress.rows);
            self.bar.set_position(done);
            self.bar.set_message(rates(progress));
        } else if self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let (done, rows) = (HumanCount(done), HumanCount(progress.rows));
            eprint_line(format_args!("{done} of {rows} rows, {}", rates(progress)));
        }
    }

    /// Removes the bar, writes the last metrics, and prints a summary of what is done unless it is quiet.
    ///
    /// # Errors
    /// [`CliError::Metrics`] if the metrics file could not be written, unless the job failed for another reason; then that
    /// error.
    pub fn finish(&mut self, done: Result<Summary, JobError>) -> Result<Summary, CliError> {
        self.bar.finish_and_clear();
        let state = RunState::of(&done);
        let last = self.metrics.as_mut().and_then(|metrics| metrics.write(&self.last, state).err());
        // a failed write stops the job, so `Stopped` is its consequence and not the reason
        if let (Some(error), Ok(_) | Err(JobError::Stopped)) = (self.metrics_error.take().or(last), &done) {
            return Err(CliError::Metrics(error));
        }
        let summary = match &done {
            Ok(summary) => Some(summary),
            Err(error) => error.summary(),
        };
        if let Some(summary) = summary.filter(|summary| !self.quiet && summary.units > 0) {
            eprint_line(summary_text(summary, &self.last).trim_end());
        }
        Ok(done?)
    }
}
