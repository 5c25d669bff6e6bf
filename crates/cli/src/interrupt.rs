//! Ctrl-C and SIGTERM: the first asks the job to stop, the second ends the program.

use std::sync::{
    Once,
    atomic::{AtomicBool, Ordering},
};

/// Exit code of a program that was interrupted: 128 and the number of SIGINT.
pub const INTERRUPTED: u8 = 130;

static HANDLER: Once = Once::new();
static STOP: AtomicBool = AtomicBool::new(false);

/// Handles interrupts from now on. Returns the flag that the first one sets.
///
/// The job stops after the current batch and removes its partial file. If a second interrupt ends the program before
/// that, the next job into the same folder removes the file.
pub fn stop_flag() -> &'static AtomicBool {
    HANDLER.call_once(|| {
        // without a handler an interrupt ends the program at once and leaves a hidden partial file
        let _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED.into());
            }
        });
    });
    &STOP
}
