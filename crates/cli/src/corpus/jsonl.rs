//! Reads JSON lines, one document a line.

use std::path::Path;

use serde_json::Value;
use spanframe_engine::{Attributes, Concept, Mention};

use super::{
    CodePoints, Document,
    attributes::{AFFIRMED, Told, UNKNOWN, named},
    label, read_text, wrong_line,
};
use crate::error::CliError;

/// Reads `path` and skips blank lines. A document without `id` takes the number of its line.
pub fn read(path: &Path) -> Result<Vec<Document>, CliError> {
    let mut documents = Vec::new();
    for (i, line) in read_text(path)?.lines().enumerate() {
        if !line.trim().is_empty() {
            documents.push(document(line, i + 1).map_err(|reason| wrong_line(path, i + 1, reason))?);
        }
    }
    Ok(documents)
}

fn document(line: &str, number: usize) -> Result<Document, String> {
    // the parser's message may quote the text, so only its column is kept
    let record: Value = serde_json::from_str(line).map_err(|e| format!("this is not JSON (column {})", e.column()))?;
    let string = |name: &str| record.get(name).and_then(Value::as_str).map(String::from);
    let text = string("text").ok_or("there is no string `text`")?;
    let id = record.get("id").map(|id| id.as_str().map_or_else(|| id.to_string(), String::from));
    let entities = record.get("entities").and_then(Value::as_array).ok_or("there is no list `entities`")?;
    let points = CodePoints::new(&text);
    let mention = |entity: &Value| {
        let position = |name: &str| entity.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        let (begin, end) =
            position("start").zip(position("end")).ok_or("an entity needs integers `start` and `end`")?;
        let told = told(entity)?;
        let name = match entity.get("label") {
            None | Some(Value::Null) if told.is_some() => String::new(),
            name => label(name.and_then(Value::as_str).ok_or("an entity needs a string `label`")?)?,
        };
        let mention = points.mention(begin, end, name)?;
        Ok(Mention { attributes: told.unwrap_or(UNKNOWN), concept: concept(entity)?, ..mention })
    };
    let mentions = entities.iter().map(mention).collect::<Result<Vec<_>, String>>()?;
    let tells = entities.is_empty() || entities.iter().any(|entity| told(entity).is_ok_and(|told| told.is_some()));
    let attributes = if tells { Attributes::EVERY } else { Attributes::NONE };
    let annotated = match record.get("annotated_types") {
        None | Some(Value::Null) => None,
        Some(types) => {
            let names = types.as_array().and_then(|t| t.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
            let names = names.ok_or("`annotated_types` is not a list of strings")?;
            Some(names.into_iter().map(label).collect::<Result<_, _>>()?)
        }
    };
    let lang = string("lang").or_else(|| string("language"));
    Ok(Document { id: id.unwrap_or_else(|| number.to_string()), lang, text, mentions, annotated, attributes })
}

/// The concept that an entity names by `code` and `vocabulary`.
fn concept(entity: &Value) -> Result<Concept<'static>, String> {
    let text = |name: &str| match entity.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone().into())),
        Some(_) => Err(format!("`{name}` of an entity is not a string")),
    };
    Ok(Concept { code: text("code")?, vocabulary: text("vocabulary")?, ..Concept::default() })
}

/// What an entity says of itself in its list `attributes`, or in one word as `assertion`; `None` if it has neither.
///
/// A name that is no attribute, such as NUBes' `in_phrase`, leaves all of them unknown.
fn told(entity: &Value) -> Result<Option<Told>, String> {
    let field = |name: &str| entity.get(name).filter(|value| !value.is_null());
    let names = match (field("attributes"), field("assertion")) {
        (Some(names), _) => {
            let names = names.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
            names.ok_or("`attributes` of an entity is not a list of strings")?
        }
        (None, Some(name)) => match name.as_str().ok_or("`assertion` of an entity is not a string")? {
            "affirmed" => Vec::new(),
            name => vec![name],
        },
        (None, None) => return Ok(None),
    };
    let mut told = AFFIRMED;
    for name in names {
        let Some(attribute) = named(name) else { return Ok(Some(UNKNOWN)) };
        told[attribute as usize] = Some(true);
    }
    Ok(Some(told))
}
