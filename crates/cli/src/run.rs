//! `spanframe run`: a job over files and folders that goes on where it was stopped.

use std::{io::stderr, path::PathBuf};

use tracing_subscriber::filter::LevelFilter;

use crate::{error::CliError, flags::RunFlags, text::print, watch::Watch};

pub fn run(flags: &RunFlags, library: Option<PathBuf>) -> Result<(), CliError> {
    if let Some(level) = flags.log {
        let level = LevelFilter::from_level(level);
        let log = tracing_subscriber::fmt().json().with_max_level(level).with_writer(stderr);
        // a log that cannot be written is not told on the same standard error: that would panic; another subscriber can only
        // be there if this runs inside a program that has its own log
        let _ = log.log_internal_errors(false).try_init();
    }
    let mut watch = Watch::new(flags.quiet || flags.json, flags.metrics.as_deref());
    let done = spanframe_jobs::run(flags.job(), flags.engine.raw(), |o| o.runtime.python = library, &mut watch);
    let summary = watch.finish(done)?;
    if flags.json {
        let text = serde_json::to_string_pretty(&summary).map_err(|e| CliError::Stdout(e.into()))?;
        return print(&format!("{text}\n"));
    }
    Ok(())
}
