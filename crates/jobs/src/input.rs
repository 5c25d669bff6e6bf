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
}

/// Where `path` of `store` is, however it was named: the same from any working directory.
pub fn place(store: &Store, path: &str) -> String {
    let absolute = store.local_path(path).and_then(|path| std::path::absolute(path).ok());
    absolute.map_or_else(|| store.url(path), |path| path.display().to_string())
}

/// The files that `inputs` name, in the order of their places, each once: files, folders with all below them, patterns.
/// Files below `but` (the job's own output) are left out.
///
/// # Errors
/// [`JobError::NoInput`] for a name or pattern without a file, [`JobError::Source`] for a file of no known format.
pub fn find(inputs: &[String], but: &[String]) -> Result<Vec<InputFile>, JobError> {
    let mut found: Vec<InputFile> = Vec::new();
    for input in inputs {
        let before = found.len();
        let (store, path) = match input.find(['*', '?', '[']) {
            // the folder above the first name with a wildcard
            Some(at) => locate(input[..at].rfind('/').map_or("./", |slash| &input[..=slash]))?,
            None => locate(input)?,
        };
        let pattern = match input.contains(['*', '?', '[']) {
            true => {
                let at = input.find(['*', '?', '[']).unwrap_or(0);
                let typed = &input[input[..at].rfind('/').map_or(0, |slash| slash + 1)..];
                let wrong = |e: glob::PatternError| JobError::Pattern { pattern: input.clone(), reason: e.to_string() };
                Some(Pattern::new(typed).map_err(wrong)?)
            }
            false => None,
        };
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
        let own = |file: &InputFile| {
            but.iter().any(|place| file.url.starts_with(&format!("{}/", place.trim_end_matches('/'))))
        };
        found.retain(|file| !own(file));
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
