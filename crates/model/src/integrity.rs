//! Hashes and times of a model's files: whether they are the installed ones, and whether they changed since they were
//! loaded.

mod deciding_files;
mod digest;
mod file_hash;
mod file_versions;
mod manifest;

pub use digest::digest_of;
pub use file_versions::FileVersions;
pub use manifest::{MANIFEST, Manifest, ManifestError, ManifestFile, join_errors};
