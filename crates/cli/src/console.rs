//! Standard output and standard error.

use std::{
    fmt::Display,
    io::{Write, stderr, stdout},
};

use crate::error::CliError;

/// Prints `text` to standard output.
///
/// # Errors
/// [`CliError::Stdout`], also for a pipe that nobody reads.
pub fn print(text: &str) -> Result<(), CliError> {
    print_bytes(text.as_bytes())
}

/// As [`print`], for text that another crate rendered as bytes.
///
/// # Errors
/// [`CliError::Stdout`].
pub fn print_bytes(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = stdout().lock();
    out.write_all(bytes).and_then(|()| out.flush()).map_err(CliError::Stdout)
}

/// Prints a line to standard error. A closed pipe or a full disk loses the line and stops no work; `eprintln!` would
/// panic.
pub fn eprint_line(line: impl Display) {
    let _ = writeln!(stderr(), "{line}");
}
