//! Ctrl-C and termination: the first asks the job to end, the second ends the program.

use std::sync::{
    Once,
    atomic::{AtomicBool, Ordering},
};

/// What shells report for a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

static HANDLER: Once = Once::new();
static STOP: AtomicBool = AtomicBool::new(false);

/// What the first interrupt sets from now on. A file in progress is removed as the job ends; should the second interrupt come
/// before that, the next job into the same folder removes it.
pub fn stop_if_interrupted() -> &'static AtomicBool {
    HANDLER.call_once(|| {
        // without the handler an interrupt leaves a hidden file, and nothing worse
        let _ = ctrlc::set_handler(|| {
            if STOP.swap(true, Ordering::Relaxed) {
                std::process::exit(INTERRUPTED.into());
            }
        });
    });
    &STOP
}
