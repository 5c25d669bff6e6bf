//! [`Object`]: a file as a store lists it.

/// A file of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Path below the store's root, separated by `/`.
    pub path: String,
    /// Length in bytes.
    pub size: u64,
    /// Changes whenever the content is replaced: the ETag, or on disk the size and modification time in nanoseconds.
    pub version: String,
}
