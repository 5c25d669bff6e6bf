//! The tables of options as flags: adds a flag for each row, and reads the flags back.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, builder::ValueParser, value_parser};
use spanframe_engine::{OptionSpec, OptionTable, OptionValue, RawOptions, option_table::OptionType};
use spanframe_jobs::RawJob;

/// The flags of one command that come from a table.
pub trait FlagSet {
    type Table: OptionTable;
    /// The heading of the flags in `--help`.
    const HEADING: Option<&'static str> = None;

    /// True for the rows that are flags of the command.
    fn has(option: &OptionSpec) -> bool;

    /// Changes what is special in this command.
    fn adapt(command: Command) -> Command {
        command
    }
}

/// The flags of `S`, read back as a struct of typed options.
#[derive(Debug)]
pub struct TableFlags<S: FlagSet>(S::Table);

impl<S: FlagSet> TableFlags<S> {
    /// The options as typed.
    pub fn raw(&self) -> S::Table {
        self.0.clone()
    }
}

impl<S: FlagSet> Args for TableFlags<S> {
    fn augment_args(command: Command) -> Command {
        let flags = S::Table::OPTIONS.iter().filter(|option| S::has(option)).map(flag);
        let command = if S::HEADING.is_some() { command.next_help_heading(S::HEADING) } else { command };
        S::adapt(command.args(flags))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: FlagSet> FromArgMatches for TableFlags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        S::Table::read(|option| Ok(value(option, matches))).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn flag(option: &OptionSpec) -> Arg {
    // clap takes names that live as long as the program
    let name: &'static str = option.name.replace('_', "-").leak();
    let arg = Arg::new(option.name).long(name).short(option.short).help(help(option));
    if option.is_switch() {
        return arg.action(ArgAction::SetTrue);
    }
    let arg = arg.value_name(option.value);
    match option.option_type {
        OptionType::Text => arg.value_parser(value_parser!(String)),
        OptionType::Path => arg.value_parser(value_parser!(PathBuf)),
        OptionType::List | OptionType::Models => several(arg, value_parser!(String)),
        OptionType::Paths => several(arg, value_parser!(PathBuf)),
        // the value is behind `=`, so that a flag without one takes nothing that follows it
        OptionType::Selection => {
            several(arg, value_parser!(String)).require_equals(true).num_args(0..).default_missing_value("true")
        }
        OptionType::Pairs => several(arg, ValueParser::new(pair)),
        OptionType::Bool => arg.num_args(0..=1).default_missing_value("true").value_parser(value_parser!(bool)),
        OptionType::Integer => arg.allow_negative_numbers(true).value_parser(value_parser!(i64)),
        OptionType::Float => arg.allow_negative_numbers(true).value_parser(value_parser!(f64)),
    }
}

/// A flag that may be repeated, with commas between values.
fn several(arg: Arg, parser: impl Into<ValueParser>) -> Arg {
    arg.action(ArgAction::Append).value_delimiter(',').value_parser(parser.into())
}

/// Reads `OLD=NEW`.
fn pair(typed: &str) -> Result<(String, String), String> {
    let (old, new) = typed.split_once('=').ok_or("expected OLD=NEW, such as SYMPTOM=PROBLEM")?;
    Ok((old.to_string(), new.to_string()))
}

/// The value of a flag; `None` where the flag was left out, or is no flag of the command.
fn value(option: &OptionSpec, matches: &ArgMatches) -> Option<OptionValue> {
    match option.option_type {
        OptionType::Text => one(option, matches).map(OptionValue::Text),
        OptionType::Path => one(option, matches).map(OptionValue::Path),
        OptionType::List | OptionType::Models => all(option, matches).map(OptionValue::List),
        OptionType::Paths => all(option, matches).map(OptionValue::Paths),
        OptionType::Selection => all::<String>(option, matches).map(|names| match names.as_slice() {
            [all] if all == "true" || all == "false" => OptionValue::Bool(all == "true"),
            _ => OptionValue::List(names),
        }),
        OptionType::Pairs => all(option, matches).map(|pairs| OptionValue::Pairs(pairs.into_iter().collect())),
        OptionType::Bool => {
            let given = one(option, matches).filter(|&value| value || !option.is_switch());
            given.map(OptionValue::Bool)
        }
        OptionType::Integer => one(option, matches).map(OptionValue::Integer),
        OptionType::Float => one(option, matches).map(OptionValue::Float),
    }
}

fn one<T: Clone + Send + Sync + 'static>(option: &OptionSpec, matches: &ArgMatches) -> Option<T> {
    matches.try_get_one(option.name).ok().flatten().cloned()
}

fn all<T: Clone + Send + Sync + 'static>(option: &OptionSpec, matches: &ArgMatches) -> Option<Vec<T>> {
    Some(matches.try_get_many(option.name).ok().flatten()?.cloned().collect())
}

/// The documentation of an option as `--help` shows it, with its values and its default.
fn help(option: &OptionSpec) -> String {
    let several = match option.option_type {
        OptionType::List | OptionType::Models | OptionType::Paths | OptionType::Selection => {
            "Separate several with commas."
        }
        OptionType::Pairs => "Separate several with commas: SYMPTOM=PROBLEM,DISEASE=PROBLEM.",
        _ => "",
    };
    let mut help = plain(&option.summary());
    for more in [plain(&option.details()), several.to_string()].iter().filter(|text| !text.is_empty()) {
        help += &format!(". {}", more.trim_end_matches('.'));
    }
    let names = option.names();
    if !names.is_empty() {
        help += &format!(" [values: {}]", names.join(", "));
    }
    if !option.is_switch() && !option.is_required() {
        help += &format!(" [default: {}]", option.default.replace('`', ""));
    }
    help
}

/// `text` with the names of options as flags.
fn plain(text: &str) -> String {
    let is_option = |word: &str| RawOptions::OPTIONS.iter().chain(RawJob::OPTIONS).any(|option| option.name == word);
    let words = text.split('`').enumerate().map(|(i, word)| match i % 2 == 1 && is_option(word) {
        true => format!("--{}", word.replace('_', "-")),
        false if i % 2 == 1 => format!("`{word}`"),
        false => word.to_string(),
    });
    words.collect()
}
