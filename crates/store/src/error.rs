//! What can go wrong with a store.

use std::io::{self, ErrorKind};

/// Why a store cannot do what was asked. Each message names the place and the way out, and never credentials.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Nothing is there.
    #[error("there is no `{url}`: check the path")]
    NotFound {
        /// The place.
        url: String,
    },
    /// Rights or credentials are missing.
    #[error("access to `{url}` is denied ({reason}): check its permissions and your credentials")]
    Denied {
        /// The place.
        url: String,
        /// The store's reason.
        reason: String,
    },
    /// No space or quota is left.
    #[error("no space is left for `{url}`: free some, or raise the quota, and start again")]
    Full {
        /// The place.
        url: String,
    },
    /// The file system takes no writes.
    #[error("`{url}` is on a read-only file system: name an output that can be written")]
    ReadOnly {
        /// The place.
        url: String,
    },
    /// The network or the server does not answer, after all retries.
    #[error("`{url}` cannot be reached ({reason}): check the network and the endpoint, and start again")]
    Unreachable {
        /// The place.
        url: String,
        /// The last reason.
        reason: String,
    },
    /// A path or URL that names no store.
    #[error("`{url}` names no store: {reason}")]
    BadUrl {
        /// As given, without credentials.
        url: String,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// A URL of a kind that is not known.
    #[error("`{url}` is of an unknown kind: expected a path, or a URL of file, s3, gs, az, abfs, abfss, http or https")]
    UnknownScheme {
        /// As given, without credentials.
        url: String,
    },
    /// Settings of the environment that do not fit.
    #[error("the settings for `{url}` do not serve ({reason}): check the variables AWS_*, GOOGLE_* or AZURE_*")]
    Settings {
        /// The bucket or host.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A path that leaves its store.
    #[error("`{path}` is no path inside a store: expected names separated by single `/`, without `.` and `..`")]
    BadPath {
        /// As given.
        path: String,
    },
    /// A name that cannot be told in text.
    #[error("`{url}` has a name that is not UTF-8: rename it")]
    NotUtf8 {
        /// The place, its odd bytes replaced.
        url: String,
    },
    /// A file stands where a folder is needed, or a folder where a file is.
    #[error("`{url}` is, or lies below, a {found} where a {expected} is needed: name another place")]
    WrongKind {
        /// The place.
        url: String,
        /// What is there.
        found: &'static str,
        /// What is needed there.
        expected: &'static str,
    },
    /// The content was replaced while it was read.
    #[error("`{url}` was replaced while it was read: start again")]
    Changed {
        /// The place.
        url: String,
    },
    /// The store was made before a fork.
    #[error(
        "`{url}` was opened in another process (a fork): open it in the process that uses it, or start workers by spawn"
    )]
    Forked {
        /// The place.
        url: String,
    },
    /// Anything else.
    #[error("cannot use `{url}`: {reason}")]
    Other {
        /// The place.
        url: String,
        /// The store's reason.
        reason: String,
    },
}

impl StoreError {
    /// The error of this floor for what the system answered about `url`.
    ///
    /// An `io::Error` that this crate's [`Writer`](crate::Writer) and [`ReadAt`](crate::ReadAt) raised gives back the
    /// error inside it.
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

    /// What this is in the terms of `std::io`.
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
            Self::Changed { .. } | Self::Forked { .. } | Self::Other { .. } => ErrorKind::Other,
        }
    }
}

impl From<StoreError> for io::Error {
    /// Keeps the kind, so that callers tell a full disk from a lost network, and the whole error inside.
    fn from(error: StoreError) -> Self {
        Self::new(error.io_kind(), error)
    }
}
