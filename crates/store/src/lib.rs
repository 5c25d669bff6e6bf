//! Folders on disk and in object stores: list files, read ranges of them, and write files atomically.
//!
//! [`Store`] is a folder. [`locate`] resolves a path or URL that a user typed to a store. [`Writer`] writes a file that
//! becomes visible as a whole or not at all. [`ReadAt`] reads ranges of a file.
#![forbid(unsafe_code)]

mod environment;
mod error;
mod local;
mod locate;
mod lock;
mod object;
mod path;
mod read_at;
mod remote;
mod store;
mod writer;

pub use error::StoreError;
pub use locate::locate;
pub use lock::Lock;
pub use object::Object;
pub use read_at::ReadAt;
pub use store::Store;
pub use writer::Writer;
