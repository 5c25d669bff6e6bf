//! [`Device`]: the processor or GPU that runs a model.

use std::{fmt, str::FromStr};

use crate::ModelError;

/// Where inference runs. A device that is absent is an error; there is no fallback to the CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The CPU.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this index.
    Cuda(u16),
}

impl Device {
    /// Widths of batches are rounded up to a multiple of this. On a GPU every new shape allocates new memory in the
    /// arena.
    #[must_use]
    pub fn width_step(self) -> usize {
        match self {
            Self::Cpu => 1,
            Self::Cuda(_) => 32,
        }
    }
}

impl FromStr for Device {
    type Err = ModelError;

    /// Parses `cpu`, `cuda` (the first GPU) or `cuda:N`.
    fn from_str(name: &str) -> Result<Self, ModelError> {
        let unknown = || ModelError::UnknownDevice(name.to_string());
        match name.split_once(':') {
            None if name == "cpu" => Ok(Self::Cpu),
            None if name == "cuda" => Ok(Self::Cuda(0)),
            Some(("cuda", n)) => n.parse().map(Self::Cuda).map_err(|_| unknown()),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(n) => write!(f, "cuda:{n}"),
        }
    }
}
