//! `spanframe assertion explain`: shows which cue of a text gives an entity its attributes.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use spanframe_core::Span;
use spanframe_engine::{
    Engine, EngineError, EngineOptions, Named, Offsets,
    assertion::{Assessor, assessor::Explanation},
};
use spanframe_view::character::line;

use crate::{console::print, error::CliError, flags::ExplainFlags, text};

/// The type of an entity that `--mention` names.
const ANY_TYPE: &str = "MENTION";

/// An entity of the text: its bytes and its type.
type Found = (Span, String);

/// Prints a table with a row for each attribute of each entity, and one for each entity without any.
pub fn explain(flags: &ExplainFlags, options: &EngineOptions) -> Result<(), CliError> {
    let text = text::read(flags.text.as_deref())?;
    let assessor = Assessor::new(&options.assertion_rules).map_err(EngineError::from)?;
    let entities = if flags.mentions.is_empty() {
        found(&text, flags.language.as_deref(), options)?
    } else {
        named(&text, &flags.mentions)?
    };
    let borrowed: Vec<(Span, &str)> = entities.iter().map(|(span, name)| (*span, name.as_str())).collect();
    let Some((language, reasons)) = assessor.explain(&text, &borrowed, flags.language.as_deref()) else {
        return Err(CliError::NoCues { known: assessor.languages().collect::<Vec<_>>().join(", ") });
    };
    let table = table(&text, &entities, &reasons).and_then(|table| pretty_format_batches(&[table]));
    print(&format!("{}\nlanguage: {language}\n", table.map_err(EngineError::from)?))
}

/// The entities that the model finds.
fn found(text: &str, language: Option<&str>, options: &EngineOptions) -> Result<Vec<Found>, CliError> {
    // cues are found by bytes of the text as it is
    let options = EngineOptions {
        offsets: Offsets::Byte,
        cleaned_offsets: false,
        assertion: [].into_iter().collect(),
        assertion_rules: Vec::new(),
        ..options.clone()
    };
    let engine = Engine::new(&options)?;
    // a single model takes no language
    let language = language.filter(|_| engine.check_language(true).is_ok());
    let mentions = engine.annotate_text(text, language)?;
    Ok(mentions.into_iter().map(|m| (Span::new(m.begin as usize, m.end as usize), m.entity.into_owned())).collect())
}

/// All places of `mentions` in the text.
///
/// # Errors
/// [`CliError::NoMention`] with the number of a mention that does not stand in the text.
fn named(text: &str, mentions: &[String]) -> Result<Vec<Found>, CliError> {
    let mut found = Vec::new();
    for (number, mention) in (1..).zip(mentions) {
        let places = text.match_indices(mention.as_str()).filter(|_| !mention.is_empty());
        let before = found.len();
        found.extend(places.map(|(at, part)| (Span::new(at, at + part.len()), ANY_TYPE.to_string())));
        if found.len() == before {
            return Err(CliError::NoMention { number });
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn table(text: &str, entities: &[Found], reasons: &[Explanation]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut rows: Vec<(&Found, Option<&Explanation>)> = Vec::new();
    for (number, entity) in entities.iter().enumerate() {
        let own: Vec<_> = reasons.iter().filter(|reason| reason.entity == number).map(|r| (entity, Some(r))).collect();
        if own.is_empty() { rows.push((entity, None)) } else { rows.extend(own) }
    }
    // control characters are replaced, so that no note can control the terminal
    let shown = |span: Span| line(span.slice(text));
    let column = |cell: &dyn Fn(&Found, Option<&Explanation>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|(entity, reason)| cell(entity, *reason))))
    };
    let of_reason = |cell: &dyn Fn(&Explanation) -> String| column(&|_, reason| reason.map_or(String::new(), cell));
    RecordBatch::try_from_iter([
        ("chunk", column(&|(span, _), _| shown(*span))),
        ("entity", column(&|(_, name), _| line(name))),
        ("attribute", of_reason(&|reason| reason.attribute.name().to_string())),
        ("cue", of_reason(&|reason| shown(reason.cue))),
        ("rule", of_reason(&|reason| reason.group.clone())),
    ])
}
