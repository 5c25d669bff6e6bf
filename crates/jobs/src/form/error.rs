//! [`FormError`]: why rows cannot be written in a form.

use arrow_schema::DataType;
use spanframe_engine::EngineError;

/// Why rows cannot be written in a form. No message quotes a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// A kept column has the name of a new one.
    #[error(
        "two columns of the output would be named `{column}`: leave the input's column out (`select`), or rename one"
    )]
    NameTaken {
        /// The name.
        column: String,
    },
    /// An error belongs to a row of the input, and the form has rows of entities.
    #[error("the forms `exploded` and `note_nlp` have no column for errors of rows: use the form `nested`")]
    ErrorColumn,
    /// `note_nlp` needs a column with the ids of notes.
    #[error("note_nlp needs the id of each note{}: name a column of integers that is kept", missing(column))]
    NoIdColumn {
        /// The column that was named, if any.
        column: Option<String>,
    },
    /// The ids are not integers.
    #[error("column `{column}` is {found}, note_nlp needs integers as ids of notes: name another column")]
    IdType {
        /// The column.
        column: String,
        /// Its type.
        found: DataType,
    },
    /// A note with entities has no id, or one that does not fit an `Int64`.
    #[error("row {row} has entities and no 64-bit id in column `{column}`: give every note an id")]
    NoId {
        /// The column.
        column: String,
        /// The row, from 0: in the file if that is known, else in the batch.
        row: usize,
    },
    /// The positions of an entity are outside of its text.
    #[error("internal error, please report it: row {row} has an entity whose positions are not in its text")]
    Position {
        /// The row, from 0: in the file if that is known, else in the batch.
        row: usize,
    },
    /// OMOP has concept ids of 32 bits.
    #[error(
        "row {row} has an entity whose concept id does not fit 32 bits: build the vocabulary with the concept ids of OMOP"
    )]
    ConceptId {
        /// The row, from 0: in the file if that is known, else in the batch.
        row: usize,
    },
    /// The entity column cannot be read.
    #[error(transparent)]
    Entities(#[from] EngineError),
    /// A bug of spanframe.
    #[error("internal error, please report it: {0}")]
    Internal(&'static str),
}

impl FormError {
    /// Replaces the row of the batch by the row of the file. `rows` has the latter for each row of the batch.
    #[must_use]
    pub(crate) fn in_file(self, rows: &[u64]) -> Self {
        let of_file = |row: usize| rows.get(row).map_or(row, |&row| row as usize);
        match self {
            Self::NoId { column, row } => Self::NoId { column, row: of_file(row) },
            Self::Position { row } => Self::Position { row: of_file(row) },
            Self::ConceptId { row } => Self::ConceptId { row: of_file(row) },
            other => other,
        }
    }
}

fn missing(column: &Option<String>) -> String {
    column.as_ref().map_or(String::new(), |column| format!(", and no kept column is named `{column}`"))
}
