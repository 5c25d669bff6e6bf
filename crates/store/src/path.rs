//! Paths inside a store: names separated by `/`.

use crate::StoreError;

/// Returns `path` without a trailing `/`. `""` is the root.
///
/// # Errors
/// [`StoreError::BadPath`] if a name is empty, `.` or `..`: the path might leave its store.
pub fn inside(path: &str) -> Result<&str, StoreError> {
    let path = path.strip_suffix('/').unwrap_or(path);
    let wrong = |name: &str| matches!(name, "" | "." | "..") || name.contains(is_foreign);
    if !path.is_empty() && path.split('/').any(wrong) {
        return Err(StoreError::BadPath { path: path.to_string() });
    }
    Ok(path)
}

/// True for a character that would split a name, or end it early.
fn is_foreign(c: char) -> bool {
    c == '\0' || (cfg!(windows) && c == '\\')
}

/// True if Hive and Spark skip `name` when they read a folder: it begins with `.`, or with `_` and is no partition
/// (`_key=value`).
pub fn is_hidden(name: &str) -> bool {
    name.starts_with('.') || (name.starts_with('_') && !name.contains('='))
}

/// Joins a folder (`""` for the root) and a name.
pub fn join(folder: &str, name: &str) -> String {
    match (folder, name) {
        ("", _) => name.to_string(),
        (_, "") => folder.to_string(),
        _ => format!("{folder}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for good in ["", "/", "a", "a/b=c/d.parquet", "a/", ".hidden/x", "a b/%20"] {
            assert_eq!(inside(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in ["/a", "a//b", "..", "a/../b", "./a", "a/.", "a\0"] {
            assert!(inside(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn hidden_as_spark_says() {
        assert!(is_hidden("_SUCCESS") && is_hidden(".crc") && is_hidden("_delta_log"));
        assert!(!is_hidden("_year=2024") && !is_hidden("part-0.parquet") && is_hidden("._year=1"));
    }
}
