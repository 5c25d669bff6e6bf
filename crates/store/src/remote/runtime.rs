//! The threads that wait for the network.

use std::{
    future::Future,
    sync::{Mutex, PoisonError, mpsc},
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

/// Requests wait more than they compute.
const THREADS: usize = 2;

/// One for all stores of a process, made when it is first needed; never dropped, as a fork's child cannot end the threads
/// of its parent.
static RUNTIME: Mutex<Option<(u32, &'static Runtime)>> = Mutex::new(None);

/// Blocks until `future` is done, on any thread: one that serves another runtime would not take a `block_on`.
///
/// # Errors
/// Threads that cannot be started, and a panic in `future`.
pub fn wait<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<T, String> {
    start(future)?.recv().map_err(|_| "a request stopped midway".to_string())
}

/// Blocks until `future` is done, but no longer than `limit`; it goes on then, unseen.
pub fn wait_at_most(limit: Duration, future: impl Future<Output = ()> + Send + 'static) {
    let _ = start(future).map(|done| done.recv_timeout(limit));
}

fn start<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Result<mpsc::Receiver<T>, String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime()?.spawn(async move {
        // nobody waits any longer
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
