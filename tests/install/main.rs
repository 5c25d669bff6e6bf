//! Installed models by the real program: added, imported from Spark NLP, verified, packed, removed, and refused.

mod archives;
mod home;
mod hub;
mod server;
mod sources;
mod spark;
#[path = "../support/mod.rs"]
mod support;
mod trust;
