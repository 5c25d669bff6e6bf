//! Options become settings: what they mean for one model.

use std::collections::HashSet;

use spanframe_core::{AggregationStrategy, Decoder, Grouping, Kind, Rule, Viterbi};
use spanframe_model::Model;

use crate::{
    EngineError, EngineOptions, OptionError,
    option_value::choose,
    options::{Decoding, Emulation},
    pipeline::Settings,
};

/// What Spark NLP calls `maxSentenceLength`, by its default.
const SPARK_MAX_LENGTH: usize = 128;

/// Checks `options` against `model`, of which the name may offer one entity type `only`.
///
/// # Errors
/// [`EngineError::Option`] for a name that the model does not have, or a window that it cannot take.
pub(crate) fn resolve(options: &EngineOptions, model: &Model, only: Option<&str>) -> Result<Settings, EngineError> {
    let config = &model.config;
    let special = model.tokenizer.special_tokens();
    let usual = match options.emulate {
        Some(Emulation::SparkNlp) => config.max_length.min(SPARK_MAX_LENGTH),
        _ => config.max_length,
    };
    let max_length = options.max_length.unwrap_or(usual);
    let most = config.max_positions.unwrap_or(usize::MAX);
    if !(special + 1..=most).contains(&max_length) {
        let allowed = format!("{} to {most} with this model", special + 1);
        let value = max_length.to_string();
        return Err(OptionError::OutOfRange { option: "max_length", value, allowed }.into());
    }
    let capacity = max_length - special;
    let stride = options.stride.unwrap_or(capacity / 4);
    if stride >= capacity {
        let allowed = format!("0 to {}, below the {capacity} pieces of a window", capacity - 1);
        return Err(OptionError::OutOfRange { option: "stride", value: stride.to_string(), allowed }.into());
    }
    if options.emulate.is_some() && config.labels.heads().len() > 1 {
        let way_out = "neither system knows such models, leave it out";
        return Err(OptionError::Conflict { option: "emulate", other: "a model with several heads", way_out }.into());
    }
    let rule = rule(options, config.default_rule());
    let labels = if options.ner_has_no_schema {
        config.labels.without_scheme(rule.grouping == Grouping::SparkNlp)
    } else {
        config.labels.clone()
    };
    let decoder = Decoder::new(rule, labels);
    let types = types(options, decoder.labels().entities(), only)?;
    Ok(Settings {
        wanted: wanted(options, &decoder, &types, only)?,
        types,
        capacity,
        stride,
        // Spark NLP predicts every text by itself
        batch_tokens: if options.emulate == Some(Emulation::SparkNlp) { 1 } else { options.batch_tokens },
        // asking takes two encodings, and Polars makes an engine a chunk
        cased: options.emulate == Some(Emulation::SparkNlp) && model.tokenizer.is_cased(),
        threshold: options.threshold,
        cleanup: options.cleanup_mode,
        cleaned_rows: options.cleaned_offsets,
        emulate: options.emulate,
        decoder,
    })
}

/// The model's own rule, with what the options say otherwise. Naming a strategy, a decoding or a grouping sets the
/// model's own decoder aside, except that `decoding="viterbi"` alone keeps one that is constrained already.
fn rule(options: &EngineOptions, own: Rule) -> Rule {
    let emulated = match options.emulate {
        Some(Emulation::HuggingFace) => Some(AggregationStrategy::Simple),
        Some(Emulation::SparkNlp) => Some(AggregationStrategy::Word),
        None => None,
    };
    let strategy = options.aggregation_strategy.or(emulated);
    let keeps_own = strategy.is_none()
        && options.grouping.is_none()
        && !options.ner_has_no_schema
        && match options.decoding {
            None => true,
            Some(Decoding::Viterbi) => own.viterbi.is_some(),
            Some(Decoding::Best) => own.viterbi.is_none(),
        };
    let base = if keeps_own { own } else { Rule { units: strategy.or(Rule::words().units), ..Rule::default() } };
    let viterbi = match options.decoding {
        Some(Decoding::Viterbi) => base.viterbi.or(Some(Viterbi::default())),
        _ => base.viterbi,
    };
    let grouping = options.grouping.unwrap_or(match options.emulate {
        Some(Emulation::SparkNlp) => Grouping::SparkNlp,
        _ => base.grouping,
    });
    Rule { viterbi, grouping, greedy: options.greedy_mode, ..base }
}

/// Which types to keep, with every name that the options give looked up among those that are offered.
fn types(options: &EngineOptions, known: &[String], only: Option<&str>) -> Result<Vec<bool>, OptionError> {
    let offered = |name: &str| only.is_none_or(|only| only == name);
    let find = |option, name: &String| {
        let all = known.iter().enumerate().map(|(i, t)| (t.as_str(), i));
        choose(option, name, all.filter(|(name, _)| offered(name)))
    };
    let mut kept: Vec<bool> = known.iter().map(|name| options.entities.is_none() && offered(name)).collect();
    for name in options.entities.iter().flatten() {
        kept[find(options.entities_option, name)?] = true;
    }
    for name in &options.black_list {
        kept[find("black_list", name)?] = false;
    }
    Ok(kept)
}

/// Which kinds to keep: those of the kept types, and `O` where nobody chose among types, the model's name included.
fn wanted(
    options: &EngineOptions, decoder: &Decoder, types: &[bool], only: Option<&str>,
) -> Result<Vec<bool>, OptionError> {
    let kinds = decoder.kinds();
    for name in options.replace_labels.keys() {
        choose("replace_labels", name, kinds.iter().map(|k| (k.name.as_str(), ())))?;
    }
    for name in options.ignore_labels.iter().filter(|name| *name != "O") {
        // types and full labels are names too, even where the strategy makes no entity of that name
        let labels = decoder.labels();
        let mut known: Vec<&str> = labels.entities().iter().chain(labels.labels()).map(String::as_str).collect();
        known.extend(kinds.iter().map(|k| k.name.as_str()));
        known.extend(labels.labels().iter().filter_map(|label| Some(label.split_once('-')?.1)));
        let mut seen = HashSet::new();
        known.retain(|name| seen.insert(*name));
        choose("ignore_labels", name, known.into_iter().map(|name| (name, ())))?;
    }
    let outside = only.is_none() && options.entities.is_none() && options.black_list.is_empty();
    let keep = |kind: &Kind| {
        kind.entity.map_or(outside, |k| types[usize::from(k)]) && !options.ignore_labels.contains(&kind.name)
    };
    Ok(kinds.iter().map(keep).collect())
}
