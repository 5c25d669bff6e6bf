//! [`tell`]: standard error, which may be closed or full without harm to the work.

use std::{
    fmt::Display,
    io::{Write, stderr},
};

/// Writes a line to standard error. Where nobody reads it or the disk behind it is full, it goes untold: `eprintln!` would
/// panic.
pub fn tell(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}
