//! The field `decoder` of config.json.

use spanframe_core::{Calibration, Constraints, Decoder, DecodingRule, LabelSet};

use super::JsonFile;
use crate::ModelError;

const FIELD: &str = "decoder";
const EXPECTED: &str = "an object such as {\"name\": \"viterbi\"}";
const NAME: &str = "name";
const COST: &str = "begin_after_entity_cost";
const WHOLE_WORDS: &str = "whole_words";
const TRIM: &str = "trim";
const CALIBRATION: &str = "calibration";
const SLOPE: &str = "slope";
const INTERCEPT: &str = "intercept";
/// Greatest slope, and greatest distance of an intercept from 0.
const STEEPEST: f64 = 100.0;

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
    let known = [NAME, COST, WHOLE_WORDS, TRIM, CALIBRATION];
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

/// The calibrations of `decoder.calibration` for each type of `labels`; those that change nothing where it has none.
///
/// # Errors
/// [`ModelError::Config`] for a decoder other than posterior, an unknown type, and a slope or intercept out of range.
pub(super) fn calibrations(config: &JsonFile, labels: &LabelSet) -> Result<Vec<Calibration>, ModelError> {
    let mut calibrations = vec![Calibration::default(); labels.types().len()];
    let Some(decoder) = config.object(FIELD, EXPECTED)? else { return Ok(calibrations) };
    let Some(value) = decoder.value(CALIBRATION) else { return Ok(calibrations) };
    let path = format!("{FIELD}.{CALIBRATION}");
    if decoder.string(NAME)? != Some("posterior") {
        return Err(decoder.wrong(&path, value, "nothing: only the decoder posterior takes it"));
    }
    let expected = "an object such as {\"DISEASE\": {\"slope\": 0.8, \"intercept\": -0.1}}";
    let Some(by_type) = decoder.object(CALIBRATION, expected)? else { return Ok(calibrations) };
    for (name, value) in by_type.fields() {
        let path = format!("{path}.{}", name.escape_debug());
        let Some(index) = labels.types().iter().position(|known| known == name) else {
            return Err(by_type.wrong(&path, value, &format!("one of the types {}", labels.types().join(", "))));
        };
        let Some(curve) = by_type.object(name, "an object of slope and intercept")? else { continue };
        let number = |field: &str, default: f64, least: f64| {
            let number = curve.number(field)?.unwrap_or(default);
            let in_range = number > least && number <= STEEPEST;
            let allowed = format!("a number above {least} and up to {STEEPEST}");
            in_range
                .then_some(number as f32)
                .ok_or_else(|| curve.wrong(&format!("{path}.{field}"), &number.into(), &allowed))
        };
        if let Some((field, value)) = curve.fields().find(|(field, _)| ![SLOPE, INTERCEPT].contains(&field.as_str())) {
            let field = format!("{path}.{}", field.escape_debug());
            return Err(curve.wrong(&field, value, "one of the options slope, intercept"));
        }
        calibrations[index] =
            Calibration { slope: number(SLOPE, 1.0, 0.0)?, intercept: number(INTERCEPT, 0.0, -STEEPEST)? };
    }
    Ok(calibrations)
}
