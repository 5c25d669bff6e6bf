//! `spanframe annotate`: writes a file with entities for each file of notes.

use std::path::PathBuf;

use crate::{error::CliError, flags::AnnotateFlags, job_monitor::JobMonitor};

/// Annotates the inputs. `library` is the ONNX Runtime of the host, if it has one.
pub fn annotate(flags: &AnnotateFlags, library: Option<PathBuf>) -> Result<(), CliError> {
    let mut monitor = JobMonitor::new(flags.quiet, None);
    let done = spanframe_jobs::annotate(flags.job(), flags.engine.raw(), |o| o.runtime.python = library, &mut monitor);
    monitor.finish(done).map(drop)
}
