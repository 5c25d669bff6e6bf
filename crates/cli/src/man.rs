//! `spanframe man`: manual pages, made of the flags themselves.

use clap::CommandFactory;
use clap_mangen::Man;

use crate::{error::CliError, flags::Cli, text::print_bytes};

/// The page of the program, or of the command that `names` leads to.
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
