//! [`SourceError`] and [`BadRow`]: why a file or a row cannot be read.

use std::{fmt, io};

/// Why a file cannot be read. Messages name files, columns, positions and sizes, never a value of a row.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The name has no known ending.
    #[error(
        "`{path}` ends in none of .parquet, .pq, .arrow, .ipc, .feather, .csv, .tsv, .ndjson, .jsonl (the last four also \
         with .gz or .zst): rename it or convert it"
    )]
    Format {
        /// The file.
        path: String,
    },
    /// The store failed. The file may be intact.
    #[error("`{path}` cannot be read: {source}")]
    Io {
        /// The file.
        path: String,
        /// The store's error.
        source: io::Error,
    },
    /// The file, or a part of it, is not of its format.
    #[error("`{path}` is not a whole {format} file ({reason}): write it again, or leave it out")]
    Damaged {
        /// The file.
        path: String,
        /// The format that its name tells.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The file is of a variant that is not supported.
    #[error("`{path}` is {found}, which is not supported: {way_out}")]
    Unsupported {
        /// The file.
        path: String,
        /// The variant.
        found: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// A column has values that Arrow cannot hold.
    #[error(
        "column `{column}` of `{path}` cannot be read without loss ({reason}): leave it out (`select`), or cast it \
         where the file is written"
    )]
    Lossy {
        /// The file.
        path: String,
        /// The column.
        column: String,
        /// What does not fit.
        reason: &'static str,
    },
    /// Two columns have the same name.
    #[error("`{path}` has two columns named `{column}`: rename one")]
    DuplicateColumn {
        /// The file.
        path: String,
        /// The name.
        column: String,
    },
    /// A CSV file does not begin with column names.
    #[error("`{path}` has no header: its first line must have the names of the columns, in UTF-8")]
    NoHeader {
        /// The file.
        path: String,
    },
    /// A row is longer than any note.
    #[error("`{path}` line {line}: the row is longer than {limit} bytes; check for a quote that is not closed")]
    LongRow {
        /// The file.
        path: String,
        /// The line where the row begins, from 1.
        line: u64,
        /// The most that is read.
        limit: usize,
    },
    /// The caller asked for parts or columns that do not exist.
    #[error("internal error, please report it: parts or columns of `{path}` were asked for that it does not have")]
    NoSuchPart {
        /// The file.
        path: String,
    },
}

/// Why a row of a text file cannot be parsed. Never quotes the row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BadRow {
    /// A CSV row with too few or too many fields.
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
        /// The byte of the line where parsing stopped, from 1.
        column: usize,
    },
    /// A line of JSON that is not an object.
    NotObject,
}

impl BadRow {
    /// The code in counts and reject files: `fields`, `not_utf8`, `not_json` or `not_object`.
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
            Self::NotJson { column } => write!(f, "it is not JSON (byte {column})"),
            Self::NotObject => write!(f, "it is not a JSON object"),
        }
    }
}
