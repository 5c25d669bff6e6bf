//! Panics of the program. The message of a panic can quote a note, so only its place in the code is printed.

use std::panic::{self, AssertUnwindSafe};

use spanframe_engine::print_panic_place;

/// Exit code of an internal error.
const INTERNAL: u8 = 1;

/// Runs `work` and returns its exit code. A panic, on any thread, prints its place alone; on this thread it gives the
/// exit code of an internal error.
pub fn guard(work: impl FnOnce() -> u8) -> u8 {
    panic::set_hook(Box::new(print_panic_place));
    // unwind safe, because the program ends and uses nothing that the panic left half-done
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(INTERNAL)
}
