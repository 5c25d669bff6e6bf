//! From what a user typed to a [`Store`] and a path in it.

use std::path::{Path, PathBuf};

use crate::{Store, StoreError};

/// Where a path points: a store and the path inside it (`""` for its root).
///
/// - A local path, relative or absolute, or a `file://` URL: a folder that exists, or a path that ends in `/`, is the root
///   of its store and the path is `""`; anything else, there or not, is a name in the folder that holds it.
/// - `s3://bucket/key`, `gs://bucket/key`, `az://container/key`, `abfs[s]://container@account.dfs.core.windows.net/key`:
///   the root is the bucket and the path is the key, as it stands: `%20` is three characters, as in the tools of the
///   clouds. Whether the key is a file or a prefix is not asked; [`Store::list`] takes both.
/// - `http[s]://host/path`: the root is the host, the path is percent-decoded. To read single files; listing needs WebDAV.
///
/// Nothing is sent over the network.
///
/// # Errors
/// [`StoreError::BadUrl`], [`StoreError::UnknownScheme`], [`StoreError::BadPath`].
pub fn locate(path_or_url: &str) -> Result<(Store, String), StoreError> {
    match scheme(path_or_url) {
        None => locate_local(path_or_url, Path::new(path_or_url)),
        Some(("file", path)) => locate_local(path_or_url, Path::new(path)),
        Some(_) => Err(StoreError::UnknownScheme { url: path_or_url.to_string() }),
    }
}

/// The folder at `path_or_url` as a store.
pub fn open(path_or_url: &str) -> Result<Store, StoreError> {
    match scheme(path_or_url) {
        None => open_local(path_or_url, PathBuf::from(path_or_url)),
        Some(("file", path)) => open_local(path_or_url, PathBuf::from(path)),
        Some(_) => Err(StoreError::UnknownScheme { url: path_or_url.to_string() }),
    }
}

/// `scheme` and what follows `://`, if this is a URL: a colon in a local path makes none.
fn scheme(path_or_url: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = path_or_url.split_once("://")?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme.then_some((scheme, rest))
}

fn open_local(given: &str, path: PathBuf) -> Result<Store, StoreError> {
    if path.as_os_str().is_empty() {
        return Err(StoreError::BadUrl { url: given.to_string(), reason: "expected a path".to_string() });
    }
    Ok(Store::local(path))
}

fn locate_local(given: &str, path: &Path) -> Result<(Store, String), StoreError> {
    let ends_as_folder = path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
    // `..`, `.` and `/` have no name of their own
    let Some(name) = path.file_name().filter(|_| !ends_as_folder && !path.is_dir()) else {
        return Ok((open_local(given, path.to_path_buf())?, String::new()));
    };
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Store::local(folder.to_path_buf()), name.to_string_lossy().into_owned()))
}
