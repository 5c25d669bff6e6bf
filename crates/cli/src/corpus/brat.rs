//! Reads brat's standoff format: a folder with pairs of `NAME.txt` and `NAME.ann`.

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use spanframe_engine::{Attribute, Attributes, Mention, Named};

use super::{
    CodePoints, Document,
    attributes::{AFFIRMED, UNKNOWN, named},
    label, read_text, unreadable, wrong_line,
};
use crate::error::CliError;

/// Reads the pairs of `folder`, sorted by name. Does not enter folders in it.
///
/// Reads annotation lines that begin with `T`, and those with `A` or `M` that give a mention an [`Attribute`]. Skips
/// other attributes, relations, events and notes. A mention of several fragments becomes the span from the first begin
/// to the last end. Positions are code points; a line that quotes its mention is an error where the text has something
/// else there. A folder without any attribute says nothing of attributes.
pub fn read(folder: &Path) -> Result<Vec<Document>, CliError> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
        let path = entry.map_err(unreadable(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "txt" || ending == "ann") {
            names.insert(path.with_extension(""));
        }
    }
    let documents = names.into_iter().map(|name| document(&with_ending(&name, "txt"), &with_ending(&name, "ann")));
    let mut documents = documents.collect::<Result<Vec<_>, _>>()?;
    let mentions = || documents.iter().flat_map(|document| &document.mentions);
    if mentions().all(|mention| mention.attributes == AFFIRMED) {
        for document in &mut documents {
            document.attributes = Attributes::NONE;
            document.mentions.iter_mut().for_each(|mention| mention.attributes = UNKNOWN);
        }
    }
    Ok(documents)
}

/// Appends an ending. `Path::with_extension` would replace what follows a dot in the name.
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
    // positions count a byte order mark of the text
    let text = fs::read_to_string(text_file).map_err(unreadable(text_file))?;
    let lines = read_text(annotations)?;
    let points = CodePoints::new(&text);
    let beginning = |kinds: &'static [char]| lines.lines().enumerate().filter(move |(_, line)| line.starts_with(kinds));
    let mut mentions = Vec::new();
    let mut places = HashMap::new();
    for (i, line) in beginning(&['T']) {
        places.insert(line.split('\t').next().unwrap_or_default(), mentions.len());
        mentions.push(mention(line, &points).map_err(|reason| wrong_line(annotations, i + 1, reason))?);
    }
    // an attribute may stand before its mention
    for (i, line) in beginning(&['A', 'M']) {
        let given = attribute(line, &places).map_err(|reason| wrong_line(annotations, i + 1, reason))?;
        if let Some((attribute, place)) = given {
            mentions[place].attributes[attribute as usize] = Some(true);
        }
    }
    let id = text_file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Document { id, lang: None, text, mentions, annotated: None, attributes: Attributes::EVERY })
}

/// Reads a line such as `A1<tab>Negated T3`: the attribute, and the place of its mention in `places`.
///
/// `None` for an attribute of another name, of an event or a relation, or with the value `false`.
fn attribute(line: &str, places: &HashMap<&str, usize>) -> Result<Option<(Attribute, usize)>, String> {
    let mut words = line.split('\t').nth(1).unwrap_or_default().split_ascii_whitespace();
    let (name, target, value) = (words.next().unwrap_or_default(), words.next(), words.next());
    let Some(attribute) = named(name) else { return Ok(None) };
    let target = target.ok_or("expected `A1`, a tab, an attribute and its mention, with a space between")?;
    if !target.starts_with('T') {
        return Ok(None);
    }
    match (places.get(target), value.map(str::to_ascii_lowercase).as_deref()) {
        (None, _) => Err("the mention of the attribute is not in the file".to_string()),
        (Some(&place), None | Some("true")) => Ok(Some((attribute, place))),
        (Some(_), Some("false")) => Ok(None),
        (Some(_), Some(_)) => Err(format!("the value of `{}` may be true or false", attribute.name())),
    }
}

/// Reads a line such as `T1<tab>DISEASE 0 5;8 12<tab>the mention`.
fn mention(line: &str, points: &CodePoints) -> Result<Mention<'static>, String> {
    let mut columns = line.splitn(3, '\t').skip(1);
    let (name, fragments) = columns
        .next()
        .and_then(|c| c.split_once(' '))
        .ok_or("expected `T1`, a tab, a label and its positions, with a space between")?;
    let (mut begins, mut ends): (Vec<usize>, Vec<usize>) = (Vec::new(), Vec::new());
    for fragment in fragments.split(';') {
        let positions = fragment.trim().split_once(' ').and_then(|(b, e)| Some((b.parse().ok()?, e.parse().ok()?)));
        let (begin, end) = positions.ok_or("the positions are not pairs of integers")?;
        begins.push(begin);
        ends.push(end);
    }
    let begin = begins.iter().copied().min().unwrap_or_default();
    let end = ends.iter().copied().max().unwrap_or_default();
    let mention = Mention { attributes: AFFIRMED, ..points.mention(begin, end, label(name)?)? };
    let chunk = mention.chunk.as_deref().unwrap_or_default();
    let differs = |quoted: &str| quoted.trim() != chunk.replace(['\n', '\r'], " ").trim();
    if begins.len() == 1 && columns.next().is_some_and(differs) {
        return Err(format!("the text has something else at {begin}..{end}: positions must be code points"));
    }
    Ok(mention)
}
