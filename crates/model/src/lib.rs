//! A model folder becomes a [`Model`]: labels, tokenizer and a [`Backend`] of ONNX Runtime sessions.
//!
//! This floor knows ONNX Runtime, tokenizers and the file system of models; it knows nothing of columns.
//! Any Hugging Face token-classification export is a model folder; see [`ModelFiles`] for the files that are read and
//! [`Config`] for the fields of `config.json`.
#![forbid(unsafe_code)]

mod card;
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

pub use card::ModelCard;
pub use error::{ErrorKind, ModelError};
pub use folder::{Config, Figures, ModelFiles, Score, Scores};
pub use home::{HOME_VARIABLE, installed, installed_from, installed_names, models_folder};
pub use hub_name::HubName;
pub use integrity::{Fault, MANIFEST, Manifest, ManifestFile, Version, digest_of, list};
pub use model::Model;
pub use onnx::{Field, Graph, Wire, WireError};
pub use sessions::{Backend, Device, LIBRARY_VARIABLE, Logits, Runtime, RuntimeSearch, SessionOptions};
pub use spark::SparkEncoding;
pub use tokenizer::Tokenizer;
