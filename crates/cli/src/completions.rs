//! `spanframe completions`: the script by which a shell completes commands and flags.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{console::print_bytes, error::CliError, flags::Cli};

/// Prints the script for `shell`.
pub fn completions(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "spanframe", &mut script);
    print_bytes(&script)
}
