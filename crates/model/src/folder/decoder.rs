//! The field `decoder` of config.json.

use spanframe_core::{Constraints, Decoder, DecodingRule};

use super::JsonFile;
use crate::ModelError;

const FIELD: &str = "decoder";
const EXPECTED: &str = "an object such as {\"name\": \"viterbi\"}";
const NAME: &str = "name";
const COST: &str = "begin_after_entity_cost";
const WHOLE_WORDS: &str = "whole_words";
const TRIM: &str = "trim";

/// The decoder that config.json asks for; `None` if it asks for none.
///
/// # Errors
/// [`ModelError::Config`] for an unknown decoder or option, and a cost that is not from 0 to 100.
pub(super) fn read(config: &JsonFile) -> Result<Option<DecodingRule>, ModelError> {
    let Some(fields) = config.object(FIELD, EXPECTED)? else { return Ok(None) };
    let wrong = |reason: String| ModelError::Config { file: config.file.clone(), reason };
    let decoder: fn(Constraints) -> Decoder = match fields.string(NAME)? {
        Some("viterbi") => Decoder::Viterbi,
        Some("posterior") => Decoder::Posterior,
        Some(name) => return Err(fields.wrong("decoder.name", &name.into(), "viterbi or posterior")),
        None => return Err(wrong(format!("`{FIELD}` has no `{NAME}`, expected {EXPECTED}"))),
    };
    let known = [NAME, COST, WHOLE_WORDS, TRIM];
    if let Some((field, value)) = fields.fields().find(|(field, _)| !known.contains(&field.as_str())) {
        let field = format!("decoder.{}", field.escape_debug());
        return Err(fields.wrong(&field, value, &format!("one of the options {}", known.join(", "))));
    }
    let cost = fields.number(COST)?.unwrap_or(0.0) as f32;
    if !(0.0..=100.0).contains(&cost) {
        return Err(wrong(format!("{COST} {cost} is not from 0 to 100")));
    }
    let whole_words = fields.boolean(WHOLE_WORDS)?.unwrap_or(false);
    let trim = fields.boolean(TRIM)?.unwrap_or(false);
    let constraints = Constraints { begin_after_entity_cost: cost, whole_words };
    Ok(Some(DecodingRule { decoder: decoder(constraints), trim, ..DecodingRule::default() }))
}
