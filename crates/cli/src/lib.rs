//! The command line. It is a library, so that the `spanframe` command of the Python wheel runs the same code.
//!
//! `flags` holds what was typed. Each command is a file of its name; `model` has its commands in `list`, `install` and
//! `export`.
#![forbid(unsafe_code)]

mod annotate;
mod assertion;
mod completions;
mod console;
mod corpus;
mod diff;
mod download_bar;
mod entity_column;
mod environment;
mod error;
mod evaluate;
mod export;
mod flags;
mod head;
mod host;
mod install;
mod interrupt;
mod job_monitor;
mod job_summary;
mod list;
mod man;
mod panics;
mod progress_line;
mod run;
mod table_file;
mod text;
mod variant;
mod view;
mod vocabulary;

use std::{ffi::OsString, io::ErrorKind, path::PathBuf};

use spanframe_engine::{
    EngineOptions, RawOptions,
    shown_name::{escaped, escaped_lines},
};

pub use crate::host::{ExportError, ExportRequest, Host};
use crate::{
    console::{eprint_line, print},
    error::CliError,
    flags::{AssertionCommand, Cli, Command, ModelCommand},
};

/// Runs the command line, prints errors to standard error, and returns the exit code.
///
/// 0 done, 1 internal error, 2 wrong options or input, 3 unusable model, 4 ONNX Runtime or device missing, 5
/// differences found by `diff --check`, 6 units missing in `run --finalize`, 130 stopped by an interrupt.
///
/// From here on, a panic of the process prints its place in the code and not its message.
pub fn run(args: impl IntoIterator<Item = OsString>, host: &Host) -> u8 {
    spanframe_engine::set_warning_hook(|warning| eprint_line(format_args!("warning: {warning}")));
    panics::guard(|| parse_and_execute(args, host))
}

fn parse_and_execute(args: impl IntoIterator<Item = OsString>, host: &Host) -> u8 {
    let cli = match Cli::parse_args(args) {
        Ok(cli) => cli,
        Err(error) => {
            // clap returns help and version as errors; printing them fails only if nobody reads
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(2);
        }
    };
    match execute(cli, host) {
        Ok(()) => 0,
        // the reader of a pipe, such as `head`, has read enough
        Err(CliError::Stdout(error)) if error.kind() == ErrorKind::BrokenPipe => 0,
        Err(error) => {
            // only torch's messages have several lines
            let message = match &error {
                CliError::Export(error) => escaped_lines(&error.to_string()),
                error => escaped(&error.to_string()).into_owned(),
            };
            eprint_line(format_args!("error: {message}"));
            error.exit_code()
        }
    }
}

fn execute(cli: Cli, host: &Host) -> Result<(), CliError> {
    let library = &host.library;
    match cli.command {
        Command::Annotate(command) => annotate::annotate(&command, library.clone()),
        Command::Run(command) => run::run(&command, library.clone()),
        Command::Text(command) => text::text(&command, &options(command.engine.raw(), host)?),
        Command::Head(command) => head::head(&command),
        Command::View(command) => view::view(&command),
        Command::Diff(command) => diff::diff(&command),
        Command::Assertion(AssertionCommand::Explain(command)) => {
            assertion::explain(&command, &options(command.engine.raw(), host)?)
        }
        Command::Evaluate(command) => evaluate::evaluate(&command, &options(command.engine.raw(), host)?),
        Command::Completions { shell } => completions::completions(shell),
        Command::Man { command } => man::man(&command),
        Command::Vocabulary(command) => vocabulary::execute(&command),
        Command::Model(command) => execute_model(command, host),
    }
}

fn execute_model(command: ModelCommand, host: &Host) -> Result<(), CliError> {
    let defaults = || options(RawOptions::default(), host);
    let with_library =
        |onnxruntime: Option<PathBuf>| options(RawOptions { onnxruntime, ..RawOptions::default() }, host);
    match command {
        ModelCommand::List { json } => list::list(json),
        ModelCommand::Add(command) => install::add(&command, with_library(command.onnxruntime.clone())?),
        ModelCommand::Import(command) => install::import(&command, with_library(command.onnxruntime.clone())?),
        ModelCommand::Export(command) => export::export(&command, host),
        ModelCommand::Pack { model, archive } => install::pack(&model, &archive, defaults()?),
        ModelCommand::Remove { name } => install::remove(&name, defaults()?),
        ModelCommand::Verify { model } => install::verify(&model, defaults()?),
        ModelCommand::Show { model } => {
            let raw = RawOptions { model: model.map(Into::into), ..RawOptions::default() };
            let card = spanframe_engine::card(&options(raw, host)?)?;
            print(&match &card.readme {
                Some(readme) => format!("{card}\n{}", escaped_lines(readme)),
                None => card.to_string(),
            })
        }
    }
}

/// The checked options, with the ONNX Runtime of the host as one of the places where the library is searched.
fn options(raw: RawOptions, host: &Host) -> Result<EngineOptions, CliError> {
    let mut options = EngineOptions::new(raw)?;
    options.runtime.python = host.library.clone();
    Ok(options)
}
