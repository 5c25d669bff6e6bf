//! Ctrl-C and termination: the file in progress goes, and the program ends at once.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, Once, PoisonError},
};

/// What shells report for a program that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

static IN_PROGRESS: Mutex<Option<PathBuf>> = Mutex::new(None);
static HANDLER: Once = Once::new();

/// Removes `partial` if the program is interrupted while the guard lives.
///
/// Inference cannot be stopped in the middle of a batch, so the handler does not wait for it.
pub fn remove_if_interrupted(partial: &Path) -> Guard {
    set(Some(partial.to_path_buf()));
    HANDLER.call_once(|| {
        // without the handler an interrupt leaves a hidden file, and nothing worse
        let _ = ctrlc::set_handler(|| {
            if let Some(path) = IN_PROGRESS.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = fs::remove_file(path);
            }
            std::process::exit(INTERRUPTED);
        });
    });
    Guard
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
