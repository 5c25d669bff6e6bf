//! Ctrl-C and termination: the file in progress goes, and the program ends at once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, Once, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// What shells report for a program that Ctrl-C ended.
pub const INTERRUPTED: u8 = 130;

static IN_PROGRESS: Mutex<Option<PathBuf>> = Mutex::new(None);
static HANDLER: Once = Once::new();
static STOPPABLE: AtomicBool = AtomicBool::new(false);
static STOP: AtomicBool = AtomicBool::new(false);

/// Removes `partial` if the program is interrupted while the guard lives.
///
/// Inference cannot be stopped in the middle of a batch, so the handler does not wait for it.
pub fn remove_if_interrupted(partial: &Path) -> Guard {
    set(Some(partial.to_path_buf()));
    handle();
    Guard
}

/// What the first interrupt sets from now on; the second ends the program at once.
pub fn stop_if_interrupted() -> &'static AtomicBool {
    STOPPABLE.store(true, Ordering::Relaxed);
    handle();
    &STOP
}

fn handle() {
    HANDLER.call_once(|| {
        // without the handler an interrupt leaves a hidden file, and nothing worse
        let _ = ctrlc::set_handler(|| {
            if STOPPABLE.load(Ordering::Relaxed) && !STOP.swap(true, Ordering::Relaxed) {
                return;
            }
            if let Some(path) = IN_PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = fs::remove_file(path);
            }
            std::process::exit(INTERRUPTED.into());
        });
    });
}

/// Ends the watch when dropped.
pub struct Guard;

impl Drop for Guard {
    fn drop(&mut self) {
        set(None);
    }
}

fn set(path: Option<PathBuf>) {
    *IN_PROGRESS.lock().unwrap_or_else(PoisonError::into_inner) = path;
}
