//! The command line. A library, so that the Python wheel's `spanframe` command is this very code.
//!
//! `flags` is what was typed, the other modules are the commands: `annotate`, `run`, `text`, `head`, `view`, `diff`, `evaluate`,
//! `model`, `completions`, `man`.
#![forbid(unsafe_code)]

mod annotate;
mod completions;
mod corpus;
mod diff;
mod download_bar;
mod environment;
mod error;
mod evaluate;
mod export;
mod flags;
mod head;
mod install;
mod interrupt;
mod list;
mod man;
mod panics;
mod progress;
mod run;
mod side;
mod table_file;
mod tell;
mod text;
mod view;
mod watch;

use std::{ffi::OsString, path::PathBuf};

use clap::Parser;
use error::CliError;
use flags::{Cli, Command, ModelCommand};
use spanframe_engine::{EngineOptions, RawOptions};

pub use crate::export::{ExportError, ExportRequest};

/// What a Python package gives to the command that it brings.
#[derive(Default)]
pub struct Host {
    /// The ONNX Runtime library of its environment.
    pub library: Option<PathBuf>,
    /// Makes the folder of a checkpoint, and gives what is to be printed.
    pub export: Option<fn(ExportRequest) -> Result<String, ExportError>>,
}

/// Runs the command line, reports errors on standard error, and gives the exit code.
///
/// 0 done, 1 internal error, 2 wrong options or input, 3 unusable model, 4 ONNX Runtime or device missing, 5 differences
/// found by `diff --check`, 6 units missing as `run --finalize` sees, 130 stopped by an interrupt.
///
/// From here on a panic of the process is told by its place alone.
pub fn run(args: impl IntoIterator<Item = OsString>, host: &Host) -> u8 {
    panics::told_by_place(|| program(args, host))
}

fn program(args: impl IntoIterator<Item = OsString>, host: &Host) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // help and version are "errors" to clap; printing can only fail if nobody reads
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    match execute(cli, host) {
        Ok(()) => 0,
        // whoever reads our output has gone, as `| head` does: nobody is left to tell
        Err(CliError::Stdout(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            tell::tell(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}

fn execute(cli: Cli, host: &Host) -> Result<(), CliError> {
    let library = &host.library;
    let options = |raw: RawOptions| -> Result<EngineOptions, CliError> {
        let mut options = EngineOptions::new(raw)?;
        options.runtime.python = library.clone();
        Ok(options)
    };
    match cli.command {
        Command::Annotate(command) => annotate::annotate(&command, library.clone()),
        Command::Run(command) => run::run(&command, library.clone()),
        Command::Text(command) => text::text(&command, &options(command.engine.raw())?),
        Command::Head(command) => head::head(&command),
        Command::View(command) => view::view(&command),
        Command::Diff(command) => diff::diff(&command),
        Command::Evaluate(command) => evaluate::evaluate(&command, &options(command.engine.raw())?),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { command } => man::man(&command),
        Command::Model(ModelCommand::List { json }) => list::list(json),
        Command::Model(ModelCommand::Add(command)) => {
            install::add(&command, options(with_library(command.onnxruntime.clone()))?)
        }
        Command::Model(ModelCommand::Import(command)) => {
            install::import(&command, options(with_library(command.onnxruntime.clone()))?)
        }
        Command::Model(ModelCommand::Export(command)) => export::export(&command, host),
        Command::Model(ModelCommand::Pack { model, archive }) => {
            install::pack(&model, &archive, options(RawOptions::default())?)
        }
        Command::Model(ModelCommand::Remove { name }) => install::remove(&name, options(RawOptions::default())?),
        Command::Model(ModelCommand::Verify { model }) => install::verify(&model, options(RawOptions::default())?),
        Command::Model(ModelCommand::Show { model }) => {
            let raw = RawOptions { model: model.map(Into::into), ..RawOptions::default() };
            let card = spanframe_engine::card(&options(raw)?)?;
            text::print(&match &card.readme {
                Some(readme) => format!("{card}\n{readme}"),
                None => card.to_string(),
            })
        }
    }
}

fn with_library(onnxruntime: Option<PathBuf>) -> RawOptions {
    RawOptions { onnxruntime, ..RawOptions::default() }
}
