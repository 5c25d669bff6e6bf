//! The files of a model folder, and what they say about the model.

mod config;
mod files;
mod raw_config;
mod scores;

pub use config::Config;
pub use files::ModelFiles;
pub use scores::{Score, ScoreFigures, Scores};
