//! [`Scratch`]: memory that a thread uses again for every window.

use std::{cell::Cell, mem};

/// Values in a cache line.
const LINE: usize = 16;

thread_local! {
    static MEMORY: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// The memory of this thread, which returns to the thread when it is dropped.
///
/// New memory would cost more than packing a window into it: the system maps it page by page, and it is zeroed.
pub(crate) struct Scratch(Vec<f32>);

impl Scratch {
    pub(crate) fn take() -> Self {
        Self(MEMORY.take())
    }

    /// Parts of `lengths` values, which begin at cache lines. They hold anything.
    pub(crate) fn parts<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [f32]; N] {
        let whole: usize = lengths.iter().map(|length| length.next_multiple_of(LINE)).sum();
        self.0.resize(self.0.len().max(whole + LINE), 0.0);
        let start = self.0.as_ptr().align_offset(LINE * size_of::<f32>());
        let mut rest = &mut self.0[start..];
        lengths.map(|length| {
            let (part, behind) = mem::take(&mut rest).split_at_mut(length.next_multiple_of(LINE));
            rest = behind;
            &mut part[..length]
        })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        MEMORY.set(mem::take(&mut self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_begin_at_cache_lines_and_memory_is_used_again() {
        let mut scratch = Scratch::take();
        let [one, none, other] = scratch.parts([17, 0, 5]);
        assert_eq!((one.len(), none.len(), other.len()), (17, 0, 5));
        assert!([one.as_ptr(), other.as_ptr()].iter().all(|start| start.align_offset(64) == 0));
        one[3] = 7.0;
        drop(scratch);
        assert_eq!(Scratch::take().parts([17])[0][3], 7.0);
    }
}
