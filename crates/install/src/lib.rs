//! Installed models: [`Models`] adds them from folders, archives and the Hugging Face hub, imports what Spark NLP saved, and
//! verifies, packs and removes them.
//!
//! A model is installed whole or not at all: everything goes to a hidden folder beside its place, is opened and tried
//! there, gets its manifest, and is shown by one rename. This floor knows archives, the hub's protocol and the files of
//! Spark NLP; what a model folder is, `spanframe_model` knows.
#![forbid(unsafe_code)]

mod archive;
mod environment;
mod error;
mod hub;
mod models;
mod name;
mod needed;
mod pack;
mod probe;
mod source;
mod spark;
mod staging;

pub use archive::Limits;
pub use environment::{ENDPOINT_VARIABLE, OFFLINE_VARIABLE, TOKEN_VARIABLE};
pub use error::InstallError;
pub use hub::{HubSettings, Progress, Token};
pub use models::{Installed, Models, Verified};
pub use name::Naming;
pub use source::Source;
