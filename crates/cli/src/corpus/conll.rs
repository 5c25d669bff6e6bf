//! Tokens in lines, with a tag each.

use std::path::Path;

use super::{Document, label, read_text, wrong};
use crate::error::CliError;

/// The line that begins a document.
const DOCUMENT: &str = "-DOCSTART-";

/// Reads `path`: the token is the first column and the tag the last one. Tabs stand between columns; in a line without any,
/// spaces do. No other white space does: it belongs to the token.
///
/// The text is rebuilt with a space between tokens and a new line between sentences, which blank lines separate. A line
/// that begins with `-DOCSTART-` begins a document; in a file without any, each sentence is a document. Tags are `O` and
/// `B-`, `I-`, `E-`, `L-`, `S-`, `U-` with a label (IOB1, IOB2, IOBES, BILOU): a mention begins at `B-`, `S-`, `U-`, and at
/// any other tag that does not continue one of its label.
pub fn read(path: &Path) -> Result<Vec<Document>, CliError> {
    let content = read_text(path)?;
    let marked = content.lines().any(|line| line.starts_with(DOCUMENT));
    let mut documents = Vec::new();
    let mut open = Open::default();
    for (i, line) in content.lines().enumerate() {
        if line.starts_with(DOCUMENT) {
            open.close(&mut documents);
        } else if line.trim().is_empty() {
            open.end_sentence();
            if !marked {
                open.close(&mut documents);
            }
        } else {
            open.push(line).map_err(|reason| wrong(path, i + 1, reason))?;
        }
    }
    open.close(&mut documents);
    Ok(documents)
}

/// The first column and the last one.
fn token_and_tag(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_matches([' ', '\t', '\r']);
    let between = if line.contains('\t') { '\t' } else { ' ' };
    let ((token, _), (_, tag)) = line.split_once(between).zip(line.rsplit_once(between))?;
    Some((token.trim_end_matches(' '), tag.trim_start_matches(' ')))
}

/// The document in progress.
#[derive(Default)]
struct Open {
    text: String,
    mentions: Vec<(usize, usize, String)>,
    /// Whether the last mention may go on.
    inside: bool,
    sentence_ended: bool,
}

impl Open {
    fn push(&mut self, line: &str) -> Result<(), String> {
        let (token, tag) = token_and_tag(line).ok_or("expected a token and a tag")?;
        if !self.text.is_empty() {
            self.text.push(if self.sentence_ended { '\n' } else { ' ' });
        }
        self.sentence_ended = false;
        let begin = self.text.len();
        self.text.push_str(token);
        let end = self.text.len();
        if tag == "O" {
            self.inside = false;
            return Ok(());
        }
        let (prefix, name) = tag.split_once('-').ok_or("the last column is not a tag")?;
        if !["B", "I", "E", "L", "S", "U"].contains(&prefix) || !name.starts_with(char::is_alphabetic) {
            return Err("the last column is not a tag".to_string());
        }
        let continued = self.mentions.last_mut().filter(|(_, _, label)| self.inside && label == name);
        match continued {
            Some(mention) if ["I", "E", "L"].contains(&prefix) => mention.1 = end,
            _ => self.mentions.push((begin, end, label(name)?)),
        }
        self.inside = ["B", "I"].contains(&prefix);
        Ok(())
    }

    fn end_sentence(&mut self) {
        self.sentence_ended = true;
        self.inside = false;
    }

    /// Gives the document to `documents`, named by its number, and begins another.
    fn close(&mut self, documents: &mut Vec<Document>) {
        let Self { text, mentions, .. } = std::mem::take(self);
        if !text.is_empty() {
            let id = (documents.len() + 1).to_string();
            documents.push(Document { id, lang: None, text, mentions, annotated: None });
        }
    }
}
