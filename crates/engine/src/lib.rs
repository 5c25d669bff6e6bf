//! Arrow in, Arrow out: a column of text becomes a column of entities.
//!
//! [`Engine`] is the one implementation behind the command line, the Polars expression and Python. Each step has a file:
//!
//! - [`input`] reads a text column; `routes` finds the models that read each row
//! - `pipeline` takes documents through tokenizer, windows, batches, sessions and decoder of these models
//! - [`output`] makes a [`Mention`] of each entity; [`field`] is the table of a mention's fields
//! - [`entity_column`] writes mentions to columns, and reads them again
//! - [`link`] finds the concepts of mentions in vocabularies
//! - [`assertion`] says whether an entity is negated, uncertain, historical, hypothetical or of the family
//!
//! ```no_run
//! use arrow_array::StringArray;
//! use spanframe_engine::{Engine, EngineOptions};
//!
//! let engine = Engine::new(&EngineOptions::default())?;
//! let notes = StringArray::from(vec![Some("aspirin 81mg daily"), None]);
//! let entities = engine.annotate(&notes)?;
//! assert_eq!(entities.len(), 2);
//! # Ok::<(), spanframe_engine::EngineError>(())
//! ```
#![forbid(unsafe_code)]

pub mod assertion;
mod card;
pub mod catalogue;
mod documents;
mod engine;
pub mod entity_column;
mod error;
pub mod field;
pub mod input;
mod language;
mod layout;
pub mod link;
mod loaded;
mod members;
mod mention;
mod metrics;
mod model_choice;
mod model_set;
mod model_warning;
mod notes;
pub mod offset_convention;
pub mod option_check;
mod option_macro;
pub mod option_table;
pub mod options;
pub mod output;
mod pipeline;
mod pipeline_file;
pub mod positions;
mod quiet;
mod route;
mod routes;
mod row_error;
pub mod ruler;
pub mod schema;
mod selection;
mod settings;

pub use card::card;
pub use documents::is_text;
pub use engine::{AnnotatedRows, Engine};
pub use error::EngineError;
pub use language::UnknownLanguage;
pub use layout::{Layout, Offsets};
pub use link::{Concept, LinkOptions, Linker, RawLink};
pub use mention::Mention;
pub use metrics::Metrics;
pub use model_choice::{ModelChoice, ModelNames};
pub use model_warning::{WarningHook, set_warning_hook};
pub use notes::Notes;
pub use option_table::{OptionSpec, OptionTable, OptionValue};
pub use options::{Decoding, Emulation, EngineOptions, OptionError, RawOptions};
pub use pipeline::Step;
pub use quiet::{THREAD_NAME, print_panic_place, quiet_panics};
pub use row_error::{OnError, RowError, RowErrorKind};
pub use selection::Selection;
pub use spanframe_core::{
    AggregationStrategy, CleanupMode, Grouping, Merge, MergeWithin, Named,
    assertion::{Attribute, Attributes},
    shown_name,
};
pub use spanframe_model::{Device, ErrorKind, LIBRARY_VARIABLE, ModelCard, ModelError, Score, models_folder};
