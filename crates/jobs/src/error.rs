//! What can go wrong with a job.

use arrow_schema::{ArrowError, DataType};
use spanframe_engine::{EngineError, ErrorKind, OptionError, RowErrorKind};
use spanframe_store::StoreError;

use crate::{
    form::FormError,
    sink::SinkError,
    source::{BadRow, SourceError},
};

/// Why a job ended before its end. Messages name files, columns and rows, never note text; what is done stays done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// An option, the model, the runtime or the device.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A place of inputs, outputs or records.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file that cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Columns that cannot be written in this form.
    #[error(transparent)]
    Form(#[from] FormError),
    /// Rows of a file that cannot be written in this form.
    #[error("`{url}`: {error}")]
    FormRows {
        /// The input.
        url: String,
        /// What is wrong.
        error: FormError,
    },
    /// An input that is not there.
    #[error("`{0}` names no file: check the path, a hidden name is left out")]
    NoInput(String),
    /// A pattern that is none.
    #[error("`{pattern}` is no pattern: {reason}")]
    Pattern {
        /// As typed.
        pattern: String,
        /// What is wrong.
        reason: String,
    },
    /// Two inputs with one output.
    #[error("`{a}` and `{b}` would both be written to `{output}`: run them into different folders")]
    SameOutput {
        /// An input.
        a: String,
        /// Another.
        b: String,
        /// The output of both.
        output: String,
    },
    /// A column that is not in a file.
    #[error("`{url}` has no column `{column}`; it has {known}")]
    NoColumn {
        /// The file.
        url: String,
        /// As typed.
        column: String,
        /// All of its columns.
        known: String,
    },
    /// A column of another type.
    #[error("column `{column}` of `{url}` is {found}, expected {expected}")]
    WrongType {
        /// The file.
        url: String,
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
        /// What it should be.
        expected: &'static str,
    },
    /// Files whose columns differ.
    #[error(
        "column `{column}` is {is} in `{url}`, and {was} in files before it: name columns that all files share with \
         `select`, or run the files into different folders"
    )]
    Drift {
        /// The file.
        url: String,
        /// The column.
        column: String,
        /// Its type in this file.
        is: String,
        /// Its type in the others.
        was: String,
    },
    /// Outputs of another kind.
    #[error(
        "the outputs were made with {name} = {was}, and it is {is} now: say `on_change=redo` to make them again, keep to \
         leave them as they are, or name another output"
    )]
    Changed {
        /// What differs.
        name: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
    /// An input that was replaced.
    #[error(
        "`{0}` was replaced after its entities were written, or after they were planned: say `on_change=redo` to make \
         its output again"
    )]
    InputChanged(String),
    /// An input that is needed and no longer there.
    #[error(
        "`{0}` is gone before all of its rows were annotated: put it back, or say `overwrite` to begin anew without it"
    )]
    InputGone(String),
    /// A file in the place of an output that is annotated without a job.
    #[error("`{0}` exists: name another output, or say `overwrite`")]
    OutputExists(String),
    /// A file where a folder is needed.
    #[error("several inputs need a folder as output, and `{0}` is a file")]
    OutputNotFolder(String),
    /// Two inputs with one name.
    #[error("two inputs would be written to `{0}`: annotate them into different folders")]
    SameName(String),
    /// A file in the place of an output.
    #[error("`{0}` is there and is not of this job: name another output, or remove it")]
    Foreign(String),
    /// Another process does the same.
    #[error("another process is running this job (`{0}`): wait for it, or give each its own `shard`")]
    Locked(String),
    /// Records without a place.
    #[error(
        "`{0}` has no name to put `.job` after: say where the job's records belong with `state`, such as `{0}/_job`"
    )]
    NoState(String),
    /// A folder for records that has other files.
    #[error("`{0}` has files in it, and no job: name another folder for the job's records with `state`")]
    NotAJob(String),
    /// A record that cannot be read.
    #[error("`{url}` is not a record of a job ({reason}): say `overwrite` to begin anew")]
    Ledger {
        /// The record.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A row that cannot be annotated.
    #[error("row {row} of `{url}` {fault}; or say `on_error=null` or reject to go on without its entities")]
    Row {
        /// The file.
        url: String,
        /// Row of the file, from 0.
        row: u64,
        /// What is wrong with it.
        fault: RowErrorKind,
    },
    /// A row that cannot be read.
    #[error("line {line} of `{url}` cannot be read: {reason}; mend it, or say `on_error=reject` to go on without it")]
    Bad {
        /// The file.
        url: String,
        /// From 1.
        line: u64,
        /// Why.
        reason: BadRow,
    },
    /// Rows that cannot be read.
    #[error(
        "rows {first} to {last} of `{url}` cannot be read ({reason}): restore the file, or say `on_damage=skip` to go on \
         without them"
    )]
    Lost {
        /// The file.
        url: String,
        /// From 0.
        first: u64,
        /// From 0.
        last: u64,
        /// Why.
        reason: String,
    },
    /// Units that are not done.
    #[error("{missing} of {units} units are not done, such as number {example}: run {shards}")]
    Incomplete {
        /// How many.
        missing: usize,
        /// How many there are.
        units: usize,
        /// One of them.
        example: usize,
        /// What has to run.
        shards: String,
    },
    /// Columns that Parquet cannot hold.
    #[error("`{url}`: {source}")]
    Sink {
        /// The output.
        url: String,
        /// Why.
        source: SinkError,
    },
    /// An output that is gone.
    #[error("`{0}` is gone though it was written: say `on_change=redo` to make it again, or restore it")]
    OutputGone(String),
    /// There is no job.
    #[error("`{0}` has no record of a job: run it before it is finalized")]
    NoJob(String),
    /// Someone asked for it.
    #[error("stopped; start the same command again to go on")]
    Stopped,
    /// A fault of spanframe's own.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl JobError {
    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::Internal(_) | Self::Source(SourceError::NoSuchPart { .. }) => ErrorKind::Internal,
            _ => ErrorKind::Input,
        }
    }

    /// Rows that cannot be read.
    #[must_use]
    pub fn lost(url: &str, rows: &std::ops::Range<u64>, reason: String) -> Self {
        Self::Lost { url: url.to_string(), first: rows.start, last: rows.end.saturating_sub(1), reason }
    }

    /// A failure to write `url`.
    pub(crate) fn sink(url: &str, error: SinkError) -> Self {
        match error {
            SinkError::Io(error) => StoreError::from_io(url, error).into(),
            source => Self::Sink { url: url.to_string(), source },
        }
    }
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
