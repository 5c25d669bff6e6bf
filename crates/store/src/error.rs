//! [`StoreError`]: why a store cannot do what was asked.

use std::io::{self, ErrorKind};

/// Why a store cannot do what was asked. Messages name the file or folder and what to do, and never credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file or folder does not exist.
    #[error("there is no `{url}`: check the path")]
    NotFound {
        /// The file or folder.
        url: String,
    },
    /// Permissions or credentials are missing.
    #[error("access to `{url}` is denied ({reason}): check its permissions and your credentials")]
    Denied {
        /// The file or folder.
        url: String,
        /// The store's reason.
        reason: String,
    },
    /// The disk or the quota is full.
    #[error("no space is left for `{url}`: free some, or raise the quota, and start again")]
    Full {
        /// The file or folder.
        url: String,
    },
    /// The file system is read-only.
    #[error("`{url}` is on a read-only file system: name an output that can be written")]
    ReadOnly {
        /// The file or folder.
        url: String,
    },
    /// Neither the network nor the server answered, after all retries.
    #[error("`{url}` cannot be reached ({reason}): check the network and the endpoint, and start again")]
    Unreachable {
        /// The file or folder.
        url: String,
        /// The last reason.
        reason: String,
    },
    /// A malformed path or URL.
    #[error("`{url}` is not a path or URL of a folder or bucket: {reason}")]
    BadUrl {
        /// As given, without credentials.
        url: String,
        /// What is wrong, or what was expected.
        reason: String,
    },
    /// A URL with an unknown scheme.
    #[error("`{url}` has an unknown scheme: expected a path, or a URL of file, s3, gs, az, abfs, abfss, http or https")]
    UnknownScheme {
        /// As given, without credentials.
        url: String,
    },
    /// Missing or invalid settings in the environment.
    #[error(
        "`{url}` cannot be used with the current settings ({reason}): check the variables AWS_*, GOOGLE_* or AZURE_*"
    )]
    Settings {
        /// The bucket or host.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A path that might leave its store.
    #[error("`{path}` is no path inside a store: expected names separated by single `/`, without `.` and `..`")]
    BadPath {
        /// As given.
        path: String,
    },
    /// A file name that is not UTF-8.
    #[error("`{url}` has a name that is not UTF-8: rename it")]
    NotUtf8 {
        /// The file, with replacement characters.
        url: String,
    },
    /// A file where a folder is needed, or a folder where a file is.
    #[error("`{url}` is, or lies below, a {found} where a {expected} is needed: name another place")]
    WrongKind {
        /// The file or folder.
        url: String,
        /// What is there.
        found: &'static str,
        /// What is needed there.
        expected: &'static str,
    },
    /// A link leads to a folder above it.
    #[error("`{url}` is a link to a folder above it: remove the link")]
    LinkLoop {
        /// The link.
        url: String,
    },
    /// The file system cannot rename files, so that no file can become visible as a whole.
    #[error(
        "the file system of `{url}` cannot rename files ({reason}): name a place on another one, or the URL of an object \
         store"
    )]
    NoRename {
        /// The file.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// Another process holds the claim on a file, or was killed while it did.
    #[error("another process is about to write `{url}`, or was killed then: if none runs, remove `{claim}`")]
    Claimed {
        /// The file.
        url: String,
        /// The file that claims it.
        claim: String,
    },
    /// The file was replaced while it was read.
    #[error("`{url}` was replaced while it was read: start again")]
    Changed {
        /// The file or folder.
        url: String,
    },
    /// The store was opened before a fork.
    #[error(
        "`{url}` was opened in another process (a fork): open it in the process that uses it, or start workers by spawn"
    )]
    Forked {
        /// The file or folder.
        url: String,
    },
    /// Any other failure.
    #[error("cannot use `{url}` ({reason}): check the path, and the disk or server behind it")]
    Other {
        /// The file or folder.
        url: String,
        /// The store's reason.
        reason: String,
    },
}

impl StoreError {
    /// Converts an `io::Error` about `url`.
    ///
    /// Returns the error inside if [`Writer`](crate::Writer) or [`ReadAt`](crate::ReadAt) raised it.
    #[must_use]
    pub fn from_io(url: &str, error: io::Error) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(own) => return own,
            Err(error) => error,
        };
        let url = url.to_string();
        match error.kind() {
            ErrorKind::NotFound => Self::NotFound { url },
            ErrorKind::PermissionDenied => Self::Denied { url, reason: error.to_string() },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => Self::Full { url },
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { url },
            ErrorKind::NotADirectory => Self::WrongKind { url, found: "file", expected: "folder" },
            ErrorKind::IsADirectory => Self::WrongKind { url, found: "folder", expected: "file" },
            ErrorKind::StaleNetworkFileHandle | ErrorKind::TimedOut | ErrorKind::HostUnreachable => {
                Self::Unreachable { url, reason: error.to_string() }
            }
            _ => Self::Other { url, reason: error.to_string() },
        }
    }

    /// The nearest kind of `std::io`.
    #[must_use]
    pub fn io_kind(&self) -> ErrorKind {
        match self {
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Denied { .. } => ErrorKind::PermissionDenied,
            Self::Full { .. } => ErrorKind::StorageFull,
            Self::ReadOnly { .. } => ErrorKind::ReadOnlyFilesystem,
            Self::Unreachable { .. } => ErrorKind::HostUnreachable,
            Self::BadUrl { .. } | Self::UnknownScheme { .. } | Self::Settings { .. } | Self::BadPath { .. } => {
                ErrorKind::InvalidInput
            }
            Self::NotUtf8 { .. } => ErrorKind::InvalidFilename,
            Self::WrongKind { expected: "folder", .. } => ErrorKind::NotADirectory,
            Self::WrongKind { .. } => ErrorKind::IsADirectory,
            Self::NoRename { .. } => ErrorKind::Unsupported,
            Self::Claimed { .. } => ErrorKind::ResourceBusy,
            Self::LinkLoop { .. } | Self::Changed { .. } | Self::Forked { .. } | Self::Other { .. } => ErrorKind::Other,
        }
    }
}

impl From<StoreError> for io::Error {
    /// Keeps the kind, so that callers can tell a full disk from a lost network, and the error itself inside.
    fn from(error: StoreError) -> Self {
        Self::new(error.io_kind(), error)
    }
}
