//! A model folder becomes a [`Model`]: labels, tokenizer and a [`Backend`] of ONNX Runtime sessions.
//!
//! This crate knows ONNX Runtime, tokenizers and the files of models. It knows nothing of columns. Any Hugging Face
//! token-classification export is a model folder: [`ModelFiles`] lists the files that are read, and [`Config`] the
//! fields of `config.json`.
//!
//! The modules depend on one another in this order: `environment`, `error`, `hub_name`, `folder`, `onnx`, `tokenizer`,
//! `integrity`, `home`, `spark`, `sessions`, `warnings`, `card`, `model`.
#![forbid(unsafe_code)]

mod card;
mod environment;
mod error;
mod folder;
mod home;
mod hub_name;
mod integrity;
mod model;
mod onnx;
mod sessions;
mod spark;
mod tokenizer;
mod warnings;

pub use card::ModelCard;
pub use environment::{HOME_VARIABLE, LIBRARY_VARIABLE};
pub use error::{ErrorKind, ModelError};
pub use folder::{Config, ModelFiles, Score, ScoreFigures, Scores};
pub use home::{installed, installed_from, installed_names, models_folder};
pub use hub_name::HubName;
pub use integrity::{FileVersions, MANIFEST, Manifest, ManifestError, ManifestFile, digest_of, join_errors};
pub use model::Model;
pub use onnx::{Field, Graph, InputShape, Wire, WireError};
pub use sessions::{Backend, Device, Logits, Runtime, RuntimeSearch, SessionOptions};
pub use spark::SparkEncoding;
pub use tokenizer::Tokenizer;
