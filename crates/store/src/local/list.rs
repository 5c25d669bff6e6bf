//! The files below a folder.

use std::{
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
};

use super::{Local, object};
use crate::{Object, StoreError, path};

/// Every file below `prefix`, or `prefix` itself if it is a file; hidden names below it are passed over.
///
/// Links are followed, as Spark and Polars do.
pub fn list(local: &Local, prefix: &str) -> Result<Vec<Object>, StoreError> {
    let mut found = Vec::new();
    match local.absent_is_none(prefix, fs::metadata(local.path(prefix)))? {
        None => {}
        Some(metadata) if metadata.is_dir() => walk(local, prefix, &mut Vec::new(), &mut found)?,
        Some(metadata) if metadata.is_file() => found.push(object(prefix.to_string(), &metadata)),
        Some(_) => {}
    }
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Adds what `folder` holds; `above` are the real places of the folders that lead to it.
fn walk(local: &Local, folder: &str, above: &mut Vec<PathBuf>, found: &mut Vec<Object>) -> Result<(), StoreError> {
    let failed = |e| local.error(folder, e);
    let real = fs::canonicalize(local.path(folder)).map_err(failed)?;
    if above.contains(&real) {
        return Err(failed(io::Error::other("this link leads to a folder above it")));
    }
    above.push(real);
    for entry in fs::read_dir(local.path(folder)).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(StoreError::NotUtf8 { url: entry.path().display().to_string() });
        };
        if path::is_hidden(name) {
            continue;
        }
        let place = path::join(folder, name);
        let metadata = match fs::metadata(entry.path()) {
            Ok(metadata) => metadata,
            // removed since it was listed; a link to nothing is an error, so that no input is passed over unseen
            Err(e) if e.kind() == ErrorKind::NotFound && entry.path().symlink_metadata().is_err() => continue,
            Err(e) => return Err(local.error(&place, e)),
        };
        if metadata.is_dir() {
            walk(local, &place, above, found)?;
        } else if metadata.is_file() {
            found.push(object(place, &metadata));
        }
    }
    above.pop();
    Ok(())
}
