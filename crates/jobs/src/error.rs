//! [`JobError`]: why a job ended before its end.

use std::io::ErrorKind as ErrorKindOfIo;

use arrow_schema::{ArrowError, DataType, Schema};
use spanframe_engine::{
    EngineError, ErrorKind, OptionError, RowErrorKind,
    shown_name::{column_list, reads_as_name},
};
use spanframe_store::StoreError;

use crate::{
    Summary,
    form::FormError,
    sink::SinkError,
    source::{BadRow, Format, SourceError},
};

/// Most errors that one message tells.
const SHOWN: usize = 3;

/// Why a job ended before its end. Units that are done stay done. Messages name files, columns and rows, and never
/// quote a note.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// An option, the model, the runtime or the device.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A folder or file of inputs, outputs or records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An input cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The columns cannot be written in this form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Rows of a file cannot be written in this form.
    #[error("`{url}`: {error}")]
    FormRows {
        /// The input.
        url: String,
        /// What is wrong.
        error: FormError,
    },
    /// An input file cannot be opened.
    #[error(transparent)]
    Input(StoreError),
    /// Inputs that failed. All others are done.
    #[error("{}", Self::all(errors))]
    Inputs {
        /// The first error of each file, at least one.
        errors: Vec<JobError>,
        /// What is done.
        summary: Box<Summary>,
    },
    /// An input does not exist, or a pattern matches nothing.
    #[error("`{0}` names no file: check the path; files with hidden names (`.x`, `_x`) are left out")]
    NoInput(String),
    /// A pattern of inputs is malformed.
    #[error("`{pattern}` is not a valid pattern ({reason}): use `*`, `?` and `[...]`, or name the files")]
    Pattern {
        /// As typed.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// Two inputs have the same output.
    #[error("`{a}` and `{b}` would both be written to `{output}`: run them into different folders")]
    SameOutput {
        /// An input.
        a: String,
        /// Another input.
        b: String,
        /// The output of both.
        output: String,
    },
    /// A file has no such column.
    #[error("`{url}` has no column `{column}`; it has {known}")]
    NoColumn {
        /// The file.
        url: String,
        /// As typed.
        column: String,
        /// All columns of the file, or how many there are.
        known: String,
    },
    /// A column has another type than is needed.
    #[error("column {column} of `{url}` is {found}, expected {expected}")]
    WrongType {
        /// The file.
        url: String,
        /// The column: its name in backticks, or its number if the name may be data.
        column: String,
        /// Its type.
        found: DataType,
        /// The types that fit, and what to do.
        expected: &'static str,
    },
    /// The columns of two files differ.
    #[error(
        "column {column} is {is} in `{url}`, and {was} in files before it: name columns that all files share with \
         `select`, or run the files into different folders"
    )]
    Drift {
        /// The file.
        url: String,
        /// The column: its name in backticks, or a hint that it may be data.
        column: String,
        /// Its type in this file.
        is: String,
        /// Its type in the files before.
        was: String,
    },
    /// A value does not fit the type that its column has in the output.
    #[error(
        "column `{column}` of `{url}` has a value that {wanted}, its type in the output, does not hold: leave the column \
         out (`select`), or cast it first"
    )]
    Unfit {
        /// The file.
        url: String,
        /// The column.
        column: String,
        /// The type in the output.
        wanted: DataType,
    },
    /// The job began with other settings.
    #[error(
        "the outputs were made with {name} = {was}, and it is {is} now: use `on_change=redo` to make them again, \
         `on_change=keep` to leave them as they are, or another output folder"
    )]
    Changed {
        /// The setting that differs.
        name: String,
        /// Its value when the outputs were made.
        was: String,
        /// Its value now.
        is: String,
    },
    /// An input was replaced after it was planned.
    #[error("`{0}` was replaced after the job had planned it: use `on_change=redo` to make its output again")]
    InputChanged(String),
    /// An input is gone before its units were done.
    #[error("`{0}` is gone before all of its rows were annotated: put it back, or start over with `overwrite`")]
    InputGone(String),
    /// `annotate` would replace a file.
    #[error("`{0}` exists: name another output, or use `overwrite`")]
    OutputExists(String),
    /// `annotate` of several inputs needs a folder, and the output is a file.
    #[error("several inputs need a folder as output, and `{0}` is a file: name a folder")]
    OutputNotFolder(String),
    /// Two inputs of `annotate` have the same name.
    #[error("two inputs would be written to `{0}`: annotate them into different folders")]
    SameName(String),
    /// A file stands in the place of an output.
    #[error("`{0}` exists and was not written by this job: use another output folder, or remove the file")]
    Foreign(String),
    /// Another process does the same shard.
    #[error("another process is running this job (`{0}`): wait for it, or give each process its own `shard`")]
    Locked(String),
    /// The output is a bucket or `/`, and has no folder beside it for the records.
    #[error(
        "`{0}` has no name to put `.job` after: name a folder for the job's records with `state`, such as `{0}/_job`"
    )]
    NoState(String),
    /// The folder for the records has other files.
    #[error("`{0}` has files in it, and no job: name another folder for the job's records with `state`")]
    NotAJob(String),
    /// A record is not valid.
    #[error("`{url}` is not a valid record of a job ({reason}): start over with `overwrite`")]
    Ledger {
        /// The record.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A row cannot be annotated.
    #[error("row {row} of `{url}` {error}; or use `on_error=null` or `on_error=reject` to go on without its entities")]
    Row {
        /// The file.
        url: String,
        /// Row in the file, from 0.
        row: u64,
        /// What is wrong with it.
        error: RowErrorKind,
    },
    /// A row cannot be parsed.
    #[error(
        "line {line} of `{url}` cannot be read: {reason}; correct it, or use `on_error=reject` to go on without it"
    )]
    Bad {
        /// The file.
        url: String,
        /// Line in the file, from 1.
        line: u64,
        /// What is wrong.
        reason: BadRow,
    },
    /// A part of a file is damaged.
    #[error(
        "rows {first} to {last} of `{url}` cannot be read ({reason}): restore the file, or go on without \
         them in a job (`run`), by `on_damage=skip`"
    )]
    Lost {
        /// The file.
        url: String,
        /// First row, from 0.
        first: u64,
        /// Last row.
        last: u64,
        /// What is wrong.
        reason: String,
    },
    /// `finalize` found units that are not done.
    #[error("{missing} of {units} units are not done, such as number {example}: run {shards}")]
    Incomplete {
        /// How many are not done.
        missing: usize,
        /// How many there are.
        units: usize,
        /// One that is not done.
        example: usize,
        /// The shards to run.
        shards: String,
    },
    /// An output cannot be written as Parquet.
    #[error("`{url}`: {source}")]
    Sink {
        /// The output.
        url: String,
        /// Why.
        source: SinkError,
    },
    /// An output is gone.
    #[error("`{0}` is gone though it was written: use `on_change=redo` to make it again, or restore it")]
    OutputGone(String),
    /// `finalize` found no job.
    #[error("`{0}` has no record of a job: run the job before you finalize it")]
    NoJob(String),
    /// The observer stopped the job.
    #[error("stopped; start the same command again to go on")]
    Stopped,
    /// A bug of spanframe.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl JobError {
    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Inputs { errors, .. } => errors.first().map_or(ErrorKind::Input, Self::kind),
            Self::Internal(_) | Self::Source(SourceError::NoSuchPart { .. }) => ErrorKind::Internal,
            _ => ErrorKind::Input,
        }
    }

    /// What was done all the same; `None` if the job did not go on to its end.
    #[must_use]
    pub fn summary(&self) -> Option<&Summary> {
        match self {
            Self::Inputs { summary, .. } => Some(summary),
            _ => None,
        }
    }

    /// True if one input file is at fault. The job does the others, and then ends with the error.
    #[must_use]
    pub(crate) fn is_of_input(&self) -> bool {
        match self {
            Self::Input(error) => !is_of_server(error.io_kind()),
            Self::Source(SourceError::Io { source, .. }) => !is_of_server(source.kind()),
            // the job's columns are checked before any work
            Self::Source(SourceError::NoSuchPart { .. } | SourceError::Lossy { .. }) => false,
            Self::Source(_) | Self::FormRows { .. } | Self::Row { .. } | Self::Bad { .. } | Self::Lost { .. } => true,
            Self::InputChanged(_) | Self::InputGone(_) => true,
            // a value that the output's type cannot hold
            Self::Sink { source: SinkError::Schema(_), .. } | Self::Unfit { .. } => true,
            _ => false,
        }
    }

    /// The message of several errors: the first three, and how many there are.
    fn all(errors: &[Self]) -> String {
        let shown: Vec<String> = errors.iter().take(SHOWN).map(ToString::to_string).collect();
        match errors.len() {
            1 => shown.concat(),
            n if n <= SHOWN => format!("{n} files failed, all others are done: {}", shown.join("; ")),
            n => {
                let more = n - SHOWN;
                format!("{n} files failed, all others are done: {}; and {more} more, see the log", shown.join("; "))
            }
        }
    }

    /// The error of a file without the column `column`. Never quotes what may be the first row of a CSV file.
    #[must_use]
    pub fn no_column(url: &str, column: &str, schema: &Schema) -> Self {
        let names = || schema.fields().iter().map(|field| field.name().as_str());
        let mut known = column_list(names());
        if matches!(Format::of(url), Ok((Format::Csv(_), _))) && !names().all(reads_as_name) {
            known += "; if the first row has no names, use `header=false`, and name columns as `column_0`";
        }
        Self::NoColumn { url: url.to_string(), column: column.to_string(), known }
    }

    /// The error of rows that cannot be read.
    #[must_use]
    pub fn lost(url: &str, rows: &std::ops::Range<u64>, reason: String) -> Self {
        Self::Lost { url: url.to_string(), first: rows.start, last: rows.end.saturating_sub(1), reason }
    }

    /// The error of a failure to write `url`.
    pub(crate) fn sink(url: &str, error: SinkError) -> Self {
        match error {
            SinkError::Io(error) => StoreError::from_io(url, error).into(),
            source => Self::Sink { url: url.to_string(), source },
        }
    }
}

/// True if other files of the same store fail too: it cannot be reached, or its settings are wrong.
fn is_of_server(kind: ErrorKindOfIo) -> bool {
    use ErrorKindOfIo::{HostUnreachable, InvalidInput, TimedOut};
    matches!(kind, HostUnreachable | InvalidInput | TimedOut)
}

impl From<OptionError> for JobError {
    fn from(error: OptionError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<ArrowError> for JobError {
    fn from(error: ArrowError) -> Self {
        Self::Engine(error.into())
    }
}
