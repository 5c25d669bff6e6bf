//! Panics on threads that see notes: standard error gets their place alone, because a message may quote the note.

use std::{
    io::{Write, stderr},
    panic::{self, PanicHookInfo},
    sync::Once,
    thread,
};

/// The prefix of the names of threads that see notes. Once a model is loaded, a panic on one of them prints its place
/// alone.
pub const THREAD_NAME: &str = "spanframe-";

/// A panic hook that prints the place alone, for programs whose own threads see notes.
pub fn print_panic_place(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_string(), ToString::to_string);
    // `eprintln!` panics if standard error is closed or full, and a panic in a hook aborts the process
    let _ = writeln!(stderr(), "spanframe: panic at {place}");
}

/// Installs a panic hook that prints the place alone on threads whose name begins with [`THREAD_NAME`]. Other threads
/// keep the hook of the program. A second call does nothing.
pub fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(name) if name.starts_with(THREAD_NAME) => print_panic_place(info),
            _ => usual(info),
        }));
    });
}
