//! [`Lock`]: one process at a time.

use std::fs::File;

/// Held while it lives; the system gives it back when the process ends, however it ends.
#[derive(Debug)]
#[must_use = "a lock that is dropped is no longer held"]
pub struct Lock {
    /// Carries the system's lock; none where the store has no locks.
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
            // closing alone leaves the lock with a process that was forked meanwhile
            let _ = file.unlock();
        }
    }
}
