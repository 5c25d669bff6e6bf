//! Reads CoNLL files: one token and its tag a line.

use std::path::Path;

use spanframe_engine::{Attributes, Mention};

use super::{Document, label, read_text, wrong_line};
use crate::error::CliError;

/// The line that begins a document.
const DOCUMENT: &str = "-DOCSTART-";

/// Reads `path`: the first column is the token, the last one the tag.
///
/// Tabs separate columns, or spaces in a line without a tab. Other white space belongs to the token. Blank lines
/// separate sentences. A line that begins with `-DOCSTART-` begins a document; in a file without such lines each
/// sentence is a document.
///
/// The text is rebuilt with a space between tokens and a line break between sentences. Tags are `O` and `B-`, `I-`,
/// `E-`, `L-`, `S-`, `U-` with a label (IOB1, IOB2, IOBES, BILOU). A mention begins at `B-`, `S-` and `U-`, and at any
/// other tag that does not continue a mention of its label.
pub fn read(path: &Path) -> Result<Vec<Document>, CliError> {
    let content = read_text(path)?;
    let marked = content.lines().any(|line| line.starts_with(DOCUMENT));
    let mut documents = Vec::new();
    let mut open = OpenDocument::default();
    for (i, line) in content.lines().enumerate() {
        if line.starts_with(DOCUMENT) {
            open.close(&mut documents);
        } else if line.trim().is_empty() {
            open.end_sentence();
            if !marked {
                open.close(&mut documents);
            }
        } else {
            open.push(line).map_err(|reason| wrong_line(path, i + 1, reason))?;
        }
    }
    open.close(&mut documents);
    Ok(documents)
}

/// The first column and the last one.
fn token_and_tag(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_matches([' ', '\t', '\r']);
    let separator = if line.contains('\t') { '\t' } else { ' ' };
    let ((token, _), (_, tag)) = line.split_once(separator).zip(line.rsplit_once(separator))?;
    Some((token.trim_end_matches(' '), tag.trim_start_matches(' ')))
}

/// The document in progress.
#[derive(Default)]
struct OpenDocument {
    text: String,
    /// Code points of the text.
    length: i64,
    mentions: Vec<Mention<'static>>,
    /// Whether the next token may continue the last mention.
    is_inside: bool,
    sentence_ended: bool,
}

impl OpenDocument {
    fn push(&mut self, line: &str) -> Result<(), String> {
        let (token, tag) = token_and_tag(line).ok_or("expected a token and a tag")?;
        if !self.text.is_empty() {
            self.text.push(if self.sentence_ended { '\n' } else { ' ' });
            self.length += 1;
        }
        self.sentence_ended = false;
        let begin = self.length;
        self.text.push_str(token);
        self.length += token.chars().count() as i64;
        if tag == "O" {
            self.is_inside = false;
            return Ok(());
        }
        let (prefix, name) = tag.split_once('-').ok_or("the last column is not a tag")?;
        if !["B", "I", "E", "L", "S", "U"].contains(&prefix) || !name.starts_with(char::is_alphabetic) {
            return Err("the last column is not a tag".to_string());
        }
        let open = self.mentions.last_mut().filter(|mention| self.is_inside && mention.entity == name);
        match open.filter(|_| ["I", "E", "L"].contains(&prefix)) {
            Some(mention) => {
                mention.end = self.length;
                // within a sentence, one space separates tokens
                mention.chunk = mention.chunk.take().map(|chunk| format!("{chunk} {token}").into());
            }
            None => {
                let (entity, chunk) = (label(name)?.into(), Some(token.to_string().into()));
                self.mentions.push(Mention { begin, end: self.length, entity, chunk, ..Mention::default() });
            }
        }
        self.is_inside = ["B", "I"].contains(&prefix);
        Ok(())
    }

    fn end_sentence(&mut self) {
        self.sentence_ended = true;
        self.is_inside = false;
    }

    /// Moves the document to `documents` with its number as id, and begins another one.
    fn close(&mut self, documents: &mut Vec<Document>) {
        let Self { text, mentions, .. } = std::mem::take(self);
        if !text.is_empty() {
            let id = (documents.len() + 1).to_string();
            let attributes = Attributes::NONE;
            documents.push(Document { id, lang: None, text, mentions, annotated: None, attributes });
        }
    }
}
