//! Arrow in, Arrow out: a column of text becomes a column of entities.
//!
//! [`Engine`] is the one implementation behind the command line, the Polars expression and Python. The steps are files:
//! [`input`] reads a text column, `pipeline` takes documents through tokenizer, windows, batches, sessions and
//! decoder (of one model, or of each of a set that takes a row), [`output`] makes a [`Mention`] of each entity, and
//! [`entity_column`] writes mentions to columns and reads them again. [`field`] has the table of an entity's fields.
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

pub mod catalogue;
mod combined_card;
mod document;
mod engine;
pub mod entity_column;
mod error;
mod fault;
pub mod field;
pub mod input;
mod loaded;
mod mention;
mod metrics;
mod model_choice;
mod model_set;
mod notes;
pub mod offset_convention;
pub mod option_value;
pub mod options;
pub mod output;
mod pipeline;
mod pipeline_file;
pub mod positions;
mod quiet;
mod route;
pub mod ruler;
pub mod schema;
mod settings;

pub use engine::{Annotated, Engine, card};
pub use error::EngineError;
pub use fault::{Fault, OnError, RowError};
pub use mention::Mention;
pub use metrics::Metrics;
pub use model_choice::{ModelChoice, ModelNames};
pub use notes::Notes;
pub use options::{Decoding, Emulation, EngineOptions, OptionError, RawOptions};
pub use pipeline::Step;
pub use quiet::{THREAD_NAME, quiet_panics, tell_place};
pub use route::UnknownLanguage;
pub use schema::{Layout, Offsets};
pub use spanframe_core::{AggregationStrategy, CleanupMode, Grouping, Merge, MergeWithin, Named};
pub use spanframe_model::{Device, ErrorKind, LIBRARY_VARIABLE, ModelCard, ModelError, Score, models_folder};
