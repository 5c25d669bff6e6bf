//! What can be wrong with an input.

use std::{fmt, io};

/// Why a file cannot be read. No message carries a value of a row: names of files and columns, positions and sizes only.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The name says no format.
    #[error(
        "`{path}` ends in none of .parquet, .pq, .arrow, .ipc, .feather, .csv, .tsv, .ndjson, .jsonl (the last four also \
         with .gz or .zst): rename it or convert it"
    )]
    Format {
        /// The file.
        path: String,
    },
    /// The store failed. The file may be whole.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// The file.
        path: String,
        /// The store's error.
        source: io::Error,
    },
    /// The file is not of its format, or not all of it.
    #[error("`{path}` is not a whole {format} file ({reason}): write it anew, or leave it out")]
    Damaged {
        /// The file.
        path: String,
        /// What it should be.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The file is of a kind that is not read.
    #[error("`{path}` is {found}, which is not read: {way_out}")]
    Unsupported {
        /// The file.
        path: String,
        /// What it is.
        found: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// Two columns have one name.
    #[error("`{path}` has two columns named `{column}`: rename one")]
    DuplicateColumn {
        /// The file.
        path: String,
        /// The name.
        column: String,
    },
    /// A text file without a line of names.
    #[error("`{path}` has no header: its first line must have the names of the columns, in UTF-8")]
    NoHeader {
        /// The file.
        path: String,
    },
    /// A row that is longer than any note.
    #[error("the row that begins in line {line} of `{path}` is longer than {limit} bytes: is a quote not closed?")]
    LongRow {
        /// The file.
        path: String,
        /// Its line, from 1.
        line: u64,
        /// The most that is read.
        limit: usize,
    },
    /// Parts or columns were asked for that there are not.
    #[error("internal error, please report it: parts or columns of `{path}` were asked for that it does not have")]
    NoSuchPart {
        /// The file.
        path: String,
    },
}

/// Why a row of a text file cannot be read. Says where, never what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadRow {
    /// A line of a CSV file with too few or too many fields.
    Fields {
        /// Fields of the row.
        found: usize,
        /// Fields of the header.
        expected: usize,
    },
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A line that is not JSON.
    NotJson {
        /// Byte of the line at which that shows, from 1.
        column: usize,
    },
    /// A line that is JSON, but not an object.
    NotObject,
}

impl BadRow {
    /// A name for counts and reject files: `fields`, `not_utf8`, `not_json`, `not_object`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fields { .. } => "fields",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson { .. } => "not_json",
            Self::NotObject => "not_object",
        }
    }
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { found, expected } => write!(f, "it has {found} fields, the header has {expected}"),
            Self::NotUtf8 => write!(f, "it is not UTF-8"),
            Self::NotJson { column } => write!(f, "it is not JSON, as byte {column} shows"),
            Self::NotObject => write!(f, "it is not a JSON object"),
        }
    }
}
