//! [`locate`]: resolves a path or URL to a [`Store`] and a path in it.

use std::path::{Path, PathBuf};

use url::Url;

use crate::{
    Store, StoreError, path,
    remote::{Remote, connect},
};

/// Schemes of object stores.
const SCHEMES: [&str; 8] = ["s3", "s3a", "gs", "az", "abfs", "abfss", "http", "https"];

/// Resolves a path or URL to a store and the path inside it (`""` for its root). Makes no request.
///
/// | given | store | path |
/// |---|---|---|
/// | local path or `file://` URL of an existing folder, or ending in `/` | that folder | `""` |
/// | any other local path or `file://` URL | the folder above | the name |
/// | `s3://bucket/key`, `s3a://...`, `gs://bucket/key` | the bucket | the key |
/// | `az://container/key`, `abfs[s]://container@account.dfs.core.windows.net/key` | the container | the key |
/// | `http[s]://host/path` | the host | the path, percent-decoded |
///
/// Keys are taken literally: `%20` is three characters, as in the clouds' own tools. A key may be a file or a prefix;
/// [`Store::list`] takes both. `http` is for reading single files; listing and writing need WebDAV.
///
/// Credentials and endpoints come from the environment; see `environment.rs`.
///
/// # Errors
/// [`StoreError::BadUrl`], [`StoreError::UnknownScheme`], [`StoreError::Settings`], [`StoreError::BadPath`].
pub fn locate(path_or_url: &str) -> Result<(Store, String), StoreError> {
    match scheme(path_or_url) {
        None => locate_local(path_or_url, Path::new(path_or_url)),
        Some(("file", _)) => locate_local(path_or_url, &file(path_or_url)?),
        Some((scheme, rest)) => {
            let RemoteUrl { base, key } = remote(path_or_url, scheme, rest)?;
            Ok((Store::remote(Remote::new(connect(scheme, &base)?, &base, "")), key))
        }
    }
}

/// Opens the folder at `path_or_url`.
pub fn open(path_or_url: &str) -> Result<Store, StoreError> {
    match scheme(path_or_url) {
        None => open_local(path_or_url, PathBuf::from(path_or_url)),
        Some(("file", _)) => open_local(path_or_url, file(path_or_url)?),
        Some((scheme, rest)) => {
            let RemoteUrl { base, key } = remote(path_or_url, scheme, rest)?;
            Ok(Store::remote(Remote::new(connect(scheme, &base)?, &base, &key)))
        }
    }
}

/// Returns the path of a `file://` URL, percent-decoded.
fn file(given: &str) -> Result<PathBuf, StoreError> {
    let path = Url::parse(given).ok().and_then(|url| url.to_file_path().ok());
    path.ok_or_else(|| bad(given, "expected file:///, and an absolute path"))
}

/// A URL of an object store.
struct RemoteUrl {
    /// Scheme with bucket or host.
    base: String,
    key: String,
}

/// Splits a URL into its bucket or host and the key.
fn remote(given: &str, scheme: &str, rest: &str) -> Result<RemoteUrl, StoreError> {
    if !SCHEMES.contains(&scheme) {
        return Err(StoreError::UnknownScheme { url: without_credentials(given) });
    }
    let is_http = scheme.starts_with("http");
    let (authority, key) = rest.split_once('/').unwrap_or((rest, ""));
    if authority.is_empty() {
        return Err(bad(given, "expected a bucket or host after ://"));
    }
    // in abfss://container@account the container stands there; anything else would be credentials
    if authority.contains('@') && (!scheme.starts_with("abfs") || authority.contains(':')) {
        return Err(bad(given, "set credentials in the environment, not in the URL"));
    }
    if is_http && key.contains(['?', '#']) {
        return Err(bad(given, "remove the query (?) or fragment (#), which would not be sent"));
    }
    let base = format!("{scheme}://{authority}");
    if Url::parse(&base).is_err() {
        return Err(bad(given, "expected a bucket or host after ://"));
    }
    let key =
        if is_http { decoded(&base, key).ok_or_else(|| bad(given, "its path is not UTF-8"))? } else { key.into() };
    Ok(RemoteUrl { base, key: path::inside(&key)?.to_string() })
}

fn decoded(base: &str, key: &str) -> Option<String> {
    let url = Url::parse(&format!("{base}/{key}")).ok()?;
    let key = object_store::path::Path::from_url_path(url.path()).ok()?;
    Some(key.as_ref().to_string())
}

fn bad(given: &str, reason: &str) -> StoreError {
    StoreError::BadUrl { url: without_credentials(given), reason: reason.to_string() }
}

/// Returns a URL as messages may show it: without user and password, and without the query.
fn without_credentials(given: &str) -> String {
    let Some((scheme, rest)) = given.split_once("://") else { return given.to_string() };
    let rest = rest.split('?').next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Splits a URL at `://`; `None` for a local path, which may have a colon.
fn scheme(path_or_url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = path_or_url.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some((scheme, rest))
}

fn open_local(given: &str, path: PathBuf) -> Result<Store, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(bad(given, "expected a path"));
    }
    Ok(Store::local(path))
}

fn locate_local(given: &str, path: &Path) -> Result<(Store, String), StoreError> {
    let ends_as_folder = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    // `..`, `.` and `/` have no name
    let Some(name) = path.file_name().filter(|_| !ends_as_folder && !path.is_dir()) else {
        return Ok((open_local(given, path.to_path_buf())?, String::new()));
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Store::local(folder.to_path_buf()), name.to_string_lossy().into_owned()))
}
