//! `spanframe text`: shows the entities of one text.

use std::io::{IsTerminal, Read, stdin, stdout};

use serde_json::{Value as Json, json};
use spanframe_engine::{
    Engine, EngineOptions, Mention, Offsets,
    field::{EntityFields, Value},
};
use spanframe_view::{Note, Row, terminal};

use crate::{
    console::{print, print_json},
    environment::{self, NO_COLOR_VARIABLE},
    error::CliError,
    flags::{Color, TextFlags},
};

/// Prints the text with its entities marked, or the entities as JSON.
pub fn text(flags: &TextFlags, options: &EngineOptions) -> Result<(), CliError> {
    let text = read(flags.text.as_deref())?;
    if flags.json {
        let engine = Engine::new(options)?;
        let found = engine.annotate_text(&text, flags.language.as_deref())?;
        let entities = found.iter().map(|mention| entity(mention, engine.fields())).collect();
        return print_json(Json::Array(entities));
    }
    // entities are marked by bytes, so the option `offsets` does not apply
    let options = EngineOptions { offsets: Offsets::Byte, cleaned_offsets: false, ..options.clone() };
    let found = Engine::new(&options)?.annotate_text(&text, flags.language.as_deref())?;
    let color = match flags.color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => stdout().is_terminal() && environment::value(NO_COLOR_VARIABLE).is_none(),
    };
    let row = Row { text: Some(&text), mentions: Some(&found), ..Row::default() };
    let marked = terminal::marked(&Note::new(&row, Offsets::Byte.into()), color);
    print(&format!("{}\n", marked.trim_end_matches('\n')))
}

/// The text as typed; standard input for `-` and where it was left out.
pub fn read(typed: Option<&str>) -> Result<String, CliError> {
    match typed {
        Some(text) if text != "-" => Ok(text.to_string()),
        _ => {
            let mut text = String::new();
            stdin().read_to_string(&mut text).map_err(CliError::Stdin)?;
            Ok(text)
        }
    }
}

/// The fields of the column that the options ask for.
fn entity(mention: &Mention<'_>, fields: &EntityFields) -> Json {
    let value = |value| match value {
        Value::Text(text) => Json::from(text),
        Value::Integer(integer) => Json::from(integer),
        Value::Float(float) => Json::from(float),
        Value::Bool(bool) => Json::from(bool),
        Value::Concepts(concepts) => concepts.iter().map(|concept| json!(concept)).collect(),
    };
    fields.iter().map(|field| (field.name, field.get(mention).map_or(Json::Null, value))).collect()
}
