//! [`Lock`]: one process at a time.

use std::fs::File;

/// Held while it lives; the system gives it back when the process ends, however it ends.
#[derive(Debug)]
#[must_use = "a lock that is dropped is no longer held"]
pub struct Lock {
    /// Carries the system's lock; none where the store has no locks.
    _file: Option<File>,
}

impl Lock {
    pub(crate) fn new(file: Option<File>) -> Self {
        Self { _file: file }
    }
}
