//! Folders on disk and in object stores: list, read at a place, write whole or not at all.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod read_at;

pub use read_at::ReadAt;
