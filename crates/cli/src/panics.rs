//! A panic of the program is told by its place alone, on whatever thread, and is an internal error: its message can quote a note.

use std::panic::{self, AssertUnwindSafe};

use spanframe_engine::tell_place;

/// The exit code that `work` gives, or that of an internal error.
pub fn told_by_place(work: impl FnOnce() -> u8) -> u8 {
    panic::set_hook(Box::new(tell_place));
    // nothing that the panic may have left half-done is looked at again: the program ends
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(1)
}
