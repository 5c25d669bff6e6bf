//! Runs a job for Python.

use std::{io, path::PathBuf, sync::mpsc::Sender, time::Instant};

use pyo3::{prelude::*, types::PyDict};
use spanframe_engine::RawOptions;
use spanframe_jobs::{Flow, JobError, JobProgress, MetricsFile, Observer, RawJob, RunState, Summary};

use crate::{
    PYTHON_LIBRARY,
    error::{self, InputError, InternalError},
    interruptible::{INTERVAL, StopFlag, interruptible},
    keywords,
};

/// Runs a job and returns its summary as JSON. Calls `progress` with a dict, at most once per [`INTERVAL`].
///
/// # Errors
/// Those of [`spanframe_jobs::run`]. An exception of a signal handler or of `progress` stops the job; see
/// [`interruptible`].
#[pyfunction]
pub fn run(
    py: Python<'_>, job: &Bound<'_, PyDict>, options: &Bound<'_, PyDict>, metrics: &Bound<'_, PyAny>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let (job, options) = (keywords::read::<RawJob>(job)?, keywords::raw(Some(options))?);
    let metrics: Option<PathBuf> = keywords::typed("metrics", "a path", metrics)?;
    let work = move |stop, updates| {
        let metrics = metrics.as_deref().map(MetricsFile::new);
        let last = JobProgress::default();
        JobWatch { stop, updates, last, sent: None, is_unsent: false, metrics, metrics_error: None }.run(job, options)
    };
    interruptible(py, work, |py, update| match &progress {
        Some(progress) => progress.call1(py, (dict(py, &update)?,)).map(drop),
        None => Ok(()),
    })
}

/// Watches the job on its own thread.
struct JobWatch {
    stop: StopFlag,
    /// Goes to the caller's thread. Dropped when the job has ended.
    updates: Sender<JobProgress>,
    last: JobProgress,
    /// When an update was last sent.
    sent: Option<Instant>,
    /// True if `last` was not sent yet.
    is_unsent: bool,
    metrics: Option<MetricsFile>,
    /// Why the metrics file cannot be written.
    metrics_error: Option<io::Error>,
}

impl JobWatch {
    fn run(mut self, job: RawJob, options: RawOptions) -> PyResult<String> {
        let configure = |o: &mut spanframe_engine::EngineOptions| o.runtime.python = PYTHON_LIBRARY.get().cloned();
        let done = spanframe_jobs::run(job, options, configure, &mut self);
        self.finish(done)
    }

    /// Sends the last counts and writes them to the metrics file.
    fn finish(mut self, done: Result<Summary, JobError>) -> PyResult<String> {
        let state = RunState::of(&done);
        let last = self.metrics.as_mut().and_then(|metrics| metrics.write(&self.last, state).err());
        if self.is_unsent {
            self.send();
        }
        if let (Some(error), Ok(_) | Err(JobError::Stopped)) = (self.metrics_error.or(last), &done) {
            return Err(InputError::new_err(format!(
                "cannot write the metrics file {error}: name one in a folder that you can write to, with `metrics`"
            )));
        }
        let summary = done.map_err(|error| error::job(&error))?;
        serde_json::to_string(&summary)
            .map_err(|error| InternalError::new_err(format!("internal error, please report it: {error}")))
    }

    fn send(&mut self) {
        (self.sent, self.is_unsent) = (Some(Instant::now()), false);
        // fails only after a second exception, when nobody listens any more
        let _ = self.updates.send(self.last.clone());
    }
}

impl Observer for JobWatch {
    fn update(&mut self, progress: &JobProgress) -> Flow {
        (self.last, self.is_unsent) = (progress.clone(), true);
        if let Some(metrics) = self.metrics.as_mut().filter(|_| self.metrics_error.is_none()) {
            self.metrics_error = metrics.write(progress, RunState::Running).err();
        }
        if self.sent.is_none_or(|at| at.elapsed() >= INTERVAL) {
            self.send();
        }
        if self.metrics_error.is_some() || self.stop.is_set() { Flow::Stop } else { Flow::Continue }
    }
}

/// Returns the counts by the names of the package's `Progress`.
fn dict<'py>(py: Python<'py>, progress: &JobProgress) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    all.set_item("units", progress.units)?;
    all.set_item("units_done", progress.units_before + progress.units_done)?;
    all.set_item("rows", progress.rows)?;
    all.set_item("rows_done", progress.rows_before + progress.done())?;
    all.set_item("share", progress.share())?;
    all.set_item("entities", &progress.counts.entities)?;
    all.set_item("tokens", progress.counts.tokens)?;
    all.set_item("rows_per_second", progress.rows_per_second())?;
    all.set_item("tokens_per_second", progress.tokens_per_second())?;
    all.set_item("seconds_left", progress.left().map(|left| left.as_secs_f64()))?;
    Ok(all)
}
