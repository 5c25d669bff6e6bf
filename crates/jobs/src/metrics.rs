//! [`MetricsFile`]: writes the progress of a job to a file for monitoring.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use strum::IntoStaticStr;

use crate::{JobError, JobProgress, Summary, record::Counts, timestamp::timestamp};

/// Least time between two writes.
const EVERY: Duration = Duration::from_secs(5);

/// A file of metrics. One that ends in `.jsonl` or `.ndjson` gets a line of JSON per write. Any other has the
/// Prometheus text format; each write replaces it as a whole.
pub struct MetricsFile {
    path: PathBuf,
    written: Option<Instant>,
}

impl MetricsFile {
    /// A metrics file at `path`, which need not exist.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_path_buf(), written: None }
    }

    /// Writes `progress`, at most every five seconds while the run goes on.
    ///
    /// # Errors
    /// The error of the file system, with the path.
    pub fn write(&mut self, progress: &JobProgress, state: RunState) -> io::Result<()> {
        let written = self.try_write(progress, state);
        written.map_err(|e| io::Error::new(e.kind(), format!("`{}` ({e})", self.path.display())))
    }

    fn try_write(&mut self, progress: &JobProgress, state: RunState) -> io::Result<()> {
        if state == RunState::Running && self.written.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.written = Some(Instant::now());
        if self.path.extension().is_some_and(|e| e == "jsonl" || e == "ndjson") {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            return writeln!(file, "{}", json(progress, state));
        }
        // a rename, so that readers see the old file or the new one
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let partial = self.path.with_file_name(format!(".{name}.spanframe-partial"));
        fs::write(&partial, prometheus(progress, state))?;
        fs::rename(&partial, &self.path)
    }
}

/// Whether a run goes on, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum RunState {
    /// It goes on.
    Running,
    /// All of its units are done.
    Done,
    /// It ended with an error.
    Failed,
    /// It was stopped.
    Stopped,
}

impl RunState {
    /// How a run ended.
    #[must_use]
    pub fn of(done: &Result<Summary, JobError>) -> Self {
        match done {
            Ok(_) => Self::Done,
            Err(JobError::Stopped) => Self::Stopped,
            Err(_) => Self::Failed,
        }
    }
}

fn json(progress: &JobProgress, state: RunState) -> serde_json::Value {
    let mut all = serde_json::to_value(progress).unwrap_or_default();
    all["time"] = timestamp(SystemTime::now()).into();
    all["began"] = progress.began.map(timestamp).into();
    all["state"] = <&str>::from(state).into();
    all["shard_counts"] = serde_json::to_value(progress.shard_counts()).unwrap_or_default();
    all["seconds"] = progress.elapsed.as_secs_f64().into();
    all["share"] = progress.share().into();
    all["rows_per_second"] = progress.rows_per_second().into();
    all["tokens_per_second"] = progress.tokens_per_second().into();
    all
}

/// The metrics in the Prometheus text format, which node exporter and Pushgateway read.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
fn prometheus(progress: &JobProgress, state: RunState) -> String {
    let mut text = Exposition::default();
    let began = progress.began.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let units_done = (progress.units_before + progress.units_done) as u64;
    let files_lost = (progress.files_lost_before + progress.files_lost) as u64;
    text.gauge("units", "Units of this shard.", progress.units as f64);
    text.gauge("units_done", "Units that are done, by this run or an earlier one.", units_done as f64);
    text.gauge("units_failed", "Units that this run gave up because of their input.", progress.units_failed as f64);
    text.gauge("rows", "Rows of this shard.", progress.rows as f64);
    text.gauge("share_done", "Share of this shard's rows that are done, 0 to 1.", progress.share());
    text.gauge("files_lost", "Damaged files that are left out, by this run or an earlier one.", files_lost as f64);
    let files = [("lost", progress.files_lost as u64), ("failed", progress.files_failed as u64)];
    text.sample("files_failed_total", "counter", "Files that this run could not do, by outcome.");
    text.labelled("files_failed_total", "outcome", &files);
    text.counts(&progress.counts, Scope { prefix: "", suffix: "_total", kind: "counter", whose: "by this run" });
    let shard = Scope { prefix: "shard_", suffix: "", kind: "gauge", whose: "by this run and earlier ones" };
    text.counts(&progress.shard_counts(), shard);
    let seconds = progress.counts.seconds;
    text.sample("stage_seconds_total", "counter", "Seconds of this run, by stage.");
    for (stage, seconds) in [("read", seconds.read), ("annotate", seconds.annotate), ("write", seconds.write)] {
        text.value("stage_seconds_total", &format!("{{stage=\"{stage}\"}}"), seconds);
    }
    let elapsed = progress.elapsed.as_secs_f64();
    text.gauge("run_seconds", "Seconds since the first unit of this run began.", elapsed);
    let began = began.map_or(0.0, |since| since.as_secs_f64());
    text.gauge("run_start_time_seconds", "When this run began, in seconds since 1970.", began);
    let failed = u8::from(matches!(state, RunState::Failed | RunState::Stopped));
    text.gauge("run_failed", "1 if this run ended with an error or was stopped.", f64::from(failed));
    text.0
}

/// Whose counts a set of metrics has.
#[derive(Clone, Copy)]
struct Scope {
    prefix: &'static str,
    suffix: &'static str,
    kind: &'static str,
    whose: &'static str,
}

/// Metrics in the text format.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    /// Begins a metric.
    fn sample(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP spanframe_{name} {help}\n# TYPE spanframe_{name} {kind}");
    }

    fn value(&mut self, name: &str, labels: &str, value: f64) {
        let _ = writeln!(self.0, "spanframe_{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.sample(name, "gauge", help);
        self.value(name, "", value);
    }

    /// The values of a metric with one label.
    fn labelled(&mut self, name: &str, label: &str, values: &[(&str, u64)]) {
        for (value, count) in values {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            self.value(name, &format!("{{{label}=\"{value}\"}}"), *count as f64);
        }
    }

    fn counts(&mut self, counts: &Counts, scope: Scope) {
        let Scope { prefix, suffix, kind, whose } = scope;
        let name = |name: &str| format!("{prefix}{name}{suffix}");
        let one = [
            ("rows", "Rows read", counts.rows),
            ("rows_written", "Rows written", counts.written),
            ("unknown_language", "Rows read whose language no model names,", counts.unknown_language),
            ("tokens", "Tokens of the texts read", counts.tokens),
        ];
        for (metric, help, count) in one {
            self.sample(&name(metric), kind, &format!("{help} {whose}."));
            self.value(&name(metric), "", count as f64);
        }
        let failed = [("nulled", counts.nulled), ("rejected", counts.rejected), ("lost", counts.lost)];
        self.sample(&name("rows_failed"), kind, &format!("Rows left without entities {whose}, by outcome."));
        self.labelled(&name("rows_failed"), "outcome", &failed);
        let entities: Vec<(&str, u64)> = counts.entities.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        self.sample(&name("entities"), kind, &format!("Entities found {whose}, by type."));
        self.labelled(&name("entities"), "entity", &entities);
        let model = [("text", counts.model_tokens), ("padding", counts.padded_tokens)];
        self.sample(&name("model_tokens"), kind, &format!("Tokens put through the model {whose}."));
        self.labelled(&name("model_tokens"), "kind", &model);
    }
}
