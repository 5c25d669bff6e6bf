//! [`AlignedWeight`]: a copy of weights that begins at a cache line, shared by all sessions of the process.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, Weak},
};

use crate::shared::shared;

/// Bytes of a cache line and of the widest registers (AVX-512).
const LINE: usize = 64;

/// The copies that a kernel holds.
static COPIES: Mutex<Vec<Weak<AlignedWeight>>> = Mutex::new(Vec::new());

/// Weights that begin at a multiple of 64 bytes, so that no register is loaded from two cache lines.
pub(crate) struct AlignedWeight {
    bytes: Vec<i8>,
    /// The first byte of the weights.
    start: usize,
    length: usize,
}

impl AlignedWeight {
    /// An aligned copy of `weight`, one for all kernels with these weights; `None` if `weight` is aligned already.
    ///
    /// glibc's allocator, which Python programs use, puts large memory 16 bytes behind a cache line.
    pub(crate) fn of(weight: &[i8]) -> Option<Arc<Self>> {
        if weight.as_ptr().align_offset(LINE) == 0 {
            return None;
        }
        Some(shared(&COPIES, |copy| copy[..] == *weight, || Self::copied(weight)))
    }

    fn copied(weight: &[i8]) -> Self {
        let mut bytes = vec![0; weight.len() + LINE];
        let start = bytes.as_ptr().align_offset(LINE);
        bytes[start..][..weight.len()].copy_from_slice(weight);
        Self { bytes, start, length: weight.len() }
    }
}

impl Deref for AlignedWeight {
    type Target = [i8];

    fn deref(&self) -> &[i8] {
        &self.bytes[self.start..][..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_copied_once_and_only_where_they_are_not_aligned() {
        let mut bytes = AlignedWeight::copied(&[7; 1000]);
        assert!(AlignedWeight::of(&bytes).is_none());
        let start = bytes.start;
        bytes.bytes[start + 5] = 1;
        let weight = &bytes[5..];
        let (one, other) = (AlignedWeight::of(weight).unwrap(), AlignedWeight::of(weight).unwrap());
        assert!(Arc::ptr_eq(&one, &other) && one.as_ptr().align_offset(LINE) == 0);
        assert_eq!(one[..], *weight);
        assert_ne!(AlignedWeight::of(&bytes[6..]).unwrap()[..], one[..]);
    }
}
