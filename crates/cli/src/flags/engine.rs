//! The options of the engine as flags.

use clap::Command;
use spanframe_engine::{OptionSpec, RawOptions};

use super::table::{FlagSet, TableFlags};

/// The options of the engine, by the names they have everywhere.
pub type EngineFlags = TableFlags<EngineSet>;

#[derive(Debug)]
pub struct EngineSet;

impl FlagSet for EngineSet {
    type Table = RawOptions;
    const HEADING: Option<&'static str> = Some("Engine options");

    fn has(_: &OptionSpec) -> bool {
        true
    }

    fn adapt(command: Command) -> Command {
        // without a value it is the empty list, which keeps all labels
        command.mut_arg("ignore_labels", |arg| arg.num_args(0..))
    }
}
