//! The files that a job reads.

use std::collections::HashSet;

use glob::{MatchOptions, Pattern};
use spanframe_store::{Object, Store, locate};

use crate::{JobError, source::Format};

/// A file to read.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Where it is, for reports.
    pub url: String,
    /// Its path below the folder that was named: the output has the same.
    pub relative: String,
    /// Its content's version.
    pub version: String,
    store: Store,
    path: String,
}

impl InputFile {
    /// Its bytes.
    ///
    /// # Errors
    /// What the store answers.
    pub fn open(&self) -> Result<std::sync::Arc<dyn spanframe_store::ReadAt>, JobError> {
        Ok(self.store.reader(&self.path)?)
    }

    /// Where its output is below the folder of outputs; with a number where it has several.
    #[must_use]
    pub fn output(&self, number: Option<usize>) -> String {
        output_path(&self.relative, number)
    }
}

/// Where `path` of `store` is, however it was named: the same from any working directory.
pub fn place(store: &Store, path: &str) -> String {
    let absolute = store.local_path(path).and_then(|path| std::path::absolute(path).ok());
    absolute.map_or_else(|| store.url(path), |path| path.display().to_string())
}

/// Where the folder of `store` really is, behind links and `..`, if it is there.
pub fn real_place(store: &Store) -> String {
    let real = store.local_path("").and_then(|path| std::fs::canonicalize(path).ok());
    real.map_or_else(|| place(store, ""), |path| path.display().to_string())
}

/// The files that `inputs` name, in the order of their places, each once: files, folders with all below them, patterns. What
/// is there by the very name, `*`, `?` and `[` included, is no pattern.
/// Files below `but` (the job's own output) are left out.
///
/// # Errors
/// [`JobError::NoInput`] for a name or pattern without a file, [`JobError::Source`] for a file of no known format.
pub fn find(inputs: &[String], but: &[String]) -> Result<Vec<InputFile>, JobError> {
    let mut found: Vec<InputFile> = Vec::new();
    for input in inputs {
        let before = found.len();
        let (store, path, pattern) = named(input)?;
        let file = |object: Object, relative: &str| InputFile {
            url: place(&store, &object.path),
            relative: relative.to_string(),
            version: object.version,
            store: store.clone(),
            path: object.path.clone(),
        };
        match store.stat(&path)? {
            Some(object) if pattern.is_none() => {
                let name = path.rsplit('/').next().unwrap_or(&path).to_string();
                found.push(file(object, &name));
            }
            _ => {
                for object in store.list(&path)? {
                    let relative = object.path[path.len()..].trim_start_matches('/').to_string();
                    let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
                    if pattern.as_ref().is_none_or(|p| p.matches_with(&relative, options)) {
                        found.push(file(object, &relative));
                    }
                }
            }
        }
        let real = real_place(&store);
        let own = |file: &InputFile| {
            let url = format!("{}/{}", real.trim_end_matches('/'), file.path);
            but.iter().any(|place| url.starts_with(&format!("{}/", place.trim_end_matches('/'))))
        };
        let new = found.split_off(before);
        found.extend(new.into_iter().filter(|file| !own(file)));
        if found.len() == before {
            return Err(JobError::NoInput(input.clone()));
        }
    }
    let mut seen = HashSet::new();
    found.retain(|file| seen.insert(file.url.clone()));
    found.sort_by(|a, b| (&a.relative, &a.url).cmp(&(&b.relative, &b.url)));
    for file in &found {
        Format::of(&file.url)?;
    }
    Ok(found)
}

/// Where `input` is, or the folder above its first name with a wildcard and the pattern from there on.
fn named(input: &str) -> Result<(Store, String, Option<Pattern>), JobError> {
    let Some(at) = input.find(['*', '?', '[']).filter(|_| !is_there(input)) else {
        let (store, path) = locate(input)?;
        return Ok((store, path, None));
    };
    let slash = input[..at].rfind('/').map_or(0, |slash| slash + 1);
    let (folder, typed) = input.split_at(slash);
    let (store, path) = locate(if folder.is_empty() { "./" } else { folder })?;
    let wrong = |e: glob::PatternError| JobError::Pattern { pattern: input.to_string(), reason: e.to_string() };
    Ok((store, path, Some(Pattern::new(typed).map_err(wrong)?)))
}

/// Whether a file, or on disk a folder, has this very name, wildcards included: then it is no pattern.
fn is_there(input: &str) -> bool {
    let Ok((store, path)) = locate(input) else { return false };
    let name = input.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_folder = || path.is_empty() && store.local_path("").is_some_and(|folder| folder.is_dir());
    // of a file URL `?` and what follows is no part of the path
    store.url(&path).trim_end_matches('/').ends_with(name) && (is_folder() || matches!(store.stat(&path), Ok(Some(_))))
}

/// The file's path with `.parquet`, and a number where there are several.
fn output_path(relative: &str, number: Option<usize>) -> String {
    let (folder, name) = relative.rsplit_once('/').map_or(("", relative), |(folder, name)| (folder, name));
    let mut stem = name;
    for _ in 0..2 {
        let known = ["parquet", "pq", "arrow", "ipc", "feather", "csv", "tsv", "ndjson", "jsonl", "gz", "zst"];
        match stem.rsplit_once('.') {
            Some((before, end)) if known.contains(&end.to_ascii_lowercase().as_str()) && !before.is_empty() => {
                stem = before;
            }
            _ => break,
        }
    }
    let slash = if folder.is_empty() { "" } else { "/" };
    let number = number.map_or(String::new(), |n| format!("-{n:05}"));
    format!("{folder}{slash}{stem}{number}.parquet")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_have_the_place_of_their_input() {
        assert_eq!(output_path("y=2024/notes.csv.gz", None), "y=2024/notes.parquet");
        assert_eq!(output_path("part-0.snappy.parquet", Some(3)), "part-0.snappy-00003.parquet");
        assert_eq!(output_path(".parquet", None), ".parquet.parquet");
    }
}
