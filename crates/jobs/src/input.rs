//! [`find`]: the files that the inputs of a job name.

use std::{collections::HashSet, sync::Arc};

use glob::{MatchOptions, Pattern, PatternError};
use spanframe_store::{Object, ReadAt, Store, locate};

use crate::{JobError, source::Format};

/// A file to read.
#[derive(Clone, Debug)]
pub struct InputFile {
    /// Absolute path or URL.
    pub url: String,
    /// Path below the folder that was named. The output has the same path below its folder.
    pub relative: String,
    /// Version of the content.
    pub version: String,
    store: Store,
    path: String,
}

impl InputFile {
    /// Opens the file.
    ///
    /// # Errors
    /// [`JobError::Input`].
    pub fn open(&self) -> Result<Arc<dyn ReadAt>, JobError> {
        self.store.reader(&self.path).map_err(JobError::Input)
    }

    /// Returns the path of its output below the output folder. `number` tells several outputs of a file apart.
    #[must_use]
    pub fn output(&self, number: Option<usize>) -> String {
        output_path(&self.relative, number)
    }
}

/// Returns the absolute path or URL of `path` in `store`: the same from any working directory.
pub fn place(store: &Store, path: &str) -> String {
    let absolute = store.local_path(path).and_then(|path| std::path::absolute(path).ok());
    absolute.map_or_else(|| store.url(path), |path| path.display().to_string())
}

/// Returns the absolute path or URL of the folder of `store`, with links and `..` resolved if it exists.
pub fn real_place(store: &Store) -> String {
    let real = store.local_path("").and_then(|path| std::fs::canonicalize(path).ok());
    real.map_or_else(|| place(store, ""), |path| path.display().to_string())
}

/// Returns the files that `inputs` name, each once, sorted by relative path.
///
/// An input is a file, a folder with everything below it, or a pattern. A name that exists is taken literally, even if
/// it has `*`, `?` or `[`. Files below the folders `except` are left out: they are the job's own. So are empty objects
/// that mark folders.
///
/// # Errors
/// - [`JobError::NoInput`] if an input names no file, [`JobError::Pattern`] if it is a malformed pattern.
/// - [`JobError::Store`].
pub fn find(inputs: &[String], except: &[String]) -> Result<Vec<InputFile>, JobError> {
    let mut all: Vec<InputFile> = Vec::new();
    for typed in inputs {
        let input = Input::new(typed)?;
        let real = real_place(&input.store);
        let is_own = |file: &InputFile| {
            let url = format!("{}/{}", real.trim_end_matches('/'), file.path);
            except.iter().any(|folder| url.starts_with(&format!("{}/", folder.trim_end_matches('/'))))
        };
        let mut files = input.files()?;
        files.retain(|file| !is_own(file));
        if files.is_empty() {
            return Err(JobError::NoInput(typed.clone()));
        }
        all.extend(files);
    }
    let mut seen = HashSet::new();
    all.retain(|file| seen.insert(file.url.clone()));
    all.sort_by(|a, b| (&a.relative, &a.url).cmp(&(&b.relative, &b.url)));
    Ok(all)
}

/// An input as the user named it.
///
/// ```text
/// data/year=*/a?.csv  ->  folder data, pattern year=*/a?.csv
/// ```
struct Input {
    store: Store,
    path: String,
    /// Of paths below `path`.
    pattern: Option<Pattern>,
}

impl Input {
    fn new(typed: &str) -> Result<Self, JobError> {
        let Some(wildcard) = typed.find(['*', '?', '[']).filter(|_| !exists(typed)) else {
            let (store, path) = locate(typed)?;
            return Ok(Self { store, path, pattern: None });
        };
        let slash = typed[..wildcard].rfind('/').map_or(0, |slash| slash + 1);
        let (folder, pattern) = typed.split_at(slash);
        let (store, path) = locate(if folder.is_empty() { "./" } else { folder })?;
        let wrong = |e: PatternError| JobError::Pattern { pattern: typed.to_string(), reason: e.to_string() };
        Ok(Self { store, path, pattern: Some(Pattern::new(pattern).map_err(wrong)?) })
    }

    fn files(&self) -> Result<Vec<InputFile>, JobError> {
        if self.pattern.is_none()
            && let Some(object) = self.store.stat(&self.path)?.filter(|object| !is_marker(object))
        {
            let name = self.path.rsplit('/').next().unwrap_or(&self.path).to_string();
            return Ok(vec![self.file(object, name)]);
        }
        let options = MatchOptions { require_literal_separator: true, ..MatchOptions::new() };
        let mut files = Vec::new();
        for object in self.store.list(&self.path)?.into_iter().filter(|object| !is_marker(object)) {
            let relative = object.path[self.path.len()..].trim_start_matches('/').to_string();
            if self.pattern.as_ref().is_none_or(|pattern| pattern.matches_with(&relative, options)) {
                files.push(self.file(object, relative));
            }
        }
        Ok(files)
    }

    fn file(&self, object: Object, relative: String) -> InputFile {
        let Object { path, version, .. } = object;
        InputFile { url: place(&self.store, &path), relative, version, store: self.store.clone(), path }
    }
}

/// True for an empty object that stands for a folder: web consoles write `notes/empty/`, Hadoop `notes/empty_$folder$`.
///
/// The store's names have no `/` at their end, so an empty object whose name has no ending of letters counts as one.
fn is_marker(object: &Object) -> bool {
    let name = object.path.rsplit('/').next().unwrap_or_default();
    let has_ending = name.rsplit_once('.').is_some_and(|(_, ending)| ending.starts_with(|c: char| c.is_alphabetic()));
    object.size == 0 && (name.ends_with("_$folder$") || !has_ending)
}

/// True if a file, or a folder on disk, has this very name.
fn exists(typed: &str) -> bool {
    let Ok((store, path)) = locate(typed) else { return false };
    let name = typed.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let is_folder = || path.is_empty() && store.local_path("").is_some_and(|folder| folder.is_dir());
    // the path of a file URL ends before a `?`, so that the name may not be the typed one
    store.url(&path).trim_end_matches('/').ends_with(name) && (is_folder() || matches!(store.stat(&path), Ok(Some(_))))
}

/// Returns `relative` with the ending `.parquet`, and before it the number of five digits if there is one.
fn output_path(relative: &str, number: Option<usize>) -> String {
    let (folder, name) = relative.rsplit_once('/').map_or(("", relative), |(folder, name)| (folder, name));
    let mut stem = name;
    for _ in 0..2 {
        match stem.rsplit_once('.') {
            Some((before, ending)) if Format::is_ending(ending) && !before.is_empty() => stem = before,
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
