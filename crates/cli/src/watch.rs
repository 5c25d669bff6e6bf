//! Shows how far a job is: a bar on a terminal, plain lines elsewhere; and what it came to.

use std::{
    io::{IsTerminal, stderr},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanframe_jobs::{Flow, JobError, JobProgress, MetricsFile, Observer, Summary};

use crate::{error::CliError, interrupt, tell::tell};

/// Between two plain lines.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far the job is, keeps its metrics, and ends it when it is interrupted.
pub struct Watch {
    stop: &'static AtomicBool,
    quiet: bool,
    bar: ProgressBar,
    terminal: bool,
    last_line: Instant,
    metrics: Option<MetricsFile>,
    /// The metrics file cannot be written.
    failed: Option<std::io::Error>,
    last: JobProgress,
}

impl Observer for Watch {
    fn update(&mut self, progress: &JobProgress) -> Flow {
        self.last = progress.clone();
        if let Some(metrics) = &mut self.metrics {
            // the first failure ends the job, whatever later writes come to
            self.failed = self.failed.take().or_else(|| metrics.write(progress, false).err());
        }
        if !self.quiet && self.terminal {
            self.bar.set_length(progress.rows);
            self.bar.set_position(progress.rows_before + progress.done());
            self.bar.set_message(rates(progress));
        } else if !self.quiet && self.last_line.elapsed() >= LINE_EVERY {
            self.last_line = Instant::now();
            let done = HumanCount(progress.rows_before + progress.done());
            tell(format_args!("{done} of {} rows, {}", HumanCount(progress.rows), rates(progress)));
        }
        if self.failed.is_some() || self.stop.load(Ordering::Relaxed) { Flow::Stop } else { Flow::Continue }
    }
}

impl Watch {
    /// Watches a job, which an interrupt ends from now on; `metrics` is a file for its counts.
    pub fn new(quiet: bool, metrics: Option<&Path>) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent} %  {msg}") {
            bar.set_style(style);
        }
        Self {
            stop: interrupt::stop_if_interrupted(),
            quiet,
            bar,
            terminal: stderr().is_terminal(),
            last_line: Instant::now(),
            metrics: metrics.map(MetricsFile::new),
            failed: None,
            last: JobProgress::default(),
        }
    }

    /// Ends the display, and says what the job came to unless it failed or is to be quiet.
    pub fn finish(&mut self, done: Result<Summary, JobError>) -> Result<Summary, CliError> {
        self.bar.finish_and_clear();
        let last = self.metrics.as_mut().and_then(|metrics| metrics.write(&self.last, true).err());
        if let (Some(error), Ok(_) | Err(JobError::Stopped)) = (self.failed.take().or(last), &done) {
            return Err(CliError::Metrics(error));
        }
        let summary = done?;
        if !self.quiet {
            tell(show(&summary, &self.last).trim_end());
        }
        Ok(summary)
    }
}

fn rates(progress: &JobProgress) -> String {
    let left = progress.left().map_or("?".to_string(), |left| HumanDuration(left).to_string());
    format!(
        "{}/{} units, {:.1} rows/s, {:.0} tokens/s, {left} left",
        progress.units_before + progress.units_done,
        progress.units,
        progress.rows_per_second(),
        progress.tokens_per_second(),
    )
}

/// What the job came to, and what this run did for it.
fn show(summary: &Summary, run: &JobProgress) -> String {
    let counts = &summary.counts;
    let mut text = format!(
        "{} of {} units done, {} by this run; {} rows read, {} written\n",
        HumanCount(summary.units_done as u64),
        HumanCount(summary.units as u64),
        HumanCount(summary.units_now as u64),
        HumanCount(counts.rows),
        HumanCount(counts.written),
    );
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<10} {value}\n"));
    let entities: Vec<String> = counts.entities.iter().map(|(name, n)| format!("{name} {}", HumanCount(*n))).collect();
    line("entities", if entities.is_empty() { "none".to_string() } else { entities.join(", ") });
    for (name, count) in [("nulled", counts.nulled), ("rejected", counts.rejected), ("lost", counts.lost)] {
        if count > 0 {
            line(name, format!("{} rows", HumanCount(count)));
        }
    }
    if counts.unknown_language > 0 {
        line("language", format!("{} rows of unknown language", HumanCount(counts.unknown_language)));
    }
    for (url, losses) in &summary.losses {
        for loss in losses {
            line(
                "",
                format!("rows {} to {} of {url}: {}", loss.rows.start, loss.rows.end.saturating_sub(1), loss.reason),
            );
        }
    }
    for (url, reason) in &summary.damaged {
        line("damaged", format!("{url}: {reason}"));
    }
    line("tokens", format!("{}, padding {:.1} %", HumanCount(counts.tokens), 100.0 * counts.padding()));
    let seconds = counts.seconds;
    line("seconds", format!("read {:.1}, annotate {:.1}, write {:.1}", seconds.read, seconds.annotate, seconds.write));
    if run.done() > 0 {
        line("this run", rates(run).replace(", ? left", ""));
    }
    text
}
