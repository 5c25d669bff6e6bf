//! [`MetricsFile`]: writes the progress of a job to a file for monitoring.

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crate::JobProgress;

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

    /// Writes `progress`, at most every five seconds unless this is the `last` time.
    ///
    /// # Errors
    /// The error of the file system.
    pub fn write(&mut self, progress: &JobProgress, last: bool) -> io::Result<()> {
        if !last && self.written.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.written = Some(Instant::now());
        if self.path.extension().is_some_and(|e| e == "jsonl" || e == "ndjson") {
            let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
            return writeln!(file, "{}", json(progress));
        }
        // a rename, so that readers see the old file or the new one
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let partial = self.path.with_file_name(format!(".{name}.spanframe-partial"));
        fs::write(&partial, prometheus(progress))?;
        fs::rename(&partial, &self.path)
    }
}

fn json(progress: &JobProgress) -> serde_json::Value {
    let mut all = serde_json::to_value(progress).unwrap_or_default();
    all["seconds"] = progress.elapsed.as_secs_f64().into();
    all["share"] = progress.share().into();
    all["rows_per_second"] = progress.rows_per_second().into();
    all["tokens_per_second"] = progress.tokens_per_second().into();
    all
}

/// The metrics in the Prometheus text format, which node exporter and Pushgateway read.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
fn prometheus(progress: &JobProgress) -> String {
    let counts = &progress.counts;
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, values: &[(String, f64)]| {
        let _ = writeln!(text, "# HELP spanframe_{name} {help}\n# TYPE spanframe_{name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "spanframe_{name}{labels} {value}");
        }
    };
    let one = |value: f64| vec![(String::new(), value)];
    let by = |label: &str, value: &str, count: f64| (format!("{{{label}=\"{value}\"}}"), count);
    add("units", "gauge", "Units of this shard.", &one(progress.units as f64));
    let units_done = progress.units_before + progress.units_done;
    add("units_done", "gauge", "Units that are done, by this run or an earlier one.", &one(units_done as f64));
    add("rows", "gauge", "Rows of this shard.", &one(progress.rows as f64));
    add("share_done", "gauge", "Share of this shard's rows that are done, 0 to 1.", &one(progress.share()));
    add("rows_total", "counter", "Rows read by this run.", &one(counts.rows as f64));
    let bad = [("nulled", counts.nulled), ("rejected", counts.rejected), ("lost", counts.lost)];
    let bad: Vec<_> = bad.iter().map(|(name, count)| by("outcome", name, *count as f64)).collect();
    add("rows_failed_total", "counter", "Rows without entities, by what became of them.", &bad);
    let unknown = counts.unknown_language as f64;
    add("unknown_language_total", "counter", "Rows whose language no model names.", &one(unknown));
    let quote = |name: &str| name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let entities: Vec<_> = counts.entities.iter().map(|(name, n)| by("entity", &quote(name), *n as f64)).collect();
    add("entities_total", "counter", "Entities found by this run, by type.", &entities);
    add("tokens_total", "counter", "Pieces of the texts read by this run.", &one(counts.tokens as f64));
    let model = [by("kind", "text", counts.model_tokens as f64), by("kind", "padding", counts.padded_tokens as f64)];
    add("model_tokens_total", "counter", "Tokens that went through the model.", &model);
    let stages =
        [("read", counts.seconds.read), ("annotate", counts.seconds.annotate), ("write", counts.seconds.write)];
    let stages: Vec<_> = stages.iter().map(|(name, seconds)| by("stage", name, *seconds)).collect();
    add("stage_seconds_total", "counter", "Seconds of this run, by stage.", &stages);
    add(
        "run_seconds",
        "gauge",
        "Seconds since the first unit of this run began.",
        &one(progress.elapsed.as_secs_f64()),
    );
    text
}
