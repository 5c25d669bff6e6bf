//! [`RowError`]: a row that cannot be annotated, and why.

use std::sync::Arc;

use strum::{IntoStaticStr, VariantArray};

/// What becomes of a row that cannot be annotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnError {
    /// It ends the work with an error that names it.
    #[default]
    Raise,
    /// Its entities are null.
    Null,
}

/// A row of a column that cannot be annotated. Its message names the row and no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document in row {row} {fault}")]
pub struct RowError {
    /// Row of the column, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Why a document cannot be annotated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A binary column with something else than text.
    #[error("is not UTF-8 from byte {at} on: decode the column by its own encoding first")]
    NotUtf8 {
        /// First byte that does not belong to a character.
        at: usize,
    },
    /// Longer than `max_document_bytes`, or than 32-bit positions reach.
    #[error(
        "has {bytes} bytes, more than max_document_bytes = {limit}: split it, or raise the limit if there is memory"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is read.
        limit: usize,
    },
    /// Its language is null or one that no model names. What stands there is not told: it may be anything.
    #[error("is in none of the languages of the models ({known}): correct its language, or set unknown_language")]
    UnknownLanguage {
        /// Codes that models name, with commas.
        known: Arc<str>,
    },
    /// The tokenizer failed, which a loaded tokenizer should never do.
    #[error("cannot be tokenized ({bytes} bytes): report it with the model's name")]
    Tokenizer {
        /// Its length.
        bytes: usize,
    },
}

impl Fault {
    /// A short name that never changes, for reports.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotUtf8 { .. } => "not_utf8",
            Self::TooLong { .. } => "too_long",
            Self::UnknownLanguage { .. } => "unknown_language",
            Self::Tokenizer { .. } => "tokenizer",
        }
    }
}
