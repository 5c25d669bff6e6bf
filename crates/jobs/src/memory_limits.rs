//! How much is held in memory: texts and row groups in hand, from what the machine and its control groups allow.

use std::{fs, path::Path};

use spanframe_engine::OptionError;

/// Least and most of each share, in bytes.
const BATCH: (u64, u64) = (256 << 10, 4 << 20);
const ROW_GROUP: (u64, u64) = (2 << 20, 64 << 20);

/// Bytes that a job may hold beside the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Texts and other columns of a batch; three are in hand (read ahead, annotated, written).
    pub batch_bytes: usize,
    /// Encoded rows that wait for their row group to be closed.
    pub row_group_bytes: usize,
}

impl MemoryLimits {
    /// Shares of `memory` bytes, or of a quarter of what this process may use.
    #[must_use]
    pub fn new(memory: Option<u64>) -> Self {
        Self::of(memory.or_else(|| limit().map(|limit| limit / 4)).unwrap_or(u64::MAX))
    }

    fn of(memory: u64) -> Self {
        let share = |part: u64, (least, most): (u64, u64)| (memory / part).clamp(least, most) as usize;
        Self { batch_bytes: share(32, BATCH), row_group_bytes: share(4, ROW_GROUP) }
    }
}

/// Memory that this process may use: the least limit of its control groups, or all that the machine has.
fn limit() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
    });
    let group = fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| {
        let own = text.lines().find_map(|line| line.strip_prefix("0::/").map(str::to_string))?;
        let mut folder = Path::new("/sys/fs/cgroup").join(own);
        let mut least = None;
        while folder.starts_with("/sys/fs/cgroup") {
            let read = fs::read_to_string(folder.join("memory.max")).ok();
            let bytes = read.and_then(|text| text.trim().parse::<u64>().ok());
            least = least.min(bytes).or(least).or(bytes);
            if !folder.pop() {
                break;
            }
        }
        least
    });
    match (machine, group) {
        (Some(machine), Some(group)) => Some(machine.min(group)),
        (machine, group) => machine.or(group),
    }
}

/// `512M`, `2G`, or plain bytes.
pub(crate) fn bytes(typed: &str) -> Result<u64, OptionError> {
    let (digits, shift) = match typed.trim().to_ascii_uppercase() {
        text if text.ends_with('K') => (text[..text.len() - 1].to_string(), 10),
        text if text.ends_with('M') => (text[..text.len() - 1].to_string(), 20),
        text if text.ends_with('G') => (text[..text.len() - 1].to_string(), 30),
        text => (text, 0),
    };
    let number = digits.trim().parse::<u64>().ok().filter(|&n| n > 0).and_then(|n| n.checked_mul(1 << shift));
    number.ok_or_else(|| OptionError::OutOfRange {
        option: "memory",
        value: typed.to_string(),
        allowed: "a number of bytes, such as 512M or 2G".to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_memory_gives_small_batches() {
        assert_eq!(MemoryLimits::of(u64::MAX), MemoryLimits { batch_bytes: 4 << 20, row_group_bytes: 64 << 20 });
        assert_eq!(MemoryLimits::of(32 << 20), MemoryLimits { batch_bytes: 1 << 20, row_group_bytes: 8 << 20 });
        assert_eq!(MemoryLimits::of(1), MemoryLimits { batch_bytes: 256 << 10, row_group_bytes: 2 << 20 });
    }

    #[test]
    fn sizes_are_read_with_their_unit() {
        assert_eq!([bytes("512M").unwrap(), bytes("2g").unwrap(), bytes("77").unwrap()], [512 << 20, 2 << 30, 77]);
        for wrong in ["", "M", "0", "-1G", "1T", "99999999999G"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
