//! Options become settings: what they mean for one model.

use spanframe_core::{AggregationStrategy, Decoder, Grouping, Rule, Viterbi};
use spanframe_model::Model;

use crate::{
    EngineError, EngineOptions, OptionError,
    options::{Decoding, Emulation, choose},
    pipeline::Settings,
};

/// What Spark NLP calls `maxSentenceLength`, by its default.
const SPARK_MAX_LENGTH: usize = 128;

/// Checks `options` against `model`.
///
/// # Errors
/// [`EngineError::Option`] for a name that the model does not have, or a window that it cannot take.
pub(crate) fn resolve(options: &EngineOptions, model: &Model) -> Result<Settings, EngineError> {
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
    let labels = if options.ner_has_no_schema { config.labels.without_scheme() } else { config.labels.clone() };
    let decoder = Decoder::new(rule(options, config.default_rule()), labels);
    let wanted = wanted(options, &decoder)?;
    Ok(Settings {
        wanted,
        capacity,
        stride,
        batch_tokens: options.batch_tokens,
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

/// Which kinds to keep, with every name that the options give looked up.
fn wanted(options: &EngineOptions, decoder: &Decoder) -> Result<Vec<bool>, OptionError> {
    let types = decoder.labels().entities();
    let kinds = decoder.kinds();
    let type_of = |option, name: &String| choose(option, name, types.iter().enumerate().map(|(i, t)| (t.as_str(), i)));
    let mut kept = vec![options.entities.is_none(); types.len()];
    for name in options.entities.iter().flatten() {
        kept[type_of("entities", name)?] = true;
    }
    for name in &options.black_list {
        kept[type_of("black_list", name)?] = false;
    }
    for name in options.replace_labels.keys() {
        choose("replace_labels", name, kinds.iter().map(|k| (k.name.as_str(), ())))?;
    }
    for name in options.ignore_labels.iter().filter(|name| *name != "O") {
        // types and full labels are names too, even where the strategy makes no entity of that name
        let mut known: Vec<&str> = types.iter().chain(decoder.labels().labels()).map(String::as_str).collect();
        known.extend(kinds.iter().map(|k| k.name.as_str()));
        let mut seen = std::collections::HashSet::new();
        known.retain(|name| seen.insert(*name));
        choose("ignore_labels", name, known.into_iter().map(|name| (name, ())))?;
    }
    let outside = options.entities.is_none();
    let keep = |kind: &spanframe_core::Kind| {
        kind.entity.map_or(outside, |k| kept[usize::from(k)]) && !options.ignore_labels.contains(&kind.name)
    };
    Ok(kinds.iter().map(keep).collect())
}
