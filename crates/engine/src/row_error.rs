//! [`RowError`]: a row that cannot be annotated, and why.

use std::sync::Arc;

use strum::{IntoStaticStr, VariantArray};

/// How to treat a row that cannot be annotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnError {
    /// End the work with an error that names the row.
    #[default]
    Raise,
    /// Give null for its entities.
    Null,
}

/// A row of a column that cannot be annotated. The message names the row and quotes no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document in row {row} {kind}")]
pub struct RowError {
    /// Row of the column, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub kind: RowErrorKind,
}

/// Why a document cannot be annotated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowErrorKind {
    /// The bytes of a binary column are not UTF-8.
    #[error("is not UTF-8 from byte {at} on: decode the column by its own encoding first")]
    NotUtf8 {
        /// First byte that does not belong to a character.
        at: usize,
    },
    /// The document is longer than `max_document_bytes`, or too long for 32-bit positions.
    #[error(
        "has {bytes} bytes, more than max_document_bytes = {limit}: split it, or raise the limit if there is memory"
    )]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest that is read.
        limit: usize,
    },
    /// No model names its language. The language is not quoted: a column may hold anything.
    #[error(
        "is in none of the languages of the models ({known}): correct its language, set unknown_language, or give a model \
         of a pipeline file `languages = [\"other\"]`"
    )]
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

impl RowErrorKind {
    /// A short name for reports, which never changes.
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
