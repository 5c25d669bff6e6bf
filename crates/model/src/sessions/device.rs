//! [`Device`]: where inference runs.

use std::{fmt, str::FromStr};

use crate::ModelError;

/// Where inference runs. A device that is asked for and absent is an error, never a fallback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// The NVIDIA GPU with this number.
    Cuda(u16),
}

impl Device {
    /// Batches have widths that are multiples of it: on a GPU each new shape asks the arena for memory anew.
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

    /// Reads `cpu`, `cuda` (the first GPU) or `cuda:N`.
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
