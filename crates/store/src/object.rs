//! [`Object`]: one file of a store.

/// A file as the store lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its place relative to the store's root, `/`-separated.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Changes when the content is replaced: the ETag, or size and time of the last change (ns) on disk.
    pub version: String,
}
