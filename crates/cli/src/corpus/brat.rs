//! brat's standoff format: a folder with `NAME.txt` beside `NAME.ann`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{CodePoints, Document, label, read_text, unreadable, wrong};
use crate::error::CliError;

/// Reads the pairs of `folder` by name; folders in it are not entered.
///
/// Of the annotations, lines that begin with `T` are read; relations, events, attributes and notes are passed over. A
/// mention of several fragments is read as its hull, from the first one's begin to the last one's end. Positions are code
/// points; where a line quotes its mention, and the text has something else there, the line is refused.
pub fn read(folder: &Path) -> Result<Vec<Document>, CliError> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "txt" || ending == "ann") {
            names.insert(path.with_extension(""));
        }
    }
    names.into_iter().map(|name| document(&with_ending(&name, "txt"), &with_ending(&name, "ann"))).collect()
}

/// `with_extension` would take away what follows a dot in the name.
fn with_ending(name: &Path, ending: &str) -> PathBuf {
    let mut whole = name.as_os_str().to_os_string();
    whole.push(".");
    whole.push(ending);
    PathBuf::from(whole)
}

fn document(text_file: &Path, annotations: &Path) -> Result<Document, CliError> {
    for (file, other) in [(text_file, annotations), (annotations, text_file)] {
        if !file.is_file() {
            return Err(CliError::NoPartner { path: other.to_path_buf(), missing: file.to_path_buf() });
        }
    }
    // as it is: positions count a byte order mark too
    let text = fs::read_to_string(text_file).map_err(unreadable(text_file))?;
    let lines = read_text(annotations)?;
    let points = CodePoints::new(&text);
    let mut mentions = Vec::new();
    for (i, line) in lines.lines().enumerate().filter(|(_, line)| line.starts_with('T')) {
        mentions.push(mention(line, &text, &points).map_err(|reason| wrong(annotations, i + 1, reason))?);
    }
    let id = text_file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Document { id, lang: None, text, mentions, annotated: None })
}

/// `T1<tab>DISEASE 0 5;8 12<tab>the mention`
fn mention(line: &str, text: &str, points: &CodePoints) -> Result<(usize, usize, String), String> {
    let mut columns = line.splitn(3, '\t').skip(1);
    let (name, fragments) = columns
        .next()
        .and_then(|c| c.split_once(' '))
        .ok_or("expected `T1`, a tab, a label and its positions, with a space between")?;
    let mut places = Vec::new();
    for fragment in fragments.split(';') {
        let place = fragment.trim().split_once(' ').and_then(|(b, e)| Some((b.parse().ok()?, e.parse().ok()?)));
        places.push(place.ok_or("the positions are not pairs of whole numbers")?);
    }
    let begin = places.iter().map(|p: &(usize, usize)| p.0).min().unwrap_or_default();
    let end = places.iter().map(|p| p.1).max().unwrap_or_default();
    let bytes = points.bytes(begin, end)?;
    let differs = |quoted: &str| quoted.trim() != text[bytes.0..bytes.1].replace(['\n', '\r'], " ").trim();
    if places.len() == 1 && columns.next().is_some_and(differs) {
        return Err(format!("the text has something else at {begin}..{end}: positions must be code points"));
    }
    Ok((bytes.0, bytes.1, label(name)?))
}
