//! Work on a thread of its own, while the caller's thread heeds signals.

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

use crate::error::InternalError;

/// Between two looks for signals.
pub const EVERY: Duration = Duration::from_millis(200);
/// Begins as the engine's threads do: a panic on it is told by its place alone.
const THREAD: &str = "spanframe-call";

/// Asks work to end as soon as it can.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether the work is to end.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Does `work`, which looks at [`Stop`] and may send news; `hear` gets the last of them, here.
///
/// What a signal handler or `hear` raises stops the work, and is raised when it has ended. A second exception is raised at once,
/// and the work ends by itself.
pub fn attended<T: Send + 'static, N: Send + 'static>(
    py: Python<'_>, work: impl FnOnce(Stop, Sender<N>) -> PyResult<T> + Send + 'static,
    hear: impl FnMut(Python<'_>, N) -> PyResult<()> + Send,
) -> PyResult<T> {
    let stop = Stop::default();
    let (tell, told) = channel();
    let seen = stop.clone();
    let worker = thread::Builder::new().name(THREAD.to_string()).spawn(move || work(seen, tell));
    let worker = worker.map_err(|error| InternalError::new_err(format!("no thread for the work: {error}")))?;
    py.detach(|| {
        attend(told, &stop, hear)?;
        let panicked = |_| Err(InternalError::new_err("the work panicked; standard error names the place"));
        worker.join().unwrap_or_else(panicked)
    })
}

/// Looks for signals and hears news until the sender is dropped, which ends the work.
fn attend<N>(
    told: Receiver<N>, stop: &Stop, mut hear: impl FnMut(Python<'_>, N) -> PyResult<()> + Send,
) -> PyResult<()> {
    let mut raised = None;
    loop {
        let news = match told.recv_timeout(EVERY) {
            Ok(news) => Some(told.try_iter().last().unwrap_or(news)),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return raised.map_or(Ok(()), Err),
        };
        let heard = Python::attach(|py| {
            py.check_signals()?;
            news.filter(|_| raised.is_none()).map_or(Ok(()), |news| hear(py, news))
        });
        let Err(error) = heard else { continue };
        stop.0.store(true, Ordering::Relaxed);
        if raised.is_some() {
            return Err(error);
        }
        raised = Some(error);
    }
}
