//! From the errors of object stores to ours.

use std::error::Error as _;

use object_store::{
    Error,
    client::{HttpError, HttpErrorKind},
};

use crate::StoreError;

/// What an object store's error means here.
pub trait Fault {
    /// Whether the object, or its bucket, is not there.
    fn is_absent(&self) -> bool;

    /// Our error for the place `url`.
    fn at(&self, url: &str) -> StoreError;
}

impl Fault for Error {
    fn is_absent(&self) -> bool {
        match self {
            Self::NotFound { .. } => true,
            // a listing of a bucket that is not there
            Self::Generic { .. } => self.to_string().contains("404 Not Found"),
            _ => false,
        }
    }

    fn at(&self, url: &str) -> StoreError {
        let url = url.to_string();
        let reason = reason(self);
        match self {
            _ if self.is_absent() => StoreError::NotFound { url },
            Self::PermissionDenied { .. } | Self::Unauthenticated { .. } => StoreError::Denied { url, reason },
            Self::Precondition { .. } => StoreError::Changed { url },
            Self::InvalidPath { .. } => StoreError::Other { url, reason },
            // where there are no credentials, the clouds' machines are asked for some at this address
            _ if reason.contains("169.254.169.254") || reason.contains("metadata.google.internal") => {
                let reason = "no credentials are set, and this machine has none of its own".to_string();
                StoreError::Denied { url, reason }
            }
            _ if reason.contains("507 Insufficient Storage") || reason.contains("StorageFull") => {
                StoreError::Full { url }
            }
            _ if reason.contains("scheme is not allowed") => StoreError::Settings {
                url,
                reason: "its endpoint is http, which AWS_ALLOW_HTTP=true (AZURE_, GOOGLE_) has to allow".to_string(),
            },
            _ if is_network(self) || is_server(&reason) => StoreError::Unreachable { url, reason },
            _ => StoreError::Other { url, reason },
        }
    }
}

/// Whether no answer came.
fn is_network(error: &Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(http) = error.downcast_ref::<HttpError>() {
            return !matches!(http.kind(), HttpErrorKind::Decode);
        }
        source = error.source();
    }
    false
}

/// Whether the server answered that it cannot now, to each retry.
fn is_server(reason: &str) -> bool {
    reason.contains("status code: 5") || reason.contains("SlowDown")
}

/// The innermost messages in one line, without the queries of URLs, which may hold signatures.
fn reason(error: &Error) -> String {
    let text = error.to_string();
    let words = text.split_whitespace().map(|word| match (word.contains("://"), word.split_once('?')) {
        (true, Some((place, _))) => place,
        _ => word,
    });
    let mut reason = words.collect::<Vec<_>>().join(" ");
    // servers answer with pages
    if let Some((end, _)) = reason.char_indices().nth(LONGEST) {
        reason.truncate(end);
        reason.push('…');
    }
    reason
}

/// Characters of a reason that a message has room for.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(reason: &str) -> Error {
        Error::Generic { store: "S3", source: reason.into() }
    }

    #[test]
    fn signatures_are_not_told() {
        let error = generic("GET https://a.blob.core.windows.net/c/x?sig=SECRET&se=1 in 3s").at("az://c/x");
        assert!(!error.to_string().contains("SECRET") && error.to_string().contains("in 3s"), "{error}");
        let long = generic(&"é".repeat(5000)).at("s3://b/x").to_string();
        assert!(long.chars().count() < 500);
    }

    #[test]
    fn each_fault_has_its_error() {
        let denied = Error::PermissionDenied { path: "x".into(), source: "403".into() };
        assert!(matches!(denied.at("s3://b/x"), StoreError::Denied { .. }));
        assert!(matches!(generic("status code: 503 SlowDown").at("s3://b/x"), StoreError::Unreachable { .. }));
        assert!(matches!(generic("PUT http://169.254.169.254/latest").at("s3://b/x"), StoreError::Denied { .. }));
        assert!(matches!(generic("507 Insufficient Storage").at("s3://b/x"), StoreError::Full { .. }));
        assert!(matches!(
            generic("status code: 404 Not Found: <Code>NoSuchBucket").at("s3://b"),
            StoreError::NotFound { .. }
        ));
        assert!(matches!(generic("something").at("s3://b/x"), StoreError::Other { .. }));
    }
}
