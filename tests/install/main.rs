//! Installed models by the real program: added, imported from Spark NLP, verified, packed, removed, and refused.

mod archives;
mod file_systems;
mod home;
mod hub;
#[cfg(target_os = "linux")]
#[path = "../support/missing_calls.rs"]
mod missing_calls;
mod server;
mod sources;
mod spark;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod trust;
