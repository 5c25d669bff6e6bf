//! Hashes: whether the files of a model are the installed ones, and whether they changed since they were loaded.

mod digest;
mod file_hash;
mod manifest;

pub use digest::{Version, digest_of};
pub use manifest::{Fault, MANIFEST, Manifest, ManifestFile, list};
