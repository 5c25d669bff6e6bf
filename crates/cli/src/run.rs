//! `spanframe run`: a job over files and folders that resumes where it was stopped.

use std::path::PathBuf;

use tracing_subscriber::filter::LevelFilter;

use crate::{
    console::{JsonLog, print_json},
    error::CliError,
    flags::RunFlags,
    job_monitor::JobMonitor,
};

/// Runs or resumes the job. `library` is the ONNX Runtime of the host, if it has one.
pub fn run(flags: &RunFlags, library: Option<PathBuf>) -> Result<(), CliError> {
    if let Some(level) = flags.log {
        let level = LevelFilter::from_level(level);
        let log = tracing_subscriber::fmt().json().with_max_level(level).with_writer(|| JsonLog);
        // reporting a failed write of the log on the same standard error would panic. `try_init` fails only inside a
        // program that has a log of its own, which then is the one to use
        let _ = log.log_internal_errors(false).try_init();
        spanframe_engine::set_warning_hook(|warning| tracing::warn!("{warning}"));
    }
    let mut monitor = JobMonitor::new(flags.quiet || flags.json, flags.metrics.as_deref());
    let done = spanframe_jobs::run(flags.job(), flags.engine.raw(), |o| o.runtime.python = library, &mut monitor);
    let done = monitor.finish(done);
    let summary = match &done {
        Ok(summary) => Some(summary),
        Err(CliError::Job(error)) => error.summary(),
        Err(_) => None,
    };
    if let Some(summary) = summary.filter(|_| flags.json) {
        let text = serde_json::to_string_pretty(summary).map_err(|e| CliError::Stdout(e.into()))?;
        print_json(text)?;
    }
    done.map(drop)
}
