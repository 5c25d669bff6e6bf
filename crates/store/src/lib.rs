//! Folders on disk and in object stores: list files, read ranges of them, and write files atomically.
//!
//! [`Store`] is a folder. [`locate`] resolves a path or URL that a user typed to a store. [`Writer`] writes a file that
//! becomes visible as a whole or not at all. [`ReadAt`] reads ranges of a file.
//!
//! File systems lack calls: [`publish_new`] and [`sync`] do without them, and [`lacks_call`] tells such an error.
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
pub use local::{lacks_call, publish_new, sync};
pub use locate::locate;
pub use lock::Lock;
pub use object::Object;
pub use read_at::ReadAt;
pub use store::Store;
pub use writer::Writer;
