//! Annotated corpora: one file a format, all of them as [`Document`]s.
//!
//! | format | what is read |
//! |---|---|
//! | JSON lines (`.jsonl`, `.ndjson`, `.json`, each also `.gz`) | `id`, `lang`, `text`, `entities` of `start`, `end` (code points, half-open) and `label`, `annotated_types` |
//! | brat (a folder) | pairs of `.txt` and `.ann`; lines `T`; a discontinuous mention is read as its hull |
//! | CoNLL (`.conll`, `.iob`, `.iob2`, `.bio`, `.tsv`) | token first and tag last in each line; see `conll` |

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

use crate::error::CliError;

/// Longest name of a label: whatever is longer is no name, and may be note text.
const LONGEST_LABEL: usize = 64;

/// What editors of Windows put before a text. It is none of it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// One annotated text.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// As the corpus names it; unique in a well-made one.
    pub id: String,
    /// Code of the language, where the corpus names one.
    pub lang: Option<String>,
    /// The whole text.
    pub text: String,
    /// Begin and end in bytes of the text, half-open and not empty, and label; each once.
    pub mentions: Vec<(usize, usize, String)>,
    /// The labels that were looked for, where the corpus says so: its silence on others means nothing.
    pub annotated: Option<Vec<String>>,
}

const JSON_LINES: [&str; 6] = [".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz"];
const CONLL: [&str; 5] = [".conll", ".iob", ".iob2", ".bio", ".tsv"];

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    endings.iter().any(|ending| name.ends_with(ending))
}

/// Whether `path` is a corpus by its name: a folder, or a file with an ending that [`read`] knows.
pub fn is_corpus(path: &Path) -> bool {
    path.is_dir() || has_ending(path, &JSON_LINES) || has_ending(path, &CONLL)
}

/// Reads the corpus at `path`, by the format that its name tells.
///
/// # Errors
/// [`CliError::Read`], [`CliError::CorpusFormat`] for a name of no known format, [`CliError::Corpus`] with the line that
/// is wrong, [`CliError::EmptyCorpus`]. No message quotes a text.
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
        document.mentions.retain(|mention| seen.insert(mention.clone()));
    }
    Ok(documents)
}

/// The labels that occur: what a corpus speaks of, if its documents do not say.
pub fn labels(documents: &[Document]) -> BTreeSet<&str> {
    documents.iter().flat_map(|document| &document.mentions).map(|(.., label)| label.as_str()).collect()
}

/// The content of a file, unpacked if it is a `.gz`, without a byte order mark.
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

/// What is wrong in line `line` of `path`, counted from 1.
fn wrong(path: &Path, line: usize, reason: impl Into<String>) -> CliError {
    CliError::Corpus { path: path.to_path_buf(), line, reason: reason.into() }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> CliError {
    move |source| CliError::Read { path: path.to_path_buf(), source }
}

/// A label, if it looks like one.
fn label(name: &str) -> Result<String, String> {
    let is_name = !name.is_empty() && name.len() <= LONGEST_LABEL && !name.contains(char::is_whitespace);
    is_name.then(|| name.to_string()).ok_or_else(|| "a label is not a name".to_string())
}

/// The byte of each code point of a text, and of its end.
struct CodePoints(Vec<usize>);

impl CodePoints {
    fn new(text: &str) -> Self {
        Self(text.char_indices().map(|(at, _)| at).chain([text.len()]).collect())
    }

    /// The bytes of the code points `begin..end`.
    fn bytes(&self, begin: usize, end: usize) -> Result<(usize, usize), String> {
        match (self.0.get(begin), self.0.get(end)) {
            (Some(&first), Some(&last)) if begin < end => Ok((first, last)),
            _ => Err(format!(
                "the mention {begin}..{end} is empty or outside the text, which has {} code points",
                self.0.len() - 1
            )),
        }
    }
}
