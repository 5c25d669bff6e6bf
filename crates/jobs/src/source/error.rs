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
        "column {column} of `{path}` cannot be read without loss ({reason}): leave it out (`select`), or cast it \
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
    #[error("`{path}` has two columns named {column}: rename one{}", without_names(column))]
    DuplicateColumn {
        /// The file.
        path: String,
        /// The name in backticks, or a remark that it may be data.
        column: String,
    },
    /// A CSV file does not begin with column names.
    #[error(
        "`{path}` has no header: its first line must have the names of the columns, in UTF-8; if there are none, use \
         `header=false`"
    )]
    NoHeader {
        /// The file.
        path: String,
    },
    /// The first row of a CSV file cannot be parsed.
    #[error("`{path}` line {line}: the first row cannot be read: {reason}")]
    FirstRow {
        /// The file.
        path: String,
        /// The line where it begins, from 1.
        line: u64,
        /// What is wrong.
        reason: BadRow,
    },
    /// A row is longer than any note.
    #[error("`{path}` line {line}: the row is longer than {limit} bytes: {way_out}")]
    LongRow {
        /// The file.
        path: String,
        /// The line where the row or its open quote begins, from 1.
        line: u64,
        /// The most that is read.
        limit: usize,
        /// What to do in a file of this format.
        way_out: &'static str,
    },
    /// The caller asked for parts or columns that do not exist.
    #[error("internal error, please report it: parts or columns of `{path}` were asked for that it does not have")]
    NoSuchPart {
        /// The file.
        path: String,
    },
}

/// A hint where the names of columns may be data.
fn without_names(column: &str) -> &'static str {
    if column.starts_with('`') { "" } else { "; a CSV file without names needs `header=false`" }
}

const QUOTES_ARE_TEXT: &str = "if quotes are text, use `quote=''`";

/// The first and last line of a row in its file, from 1. A quote that is wrong takes later lines into its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RowLines {
    /// The line where the row begins.
    pub first: u64,
    /// The line where it ends.
    pub last: u64,
}

impl RowLines {
    /// Number of lines.
    #[must_use]
    pub fn count(self) -> u64 {
        self.last.saturating_sub(self.first) + 1
    }
}

impl fmt::Display for RowLines {
    /// Nothing for a single line, which the message around it names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count() {
            1 => Ok(()),
            count => write!(f, " (the row takes {count} lines, {} to {})", self.first, self.last),
        }
    }
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
        /// The lines of the row.
        lines: RowLines,
    },
    /// A quoted CSV field whose quote is closed before its end.
    TextAfterQuote {
        /// The line where the field begins, from 1.
        line: u64,
        /// The lines of the row.
        lines: RowLines,
    },
    /// A quoted CSV field that does not end.
    OpenQuote {
        /// The line where the field begins, from 1.
        line: u64,
        /// The lines of the row, up to the last one of the file.
        lines: RowLines,
    },
    /// An escape in a quoted CSV field that is before neither a quote nor an escape.
    BadEscape {
        /// The line where the field begins, from 1.
        line: u64,
        /// The lines of the row.
        lines: RowLines,
    },
    /// A carriage return in a CSV field without quotes.
    CarriageReturn,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// A line that is not JSON.
    NotJson {
        /// The byte of the line where parsing stopped, from 1.
        column: usize,
    },
    /// A line of JSON that is not an object.
    NotObject,
    /// A line that goes on after its object.
    TextAfterObject {
        /// The byte of the line where it goes on, from 1.
        column: usize,
    },
    /// An object with a key twice, at any depth.
    DuplicateKey {
        /// A byte of the line behind the second key, from 1.
        column: usize,
    },
    /// A string with half of a surrogate pair, which is no character.
    LoneSurrogate {
        /// The byte of the line behind it, from 1.
        column: usize,
    },
}

impl BadRow {
    /// The code in counts and reject files, such as `fields`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fields { .. } => "fields",
            Self::TextAfterQuote { .. } => "text_after_quote",
            Self::OpenQuote { .. } => "open_quote",
            Self::BadEscape { .. } => "bad_escape",
            Self::CarriageReturn => "carriage_return",
            Self::NotUtf8 => "not_utf8",
            Self::NotJson { .. } | Self::TextAfterObject { .. } => "not_json",
            Self::NotObject => "not_object",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::LoneSurrogate { .. } => "lone_surrogate",
        }
    }
}

impl fmt::Display for BadRow {
    /// What is wrong, and the options that help. `{:#}` leaves the options out, for callers that do not have them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fields { found, expected, lines } => {
                write!(f, "it has {found} fields, the first row has {expected}{lines}")?;
                if lines.count() > 1 { way_out(f, QUOTES_ARE_TEXT) } else { Ok(()) }
            }
            Self::TextAfterQuote { line, lines } => {
                write!(f, "the quoted field that begins in line {line} goes on behind a closing quote{lines}")?;
                way_out(f, "if a backslash escapes quotes, use `escape='\\'`; if quotes are text, use `quote=''`")
            }
            Self::OpenQuote { line, lines } => {
                write!(f, "the quote that opens in line {line} is not closed{lines}")?;
                way_out(f, QUOTES_ARE_TEXT)
            }
            Self::BadEscape { line, lines } => {
                write!(
                    f,
                    "the field that begins in line {line} has an escape before neither a quote nor an escape{lines}"
                )?;
                way_out(f, "if the character is text, leave `escape` out")
            }
            Self::CarriageReturn => write!(f, "it has a carriage return without quotes, where no line ends: quote it"),
            Self::NotUtf8 => write!(f, "it is not UTF-8"),
            Self::NotJson { column } => write!(f, "it is not JSON (byte {column})"),
            Self::NotObject => write!(f, "it is not a JSON object"),
            Self::TextAfterObject { column } => write!(f, "it goes on after its JSON object (byte {column})"),
            Self::DuplicateKey { column } => write!(f, "a JSON object has a key twice (byte {column})"),
            Self::LoneSurrogate { column } => write!(f, "a string has half of a surrogate pair (byte {column})"),
        }
    }
}

fn way_out(f: &mut fmt::Formatter<'_>, way_out: &str) -> fmt::Result {
    if f.alternate() { Ok(()) } else { write!(f, ": {way_out}") }
}
