//! Panics, told by their place alone where notes are seen: the message can quote the text that was sliced.

use std::{
    io::{Write, stderr},
    panic::{self, PanicHookInfo},
    sync::Once,
    thread,
};

/// How names of threads that see notes begin: a panic on one of them is told by its place alone, once a model is loaded.
pub const THREAD_NAME: &str = "spanframe-";

/// A panic hook that tells the place alone, for a program whose own threads see notes.
pub fn tell_place(info: &PanicHookInfo<'_>) {
    let place = info.location().map_or_else(|| "an unknown place".to_string(), ToString::to_string);
    // `eprintln!` panics where standard error is closed or full, and a panic in here ends the process
    let _ = writeln!(stderr(), "spanframe: panic at {place}");
}

/// Installs a panic hook that reports a panic by its place alone on threads whose name begins with [`THREAD_NAME`]. Other
/// threads keep the hook of the program. A second call does nothing.
pub fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match thread::current().name() {
            Some(name) if name.starts_with(THREAD_NAME) => tell_place(info),
            _ => usual(info),
        }));
    });
}
