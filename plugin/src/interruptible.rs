//! Runs work on a thread of its own while the caller's thread checks for signals.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread,
    time::Duration,
};

use pyo3::prelude::*;
use spanframe_engine::{THREAD_NAME, quiet_panics};

use crate::error::{DeviceError, InternalError};

/// Time between two checks for signals.
pub const INTERVAL: Duration = Duration::from_millis(200);

/// Name of the thread, after the prefix of the engine's threads: a panic on it is reported by its place alone.
const THREAD: &str = "call";

/// Asks work to end soon.
#[derive(Clone, Default)]
pub struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// True if the work should end.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Runs `work` on a thread and returns its result. `work` polls the [`StopFlag`] and may send updates; `on_update` gets
/// the latest one, on the caller's thread.
///
/// # Errors
/// That of `work`. If a signal handler or `on_update` raises, the work is stopped and that exception is raised when it
/// has ended. A second exception is raised at once, and the work ends by itself.
pub fn interruptible<T: Send + 'static, U: Send + 'static>(
    py: Python<'_>, work: impl FnOnce(StopFlag, Sender<U>) -> PyResult<T> + Send + 'static,
    on_update: impl FnMut(Python<'_>, U) -> PyResult<()> + Send,
) -> PyResult<T> {
    let stop = StopFlag::default();
    let (sender, updates) = channel();
    let seen = stop.clone();
    quiet_panics();
    let worker = thread::Builder::new().name(format!("{THREAD_NAME}{THREAD}")).spawn(move || work(seen, sender));
    let worker = worker.map_err(|error| {
        DeviceError::new_err(format!(
            "cannot start a thread ({error}): raise `ulimit -u`, or use fewer threads (`sessions`, `intra_threads`)"
        ))
    })?;
    py.detach(|| {
        wait(updates, &stop, on_update)?;
        let panicked = |_| {
            Err(InternalError::new_err("internal error, please report it with the place that standard error names"))
        };
        worker.join().unwrap_or_else(panicked)
    })
}

/// Checks for signals and passes updates on until the sender is dropped, which ends the work.
fn wait<U>(
    updates: Receiver<U>, stop: &StopFlag, mut on_update: impl FnMut(Python<'_>, U) -> PyResult<()> + Send,
) -> PyResult<()> {
    let mut raised = None;
    loop {
        let update = match updates.recv_timeout(INTERVAL) {
            Ok(update) => Some(updates.try_iter().last().unwrap_or(update)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return raised.map_or(Ok(()), Err),
        };
        let checked = Python::attach(|py| {
            py.check_signals()?;
            update.filter(|_| raised.is_none()).map_or(Ok(()), |update| on_update(py, update))
        });
        let Err(error) = checked else { continue };
        stop.0.store(true, Ordering::Relaxed);
        if raised.is_some() {
            return Err(error);
        }
        raised = Some(error);
    }
}
