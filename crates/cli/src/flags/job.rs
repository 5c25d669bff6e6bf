//! The flags of `spanframe annotate` and `spanframe run`.

use std::path::PathBuf;

use clap::{Args, Command};
use spanframe_engine::{OptionSpec, option_table::Scope};
use spanframe_jobs::RawJob;

use super::{
    EngineFlags,
    table::{FlagSet, TableFlags},
};

#[derive(Debug, Args)]
pub struct AnnotateFlags {
    /// Read these files, folders with all below them, and patterns such as `notes/*.parquet`
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<String>,
    #[command(flatten)]
    job: TableFlags<AnnotateSet>,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

impl AnnotateFlags {
    /// The options of the job.
    pub fn job(&self) -> RawJob {
        RawJob { inputs: Some(self.inputs.clone()), ..self.job.raw() }
    }
}

#[derive(Debug, Args)]
pub struct RunFlags {
    /// Read these files, folders and patterns, on disk or in object stores
    #[arg(value_name = "IN", required_unless_present = "finalize")]
    inputs: Vec<String>,
    #[command(flatten)]
    job: TableFlags<RunSet>,
    /// Keep counts in this file: Prometheus text, or JSON lines if it ends in .jsonl
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Log as JSON lines on standard error: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<tracing::Level>,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

impl RunFlags {
    /// The options of the job.
    pub fn job(&self) -> RawJob {
        RawJob { inputs: Some(self.inputs.clone()), ..self.job.raw() }
    }
}

/// True for options that are no flag of their own: `inputs` has no name, and `on_error` is among the engine's flags.
fn is_elsewhere(option: &OptionSpec) -> bool {
    ["inputs", "on_error"].contains(&option.name)
}

#[derive(Debug)]
struct AnnotateSet;

impl FlagSet for AnnotateSet {
    type Table = RawJob;

    fn has(option: &OptionSpec) -> bool {
        option.scope == Scope::Files && !is_elsewhere(option)
    }

    fn adapt(command: Command) -> Command {
        command
            .mut_arg("output", |arg| {
                arg.required(true).value_name("OUT.parquet").help("Write to this file, or a folder for several inputs")
            })
            .mut_arg("column", |arg| arg.required(true))
            .mut_arg("overwrite", |arg| arg.help("Replace the output if it exists"))
    }
}

#[derive(Debug)]
struct RunSet;

impl FlagSet for RunSet {
    type Table = RawJob;

    fn has(option: &OptionSpec) -> bool {
        !is_elsewhere(option)
    }

    fn adapt(command: Command) -> Command {
        command
            .mut_arg("output", |arg| arg.required(true))
            .mut_arg("column", |arg| arg.required_unless_present("finalize"))
    }
}
