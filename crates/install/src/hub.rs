//! The Hugging Face hub: one repository at one commit. Its files are downloaded, resumed after a cut, and checked.
//!
//! The client speaks the documented protocol in two requests:
//!
//! ```text
//! GET ENDPOINT/api/models/REPO/revision/REVISION   commit and names of the files
//! GET ENDPOINT/REPO/resolve/COMMIT/FILE            the file; a large one by a redirect to a storage host, with its
//!                                                  SHA-256 in X-Linked-ETag and its length in X-Linked-Size
//! ```
//!
//! docs/decisions/018 says why this is not the hub's own crate.

mod client;
mod download;
mod repository;
mod settings;
mod token;

pub(crate) use self::repository::Repository;
pub use self::{
    settings::{DownloadProgress, HubSettings},
    token::Token,
};
