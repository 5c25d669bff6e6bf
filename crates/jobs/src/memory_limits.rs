//! [`MemoryLimits`]: how many bytes of texts and row groups a job holds in memory.

use std::{fs, ops::RangeInclusive, path::Path};

use spanframe_engine::OptionError;

/// Least and most bytes of a batch.
const BATCH: RangeInclusive<u64> = 256 << 10..=4 << 20;
/// Least and most bytes of a row group.
const ROW_GROUP: RangeInclusive<u64> = 2 << 20..=64 << 20;

/// Bytes that a job holds in memory besides the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryLimits {
    /// Columns of a batch. Three batches are in memory: read ahead, annotated, written.
    pub batch_bytes: usize,
    /// Encoded rows of the row group that is being written.
    pub row_group_bytes: usize,
}

impl MemoryLimits {
    /// Shares out `memory` bytes, or a quarter of what this process may use.
    #[must_use]
    pub fn new(memory: Option<u64>) -> Self {
        Self::of(memory.or_else(|| limit().map(|limit| limit / 4)).unwrap_or(u64::MAX))
    }

    fn of(memory: u64) -> Self {
        let share =
            |part: u64, limits: RangeInclusive<u64>| (memory / part).clamp(*limits.start(), *limits.end()) as usize;
        Self { batch_bytes: share(32, BATCH), row_group_bytes: share(4, ROW_GROUP) }
    }
}

/// Bytes that this process may use: the lowest limit of its control groups, or all memory of the machine.
fn limit() -> Option<u64> {
    machine_memory().into_iter().chain(group_limit()).min()
}

fn machine_memory() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<u64>().ok()? << 10)
}

/// The lowest limit of this process' control group (version 2) and the groups above it.
fn group_limit() -> Option<u64> {
    const ROOT: &str = "/sys/fs/cgroup";
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let group = Path::new(ROOT).join(own);
    let groups = group.ancestors().take_while(|group| group.starts_with(ROOT));
    // a group without a limit has the text `max`
    groups.filter_map(|group| fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok()).min()
}

/// Parses a size such as `512M`, `2G` or `1048576`.
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
