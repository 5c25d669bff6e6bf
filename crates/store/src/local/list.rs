//! Lists the files below a folder.

use std::{fs, io::ErrorKind, path::PathBuf};

use super::{Local, object};
use crate::{Object, StoreError, path};

/// Returns all files below `prefix`, sorted by path, or `prefix` itself if it is a file. Skips hidden names below it.
///
/// Follows links, as Spark and Polars do.
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

/// Adds the files below `folder`. `above` has the real paths of the folders that lead to it, to find cycles of links.
fn walk(local: &Local, folder: &str, above: &mut Vec<PathBuf>, found: &mut Vec<Object>) -> Result<(), StoreError> {
    let failed = |e| local.error(folder, e);
    let real = fs::canonicalize(local.path(folder)).map_err(failed)?;
    if above.contains(&real) {
        return Err(StoreError::LinkLoop { url: local.url(folder) });
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
            // removed since it was listed. A dangling link is an error: no input may be skipped silently
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
