//! Standard output and standard error.

use std::{
    fmt::Display,
    io::{self, Write, stderr, stdout},
};

use spanframe_engine::shown_name::escaped_json;

use crate::error::CliError;

/// Prints `text` to standard output.
///
/// # Errors
/// [`CliError::Stdout`], also for a pipe that nobody reads.
pub fn print(text: &str) -> Result<(), CliError> {
    print_bytes(text.as_bytes())
}

/// As [`print`], for JSON and a line feed. What could steer a terminal becomes `\u` escapes, so that its values stay.
///
/// # Errors
/// [`CliError::Stdout`].
pub fn print_json(json: impl Display) -> Result<(), CliError> {
    print(&escaped_json(&format!("{json}\n")))
}

/// Writes lines of JSON to standard error, escaped as [`print_json`] does.
pub struct JsonLog;

impl Write for JsonLog {
    /// Takes whole lines at a time, as `tracing` gives them.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        stderr().write_all(escaped_json(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        stderr().flush()
    }
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
