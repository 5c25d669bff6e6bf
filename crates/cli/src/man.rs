//! `spanframe man`: manual pages.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::{console::print_bytes, error::CliError, flags::Cli};

/// Prints the page of a command, such as `["model", "list"]`, or of the program if `names` is empty.
pub fn man(names: &[String]) -> Result<(), CliError> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    for name in names {
        let found = command.find_subcommand(name).cloned();
        command = found.ok_or_else(|| CliError::NoCommand(names.join(" ")))?;
    }
    let mut page = Vec::new();
    Man::new(command).render(&mut page).map_err(CliError::Stdout)?;
    print_bytes(&page)
}
