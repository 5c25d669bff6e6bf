//! All environment variables that the command line reads. They are read here alone.
//!
//! The crates below have files of this name for models, the hub and object stores.

use std::{env, ffi::OsString};

/// Keeps `spanframe text` from colouring if it is set and not empty (<https://no-color.org>).
pub const NO_COLOR_VARIABLE: &str = "NO_COLOR";

/// Returns the value of the variable `name`, or `None` if it is unset or empty.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the environment")]
pub fn value(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
