//! Folders on disk and in object stores: list, read at a place, write whole or not at all.
//!
//! [`Store`] is the folder, [`locate`] finds it from what a user typed, [`Writer`] shows a file when it is whole and
//! [`ReadAt`] reads one by place.
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
