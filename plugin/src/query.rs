//! Runs work of a Polars query so that Ctrl-C ends it.

use std::sync::mpsc::Sender;

use polars::prelude::{PolarsError, polars_err};
use pyo3::prelude::*;
use spanframe_engine::EngineError;

use crate::{
    annotate::ShouldStop,
    bridge::signal::{self, SigintWatch},
    interruptible::{StopFlag, interruptible},
};

/// Why work of a query has no result.
pub enum QueryError {
    /// The engine's error.
    Engine(EngineError),
    /// SIGINT, a panic, or a thread that cannot be started.
    Other(PolarsError),
    /// An exception will be raised as soon as the query returns to Python, so its result does not matter.
    WillRaise,
}

/// Runs `work`, which polls its argument and ends with `Err(None)` once that is true.
///
/// In the main thread Python's signal handlers run meanwhile, and decide: an exception of theirs ends the work and is
/// raised when Polars returns. Polars would make a `ComputeError` of it, which `except KeyboardInterrupt` misses. In
/// other threads SIGINT ends the work by an error; Python's handler follows in the main thread.
pub fn stoppable<T: Send + 'static>(
    work: impl FnOnce(&ShouldStop) -> Result<T, Option<EngineError>> + Send + 'static,
) -> Result<T, QueryError> {
    let done = if signal::is_main_thread() { in_main_thread(work)? } else { in_other_thread(work) };
    done.map_err(|error| match error {
        Some(error) => QueryError::Engine(error),
        None => QueryError::Other(polars_err!(ComputeError: "stopped by Ctrl-C (SIGINT): run the query again")),
    })
}

fn in_other_thread<T>(
    work: impl FnOnce(&ShouldStop<'_>) -> Result<T, Option<EngineError>>,
) -> Result<T, Option<EngineError>> {
    if signal::is_stopped() {
        return Err(None);
    }
    let watch = SigintWatch::start();
    let done = work(&|| watch.is_interrupted());
    if let Err(None) = done {
        signal::stop_until_python_runs();
    }
    done
}

fn in_main_thread<T: Send + 'static>(work: impl FnOnce(&ShouldStop) -> T + Send + 'static) -> Result<T, QueryError> {
    // an earlier part of the same query was stopped
    if signal::is_raising() {
        return Err(QueryError::WillRaise);
    }
    Python::attach(|py| {
        let work = move |stop: StopFlag, _: Sender<()>| Ok(work(&|| stop.is_set()));
        let error = match interruptible(py, work, |_, ()| Ok(())) {
            Ok(done) => return Ok(done),
            Err(error) if error.is_instance_of::<crate::error::SpanframeError>(py) => error,
            Err(error) => match signal::raise_in_main_thread(py, error) {
                Ok(()) => return Err(QueryError::WillRaise),
                Err(error) => error,
            },
        };
        Err(QueryError::Other(polars_err!(ComputeError: "{}", error.value(py))))
    })
}
