//! What can be wrong with an output.

use arrow_schema::DataType;
use spanframe_engine::EngineError;

/// Why rows cannot be written in a form. No message carries a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// A kept column has the name of a new one.
    #[error(
        "two columns of the output would be named `{column}`: leave the one of the input out (`select`), or rename one of them"
    )]
    NameTaken {
        /// The name.
        column: String,
    },
    /// Only rows of the input can have errors.
    #[error(
        "the exploded form and note_nlp have a row an entity, and no place for errors of rows: write the nested form"
    )]
    ErrorColumn,
    /// `note_nlp` needs the ids of notes.
    #[error("note_nlp needs the id of each note{}: name a column of whole numbers that is kept", missing(column))]
    NoIdColumn {
        /// The column that was named, if any.
        column: Option<String>,
    },
    /// The ids are no whole numbers.
    #[error("column `{column}` is {found}, note_nlp needs whole numbers as ids of notes: name another column")]
    IdType {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// A note has no id, or one that is too large.
    #[error("row {row} has entities and no 64-bit id in column `{column}`: give every note an id")]
    NoId {
        /// The column.
        column: String,
        /// The row, from 0: of the batch, or of the file where that is known.
        row: usize,
    },
    /// Entities that are not in the text.
    #[error("row {row} has an entity whose positions are not in its text")]
    Position {
        /// The row, from 0: of the batch, or of the file where that is known.
        row: usize,
    },
    /// The entity column.
    #[error(transparent)]
    Entities(#[from] EngineError),
    /// A fault of spanframe's own.
    #[error("internal error, please report it: {0}")]
    Internal(&'static str),
}

impl FormError {
    /// With the row of the file, where `rows` are those of the batch.
    #[must_use]
    pub(crate) fn in_file(self, rows: &[u64]) -> Self {
        let of_file = |row: usize| rows.get(row).map_or(row, |&row| row as usize);
        match self {
            Self::NoId { column, row } => Self::NoId { column, row: of_file(row) },
            Self::Position { row } => Self::Position { row: of_file(row) },
            other => other,
        }
    }
}

fn missing(column: &Option<String>) -> String {
    column.as_ref().map_or(String::new(), |column| format!(", and no kept column is named `{column}`"))
}
