//! Installed models: [`Models`] adds them from folders, archives and the Hugging Face hub, imports what Spark NLP
//! saved, and verifies, packs and removes them.
//!
//! A model is installed whole or not at all:
//!
//! ```text
//! ModelSource --collect--> staging folder --probe--> manifest.json --rename--> models/NAME
//!  folder, archive, hub     hidden, locked   loaded    hashes of                visible from
//!                                            and run   all files                here on
//! ```
//!
//! This crate knows archives, the hub's protocol and the files of Spark NLP. `spanframe_model` knows what a model
//! folder is.
#![forbid(unsafe_code)]

mod archive;
mod collect;
mod copy;
mod environment;
mod error;
mod file_provider;
mod hub;
mod installed;
mod model_source;
mod models;
mod name;
mod pack;
mod probe;
mod spark;
mod staging;
mod stop;

pub use archive::Limits;
pub use environment::{ENDPOINT_VARIABLE, OFFLINE_VARIABLE, TOKEN_VARIABLE};
pub use error::InstallError;
pub use hub::{DownloadProgress, HubSettings, Token};
pub use installed::{Installed, Verified};
pub use model_source::ModelSource;
pub use models::Models;
pub use name::Naming;
pub use stop::StopCheck;
