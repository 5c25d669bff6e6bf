//! The files of a model folder, and what they say about the model.

mod config;
mod decoder;
mod files;
mod json_file;
mod scores;

pub use config::Config;
pub use files::ModelFiles;
pub(crate) use files::check_pointer;
pub(crate) use json_file::{JsonFile, not_json};
pub use scores::{Score, ScoreFigures, Scores};
