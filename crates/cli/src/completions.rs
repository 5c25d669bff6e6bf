//! `spanframe completions`: what a shell needs to complete commands and flags, made of the flags themselves.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::{error::CliError, flags::Cli, text::print_bytes};

/// Prints the script of a shell.
pub fn completions(shell: Shell) -> Result<(), CliError> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "spanframe", &mut script);
    print_bytes(&script)
}
