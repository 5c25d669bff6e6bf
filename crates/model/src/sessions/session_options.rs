//! [`SessionOptions`]: how many sessions a model has, and where they run.

use crate::Device;

/// How many sessions there are, and where they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionOptions {
    /// The device of all sessions.
    pub device: Device,
    /// Number of sessions: as many batches run in parallel.
    pub sessions: usize,
    /// Threads of each session.
    pub intra_threads: usize,
}

impl SessionOptions {
    /// True if sessions share the large weights: on a CPU, where there are several.
    pub(crate) fn share_weights(self) -> bool {
        self.sessions > 1 && self.device == Device::Cpu
    }
}
