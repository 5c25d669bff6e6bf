//! [`ProgressLine`]: shows how many rows of one engine call are done.

use std::{
    io::{IsTerminal, stderr},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spanframe_engine::Metrics;

use crate::{console::eprint_line, error::CliError};

/// Between two looks at the metrics.
const TICK: Duration = Duration::from_millis(200);
/// Between two lines where standard error is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how many rows of one engine call are done: a bar on a terminal, a line now and then elsewhere.
pub struct ProgressLine {
    rows: u64,
    quiet: bool,
}

impl ProgressLine {
    /// `rows` are those of the call.
    pub fn new(rows: u64, quiet: bool) -> Self {
        Self { rows, quiet }
    }

    /// Runs `work` and shows `metrics` meanwhile. If it succeeds, prints what was done.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn watch(&self, metrics: &Metrics, work: impl FnOnce() -> Result<(), CliError>) -> Result<(), CliError> {
        if self.quiet {
            return work();
        }
        let started = Instant::now();
        let (stop, stopped) = mpsc::channel::<()>();
        let result = thread::scope(|scope| {
            scope.spawn(move || self.show(metrics, started, &stopped));
            let result = work();
            drop(stop);
            result
        });
        if result.is_ok() {
            eprint_line(summary(metrics, started.elapsed()));
        }
        result
    }

    fn show(&self, metrics: &Metrics, started: Instant, stopped: &mpsc::Receiver<()>) {
        let bar = ProgressBar::with_draw_target(Some(self.rows), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} rows  {msg}") {
            bar.set_style(style);
        }
        let is_terminal = stderr().is_terminal();
        let mut last_line = started;
        // `watch` drops the sender to end this
        while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
            let rates = rates(metrics, self.rows, started.elapsed());
            if is_terminal {
                bar.set_position(metrics.rows());
                bar.set_message(rates);
            } else if last_line.elapsed() >= LINE_EVERY {
                last_line = Instant::now();
                eprint_line(format_args!("{} of {} rows, {rates}", HumanCount(metrics.rows()), HumanCount(self.rows)));
            }
        }
        bar.finish_and_clear();
    }
}

fn per_second(count: u64, elapsed: Duration) -> f64 {
    count as f64 / elapsed.as_secs_f64().max(1e-9)
}

fn rates(metrics: &Metrics, rows: u64, elapsed: Duration) -> String {
    let done = metrics.rows();
    let left = match done {
        0 => "?".to_string(),
        _ => {
            let seconds = elapsed.as_secs_f64() * rows.saturating_sub(done) as f64 / done as f64;
            HumanDuration(Duration::from_secs_f64(seconds)).to_string()
        }
    };
    let tokens = per_second(metrics.model_tokens(), elapsed);
    format!("{:.1} rows/s, {tokens:.0} tokens/s, {left} left", per_second(done, elapsed))
}

fn summary(metrics: &Metrics, elapsed: Duration) -> String {
    let percent = |part: u64, rest: u64| 100.0 * part as f64 / (part + rest).max(1) as f64;
    format!(
        "{} rows, {} entities, {} tokens in {:.1} s: {:.1} rows/s, {:.0} tokens/s; padding {:.1} %, {} of {} windows reused",
        HumanCount(metrics.rows()),
        HumanCount(metrics.entities()),
        HumanCount(metrics.tokens()),
        elapsed.as_secs_f64(),
        per_second(metrics.rows(), elapsed),
        per_second(metrics.tokens(), elapsed),
        percent(metrics.padded_tokens(), metrics.model_tokens()),
        HumanCount(metrics.reused_windows()),
        HumanCount(metrics.windows()),
    )
}
