//! [`Lock`]: lets one process at a time do something.

use std::fs::File;

/// A lock, held until it is dropped. The system releases it when the process ends, also by a kill.
#[derive(Debug)]
#[must_use = "a lock that is dropped is no longer held"]
pub struct Lock {
    /// Holds the system's lock; `None` where the store has no locks.
    file: Option<File>,
}

impl Lock {
    pub(crate) fn new(file: Option<File>) -> Self {
        Self { file }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            // after a fork, closing alone would leave the lock with the child
            let _ = file.unlock();
        }
    }
}
