//! [`EngineError`]: all errors of this crate.

use arrow_schema::{ArrowError, DataType};
use spanframe_model::{ErrorKind, ModelError};
use spanframe_vocabulary::VocabularyError;

use crate::{OptionError, RowError, assertion::LexiconError};

/// Why a column cannot be annotated. Messages carry row numbers, sizes and types, never the text of a note.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// An option is wrong.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The model, the runtime or the device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The column is not text.
    #[error("the column is {0}, expected a string column: {way_out}", way_out = way_to_strings(.0))]
    NotText(DataType),
    /// The column has no entities.
    #[error(
        "the column is {0}, expected entities: a struct of lists or a list of structs with entity, begin and end, or the \
         annotations of Spark NLP"
    )]
    NotEntities(DataType),
    /// An entity column that contradicts itself.
    #[error("row {row} of the entity column has {reason}: write the column again")]
    WrongEntities {
        /// Row of the column, from 0.
        row: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// The column of languages is not text.
    #[error("the column of languages is {0}, expected a code in each row, such as `es`: {way_out}", way_out = way_to_strings(.0))]
    LanguageNotText(DataType),
    /// There are more or fewer languages than texts.
    #[error("there are {languages} languages for {texts} texts: give one for each, or one for all")]
    LanguageRows {
        /// Rows of the column of languages.
        languages: usize,
        /// Rows of the column of texts.
        texts: usize,
    },
    /// A model reads rows of some languages only, and the rows have no language.
    #[error(
        "model `{model}` has languages in the pipeline file: name the column with the language of each row (`language`, in \
         files `language_column`), or the language of a text"
    )]
    LanguageMissing {
        /// Name in the set.
        model: String,
    },
    /// A pipeline file that cannot be used.
    #[error("the pipeline file `{path}` {reason}")]
    Pipeline {
        /// As given.
        path: String,
        /// What is wrong, and where.
        reason: String,
    },
    /// A file of assertion rules that cannot be used.
    #[error(transparent)]
    Lexicon(#[from] LexiconError),
    /// A vocabulary that cannot be used.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// An entity column without texts to link.
    #[error(
        "the entity column has no field `chunk`, which linking needs: take the column of `ner.extract`, or add the text of \
         each entity as `chunk`"
    )]
    NoChunk,
    /// A model of a set that cannot be used.
    #[error("model `{model}` of the set: {source}")]
    Member {
        /// As given.
        model: String,
        /// What is wrong with it.
        source: Box<EngineError>,
    },
    /// Two models of a set have one name.
    #[error("two models are named `{name}`: give each its own `name` in a pipeline file")]
    SameName {
        /// The name.
        name: String,
    },
    /// A row cannot be annotated, and `on_error` is `raise`.
    #[error(transparent)]
    Row(#[from] RowError),
    /// The chunks of one output array need more than 32-bit offsets.
    #[error("the entities of {rows} rows do not fit one array: annotate fewer rows at a time")]
    OutputTooLarge {
        /// Rows in the array.
        rows: usize,
    },
    /// The process was forked after the engine was made.
    #[error(
        "this engine was made in another process (a fork): make it in the process that uses it, or start workers by spawn"
    )]
    Forked,
    /// The threads cannot be started.
    #[error("cannot start {threads} threads ({reason}): use fewer (`sessions`, `intra_threads`), or raise `ulimit -u`")]
    Threads {
        /// How many.
        threads: usize,
        /// The system's reason.
        reason: String,
    },
    /// A bug in spanframe.
    #[error("internal error, please report it: {0}")]
    Internal(String),
}

impl EngineError {
    /// Who can mend it: the user's input, the model, the device, or spanframe itself.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Option(_)
            | Self::NotText(_)
            | Self::NotEntities(_)
            | Self::WrongEntities { .. }
            | Self::LanguageNotText(_)
            | Self::LanguageRows { .. }
            | Self::LanguageMissing { .. }
            | Self::Pipeline { .. }
            | Self::Lexicon(_)
            | Self::NoChunk
            | Self::SameName { .. }
            | Self::Row(_)
            | Self::Forked
            | Self::OutputTooLarge { .. } => ErrorKind::Input,
            Self::Model(e) => e.kind(),
            Self::Vocabulary(e) => {
                if e.is_internal() {
                    ErrorKind::Internal
                } else {
                    ErrorKind::Input
                }
            }
            Self::Member { source, .. } => source.kind(),
            Self::Threads { .. } => ErrorKind::Device,
            Self::Internal(_) => ErrorKind::Internal,
        }
    }
}

/// How to make strings of a column of another type.
fn way_to_strings(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => {
            "join the items of each row to one string first"
        }
        nested if nested.is_nested() => "name a column of strings, or take one of its fields",
        _ => "cast it to a string first",
    }
}

impl From<ArrowError> for EngineError {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::OffsetOverflowError(rows) => Self::OutputTooLarge { rows },
            other => Self::Internal(other.to_string()),
        }
    }
}
