//! The runtime of all requests: blocking callers wait for its threads.

use std::{
    future::Future,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

/// Few threads suffice, as requests wait more than they compute.
const THREADS: usize = 2;

/// One for all stores of a process, with its process id. It is never dropped: after a fork, the child cannot end the
/// parent's threads and starts a runtime of its own.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// Blocks until `future` is done. Works on any thread, also on one of another runtime, where `block_on` would panic.
///
/// # Errors
/// A message if threads cannot be started, or `future` panicked.
pub fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    start(future)?.recv().map_err(|_| "a request ended without an answer".to_string())
}

/// Blocks until `future` is done, at most for `limit`. It goes on in the background then.
pub fn wait_at_most(limit: Duration, future: impl Future<Output = ()> + Send + 'static) {
    let _ = start(future).map(|done| done.recv_timeout(limit));
}

fn start<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<mpsc::Receiver<T>, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // fails if nobody waits any longer
        let _ = sender.send(future.await);
    });
    Ok(receiver)
}

fn runtime() -> Result<&'static Runtime, String> {
    let process = std::process::id();
    let mut made = RUNTIME.lock().unwrap_or_else(PoisonError::into_inner);
    match *made {
        Some((by, runtime)) if by == process => Ok(runtime),
        _ => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(THREADS).thread_name("spanframe-store").enable_all();
            let runtime = builder.build().map_err(|e| format!("cannot start {THREADS} threads: {e}"))?;
            let runtime: &'static Runtime = Box::leak(Box::new(runtime));
            *made = Some((process, runtime));
            Ok(runtime)
        }
    }
}
