//! Reads annotated corpora of any format into [`Document`]s; one module for each format.
//!
//! | format | content |
//! |---|---|
//! | JSON lines (`.jsonl`, `.ndjson`, `.json`, each also `.gz`) | `id`, `lang` or `language`, `text`, `entities` of `start`, `end` (code points, half-open), `label`, `attributes` and `code`, `annotated_types` |
//! | brat (a folder) | pairs of `.txt` and `.ann`; lines `T`, and lines `A` of attributes; a discontinuous mention becomes the span from its first to its last fragment |
//! | CoNLL (`.conll`, `.iob`, `.iob2`, `.bio`, `.tsv`) | token first and tag last in each line; see the module `conll` |

mod attributes;
mod brat;
mod conll;
mod jsonl;

use std::{
    collections::{BTreeSet, HashSet},
    fs::File,
    io::Read,
    path::Path,
};

use flate2::read::MultiGzDecoder;
use spanframe_engine::{Attributes, Mention};

use crate::error::CliError;

/// Longest label in bytes. A longer string may be note text, which no message must quote.
const LONGEST_LABEL: usize = 64;

/// Windows editors write it before a text. It does not belong to the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One annotated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// Its id in the corpus, unique in a well-formed one.
    pub id: String,
    /// Language code, where the corpus has one.
    pub lang: Option<String>,
    /// The whole text.
    pub text: String,
    /// Distinct mentions with their chunks. Positions are code points, half-open and not empty. One that has attributes
    /// may have an empty type.
    pub mentions: Vec<Mention<'static>>,
    /// The labels that were annotated, where the corpus names them. It says nothing about other labels.
    pub annotated: Option<Vec<String>>,
    /// The attributes that were annotated; none where mentions have no attributes.
    pub attributes: Attributes,
}

const JSON_LINES: [&str; 6] = [".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"];
const CONLL: [&str; 5] = [".conll", ".iob", ".iob2", ".bio", ".tsv"];

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// True if `path` names a corpus: a folder, or a file with an ending that [`read`] knows.
pub fn is_corpus(path: &Path) -> bool {
    path.is_dir() || has_ending(path, &JSON_LINES) || has_ending(path, &CONLL)
}

/// Reads the corpus at `path`. Its name decides the format.
///
/// # Errors
/// [`CliError::NoFile`] and [`CliError::Read`]; [`CliError::CorpusFormat`] for a name of no known format;
/// [`CliError::Corpus`] with the line that is wrong; [`CliError::NoPartner`] for a brat file without the other one;
/// [`CliError::EmptyCorpus`]. No message quotes a text.
pub fn read(path: &Path) -> Result<Vec<Document>, CliError> {
    if !path.exists() {
        return Err(CliError::NoFile(path.display().to_string()));
    }
    let mut documents = if path.is_dir() {
        brat::read(path)?
    } else if has_ending(path, &JSON_LINES) {
        jsonl::read(path)?
    } else if has_ending(path, &CONLL) {
        conll::read(path)?
    } else {
        return Err(CliError::CorpusFormat(path.to_path_buf()));
    };
    if documents.is_empty() {
        return Err(CliError::EmptyCorpus(path.to_path_buf()));
    }
    for document in &mut documents {
        let mut seen = HashSet::new();
        document.mentions.retain(|m| seen.insert((m.begin, m.end, m.entity.clone())));
    }
    attributes::keep_told(&mut documents);
    Ok(documents)
}

/// The labels that occur in `documents`: those that were annotated, unless the documents name them.
pub fn labels(documents: &[Document]) -> BTreeSet<&str> {
    let labels = documents.iter().flat_map(|document| &document.mentions).map(|mention| &*mention.entity);
    labels.filter(|label| !label.is_empty()).collect()
}

/// The content of a file without its byte order mark, unpacked if the file is a `.gz`.
fn read_text(path: &Path) -> Result<String, CliError> {
    let mut file = File::open(path).map_err(unreadable(path))?;
    let mut text = String::new();
    let read = match path.extension() {
        Some(ending) if ending.eq_ignore_ascii_case("gz") => MultiGzDecoder::new(file).read_to_string(&mut text),
        _ => file.read_to_string(&mut text),
    };
    read.map_err(unreadable(path))?;
    if text.starts_with(BYTE_ORDER_MARK) {
        text.remove(0);
    }
    Ok(text)
}

/// An error in line `line` of `path`, counted from 1.
fn wrong_line(path: &Path, line: usize, reason: impl Into<String>) -> CliError {
    CliError::Corpus { path: path.to_path_buf(), line, reason: reason.into() }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> CliError {
    move |source| CliError::Read { path: path.to_path_buf(), source }
}

/// Checks that `name` can be a label: one word of at most [`LONGEST_LABEL`] bytes.
fn label(name: &str) -> Result<String, String> {
    let is_name = !name.is_empty() && name.len() <= LONGEST_LABEL && !name.contains(char::is_whitespace);
    is_name
        .then(|| name.to_string())
        .ok_or_else(|| format!("a label must be one word of at most {LONGEST_LABEL} bytes"))
}

/// A text with the byte of each code point, and of its end.
struct CodePoints<'a> {
    text: &'a str,
    bytes: Vec<usize>,
}

impl<'a> CodePoints<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, bytes: text.char_indices().map(|(at, _)| at).chain([text.len()]).collect() }
    }

    /// The mention of the code points `begin..end`, with its chunk. `entity` is a [`label`], or empty.
    ///
    /// # Errors
    /// A reason if the mention is empty or outside the text.
    fn mention(&self, begin: usize, end: usize, entity: String) -> Result<Mention<'static>, String> {
        let (Some(&first), Some(&last), true) = (self.bytes.get(begin), self.bytes.get(end), begin < end) else {
            let length = self.bytes.len() - 1;
            return Err(format!(
                "the mention {begin}..{end} is empty or outside the text, which has {length} code points"
            ));
        };
        Ok(Mention {
            begin: begin as i64,
            end: end as i64,
            entity: entity.into(),
            chunk: Some(self.text[first..last].to_string().into()),
            ..Mention::default()
        })
    }
}
