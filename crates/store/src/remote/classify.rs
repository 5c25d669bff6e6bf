//! [`Classify`]: converts errors of object stores to ours.

use std::error::Error as _;

use object_store::{
    Error,
    client::{HttpError, HttpErrorKind},
};

use crate::StoreError;

/// Classifies an error of an object store.
pub trait Classify {
    /// True if the object or its bucket does not exist.
    fn is_absent(&self) -> bool;

    /// Our error, about `url`.
    fn at(&self, url: &str) -> StoreError;
}

impl Classify for Error {
    fn is_absent(&self) -> bool {
        let text = self.to_string();
        // a listing has no variant for it; and a 404 of the credentials' endpoint says nothing about the object
        (matches!(self, Self::NotFound { .. }) || status(&text) == Some(404)) && !asks_for_credentials(&text)
    }

    fn at(&self, url: &str) -> StoreError {
        let url = url.to_string();
        let reason = reason(self);
        match (self, status(&reason)) {
            _ if asks_for_credentials(&reason) => {
                let reason = "no credentials are set, and this machine has none of its own".to_string();
                StoreError::Denied { url, reason }
            }
            _ if self.is_absent() => StoreError::NotFound { url },
            (Self::PermissionDenied { .. } | Self::Unauthenticated { .. }, _) | (_, Some(401 | 403)) => {
                StoreError::Denied { url, reason }
            }
            (Self::Precondition { .. }, _) => StoreError::Changed { url },
            (_, Some(507)) => StoreError::Full { url },
            _ if reason.contains("scheme is not allowed") => {
                let reason = "the endpoint is http: set AWS_ALLOW_HTTP, GOOGLE_ALLOW_HTTP or AZURE_ALLOW_HTTP to true";
                let reason = reason.to_string();
                StoreError::Settings { url, reason }
            }
            (_, Some(429 | 500..)) => StoreError::Unreachable { url, reason },
            _ if is_network(self) => StoreError::Unreachable { url, reason },
            _ => StoreError::Other { url, reason },
        }
    }
}

/// True if the request went to the address where clouds give their own machines credentials. Then none were set.
fn asks_for_credentials(reason: &str) -> bool {
    ["169.254.169.254", "metadata.google.internal"].iter().any(|host| reason.contains(host))
}

/// Returns the HTTP status in a message. The crate's types do not expose it.
fn status(reason: &str) -> Option<u16> {
    let (_, rest) = reason.split_once("status code: ")?;
    rest.get(..3)?.parse().ok()
}

/// True if no answer came.
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

/// Returns outermost and innermost message in one line. Drops the queries of URLs, which may be signatures.
fn reason(error: &Error) -> String {
    let mut text = error.to_string();
    let mut inner = error.source();
    while let Some(source) = inner.and_then(std::error::Error::source) {
        inner = Some(source);
    }
    if let Some(inner) = inner.map(ToString::to_string).filter(|inner| !text.contains(inner.as_str())) {
        text = format!("{text}: {inner}");
    }
    let words = text.split_whitespace().map(|word| match (word.contains("://"), word.split_once('?')) {
        (true, Some((place, _))) => place,
        _ => word,
    });
    let mut reason = words.collect::<Vec<_>>().join(" ");
    // some servers answer with whole pages
    if let Some((end, _)) = reason.char_indices().nth(LONGEST) {
        reason.truncate(end);
        reason.push('…');
    }
    reason
}

/// Most characters of a reason.
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
        let absent = Error::NotFound { path: "x".into(), source: "GET http://169.254.169.254/latest".into() };
        assert!(!absent.is_absent() && matches!(absent.at("s3://b/x"), StoreError::Denied { .. }));
        assert!(matches!(generic("PUT http://169.254.169.254/latest").at("s3://b/x"), StoreError::Denied { .. }));
        assert!(matches!(generic("status code: 507 Insufficient Storage").at("s3://b/x"), StoreError::Full { .. }));
        assert!(matches!(
            generic("status code: 404 Not Found: <Code>NoSuchBucket").at("s3://b"),
            StoreError::NotFound { .. }
        ));
        assert!(matches!(generic("something").at("s3://b/x"), StoreError::Other { .. }));
    }
}
