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
mod file_hash;
mod files;
mod front_matter;
mod graph;
mod home;
mod hub_name;
mod manifest;
mod model;
mod protobuf;
mod runtime;
mod scores;
mod shared;
mod skeleton;
mod spark_pieces;
mod tokenizer;
mod weight;

pub use backend::{Backend, Logits, SessionOptions};
pub use card::ModelCard;
pub use config::Config;
pub use device::Device;
pub use digest::{Version, digest_of};
pub use error::{ErrorKind, ModelError};
pub use files::ModelFiles;
pub use graph::Graph;
pub use home::{HOME_VARIABLE, installed, installed_from, installed_names, models_folder};
pub use hub_name::HubName;
pub use manifest::{Fault, MANIFEST, Manifest, ManifestFile, list};
pub use model::Model;
pub use protobuf::{Field, Wire, WireError};
pub use runtime::{LIBRARY_VARIABLE, Runtime, RuntimeSearch};
pub use scores::{Figures, Score, Scores};
pub use spark_pieces::SparkEncoding;
pub use tokenizer::Tokenizer;
