//! Reads gold annotations: JSON lines, one document each, plain or gzipped.
//!
//! `{"id": "...", "text": "...", "entities": [{"start": 0, "end": 7, "label": "MEDICATION"}], "annotated_types": [...]}`.
//! Positions are code points, half-open. A document speaks of the types in `annotated_types` alone, where it has them.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use spanframe_engine::entity_column::Mention;

use crate::error::CliError;

/// One document.
pub struct Document {
    pub id: String,
    pub text: String,
    pub mentions: Vec<Mention>,
    /// The types that were annotated; all where `None`.
    pub types: Option<Vec<String>>,
}

/// Whether a file is gold by its name.
pub fn is_corpus(path: &Path) -> bool {
    let name = path.to_string_lossy();
    name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")
}

/// The documents of a file, in order, read as they are asked for.
pub fn documents(path: &Path) -> Result<impl Iterator<Item = Result<Document, CliError>> + use<>, CliError> {
    let path = path.to_path_buf();
    let read = |source| CliError::Read { path: path.clone(), source };
    let file = File::open(&path).map_err(read)?;
    if file.metadata().map_err(read)?.is_dir() {
        return Err(CliError::Folder(path));
    }
    let reader: Box<dyn Read> = match path.extension() {
        Some(extension) if extension == "gz" => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    let lines = BufReader::new(reader).lines().enumerate();
    Ok(lines.filter_map(move |(i, line)| match line {
        Err(source) => Some(Err(CliError::Read { path: path.clone(), source })),
        Ok(line) if line.trim().is_empty() => None,
        Ok(line) => Some(document(&line).map_err(|reason| wrong(&path, i + 1, reason))),
    }))
}

fn wrong(path: &Path, line: usize, reason: &'static str) -> CliError {
    CliError::NotCorpus { path: PathBuf::from(path), line, reason }
}

/// Reasons are fixed sentences, so that no text can be in them.
fn document(line: &str) -> Result<Document, &'static str> {
    let value: Value = serde_json::from_str(line).map_err(|_| "it is not JSON")?;
    let id = match &value["id"] {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return Err("it has no `id`"),
    };
    let text = value["text"].as_str().ok_or("it has no `text`")?.to_string();
    let entities = value["entities"].as_array().ok_or("it has no list of `entities`")?;
    let bounds: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let mention = |entity: &Value| {
        let place = |name: &str| entity[name].as_u64().and_then(|p| usize::try_from(p).ok());
        let (begin, end) = place("start").zip(place("end")).ok_or("an entity has no `start` or no `end`")?;
        let label = entity["label"].as_str().ok_or("an entity has no `label`")?;
        if begin > end || end >= bounds.len() {
            return Err("an entity lies outside its text");
        }
        let chunk = Some(text[bounds[begin]..bounds[end]].to_string());
        let (begin, end) = (begin as i64, end as i64);
        Ok(Mention { begin, end, entity: label.to_string(), chunk, confidence: None })
    };
    let mentions = entities.iter().map(mention).collect::<Result<_, _>>()?;
    let types = match &value["annotated_types"] {
        Value::Null => None,
        Value::Array(types) => Some(types.iter().filter_map(Value::as_str).map(String::from).collect()),
        _ => return Err("its `annotated_types` are no list"),
    };
    Ok(Document { id, text, mentions, types })
}
