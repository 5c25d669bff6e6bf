//! A model folder becomes a [`Model`]: labels, tokenizer and a [`Backend`] of ONNX Runtime sessions.
//!
//! This floor knows ONNX Runtime, tokenizers and the file system of models; it knows nothing of columns.
//! Any Hugging Face token-classification export is a model folder; see [`ModelFiles`] for the files that are read and
//! [`Config`] for the fields of `config.json`.
#![forbid(unsafe_code)]

mod backend;
mod basic_token;
mod card;
mod charsmap;
mod config;
mod device;
mod digest;
mod error;
mod files;
mod front_matter;
mod home;
mod model;
mod runtime;
mod scores;
mod spark_pieces;
mod tokenizer;

pub use backend::{Backend, Logits, SessionOptions};
pub use card::ModelCard;
pub use config::Config;
pub use device::Device;
pub use digest::digest_of;
pub use error::{ErrorKind, ModelError};
pub use files::ModelFiles;
pub use home::{HOME_VARIABLE, installed, installed_names, models_folder};
pub use model::Model;
pub use runtime::{LIBRARY_VARIABLE, Runtime, RuntimeSearch};
pub use scores::{Figures, Score, Scores};
pub use spark_pieces::SparkEncoding;
pub use tokenizer::Tokenizer;
