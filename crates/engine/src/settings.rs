//! Options become settings: what they mean for one model.

use std::collections::HashSet;

use spanframe_core::{AggregationStrategy, Decoder, DecodingRule, EntityDecoder, EntityType, Grouping};
use spanframe_model::Model;

use crate::{
    EngineError, EngineOptions, OptionError,
    option_check::choose,
    options::{Decoding, Emulation},
    pipeline_file::MemberOptions,
};

/// What Spark NLP calls `maxSentenceLength`, by its default.
const SPARK_MAX_LENGTH: usize = 128;

/// Options, resolved against one model.
pub(crate) struct Settings {
    pub(crate) decoder: EntityDecoder,
    /// Pieces a window, without special tokens.
    pub(crate) capacity: usize,
    pub(crate) stride: usize,
    /// Kinds to keep, by their index.
    pub(crate) wanted: Vec<bool>,
    pub(crate) threshold: f32,
    /// Whether capital letters make a difference to the tokenizer; asked for Spark NLP alone.
    pub(crate) cased: bool,
}

/// The same before names were looked up.
pub(crate) struct Plan {
    decoder: EntityDecoder,
    capacity: usize,
    stride: usize,
    cased: bool,
    /// Nobody chose among types, so that `O` may be kept.
    all_types: bool,
}

/// Names that options may have for one model.
pub(crate) struct Known {
    /// Types that are offered.
    types: Vec<String>,
    /// What entities are called before they are renamed.
    kinds: Vec<String>,
    /// What can be ignored: types, labels and their parts.
    ignorable: Vec<String>,
}

/// Checks `options` against `model`, but for the names in them.
///
/// # Errors
/// [`EngineError::Option`] for a window that the model cannot take.
pub(crate) fn plan(options: &EngineOptions, model: &Model) -> Result<Plan, EngineError> {
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
    if options.emulate == Some(Emulation::SparkNlp) && model.tokenizer.suffix().is_empty() {
        let way_out = "Spark NLP closes every text with one, add a post_processor to tokenizer.json or leave it out";
        let other = "a tokenizer that adds no token at the end";
        return Err(OptionError::Conflict { option: "emulate", other, way_out }.into());
    }
    let rule = rule(options, config.default_rule());
    let labels = if options.ner_has_no_schema {
        config.labels.without_scheme(rule.grouping == Grouping::SparkNlp)
    } else {
        config.labels.clone()
    };
    Ok(Plan {
        decoder: EntityDecoder::new(rule, labels),
        capacity,
        stride,
        // asking takes two encodings, and Polars makes an engine a chunk
        cased: options.emulate == Some(Emulation::SparkNlp) && model.tokenizer.is_cased(),
        all_types: options.entities.is_none() && options.black_list.is_empty(),
    })
}

impl Plan {
    /// The names of a model whose name may offer one entity type `only`.
    pub(crate) fn known(&self, only: Option<&str>) -> Known {
        let offered = |name: &&String| only.is_none_or(|only| only == *name);
        let labels = self.decoder.labels();
        let kinds: Vec<String> = self.decoder.entity_types().iter().map(|kind| kind.name.clone()).collect();
        // types and full labels are names too, even where the strategy makes no entity of that name
        let mut ignorable: Vec<String> = labels.types().iter().chain(labels.labels()).chain(&kinds).cloned().collect();
        ignorable.extend(labels.labels().iter().filter_map(|label| Some(label.split_once('-')?.1.to_string())));
        let mut seen = HashSet::new();
        ignorable.retain(|name| seen.insert(name.clone()));
        Known { types: labels.types().iter().filter(offered).cloned().collect(), kinds, ignorable }
    }

    /// Looks the names of `options` up.
    ///
    /// # Errors
    /// [`OptionError::UnknownValue`] for a name that the model does not have.
    pub(crate) fn settle(self, options: &EngineOptions, only: Option<&str>) -> Result<Settings, OptionError> {
        check_names(options, &[self.known(only)])?;
        let Self { decoder, capacity, stride, cased, all_types } = self;
        let keeps = |name: &String| {
            only.is_none_or(|only| only == name)
                && options.entities.as_ref().is_none_or(|names| names.contains(name))
                && !options.black_list.contains(name)
        };
        let types: Vec<bool> = decoder.labels().types().iter().map(keeps).collect();
        let outside = only.is_none() && all_types;
        let keep = |kind: &EntityType| {
            kind.label_type.map_or(outside, |k| types[usize::from(k)]) && !options.ignore_labels.contains(&kind.name)
        };
        let wanted = decoder.entity_types().iter().map(keep).collect();
        Ok(Settings { wanted, capacity, stride, cased, threshold: options.threshold, decoder })
    }
}

/// Refuses names in `options` that no model knows.
///
/// # Errors
/// [`OptionError::UnknownValue`] with the names that there are.
pub(crate) fn check_names(options: &EngineOptions, known: &[Known]) -> Result<(), OptionError> {
    let find = |option, name: &String, of: fn(&Known) -> &Vec<String>| {
        let mut seen = HashSet::new();
        let all = known.iter().flat_map(of).map(String::as_str).filter(|known| seen.insert(*known));
        choose(option, name, all.map(|known| (known, ())))
    };
    options.entities.iter().flatten().try_for_each(|name| find(options.entities_option, name, |k| &k.types))?;
    options.black_list.iter().try_for_each(|name| find("black_list", name, |k| &k.types))?;
    options.replace_labels.keys().try_for_each(|name| find("replace_labels", name, |k| &k.kinds))?;
    let ignored = options.ignore_labels.iter().filter(|name| *name != "O");
    ignored.into_iter().try_for_each(|name| find("ignore_labels", name, |k| &k.ignorable))
}

/// Leaves names that one model of several does not know out of options that were given for all of them.
pub(crate) fn prune(options: &mut EngineOptions, known: &Known, own: &MemberOptions) {
    if let Some(names) = options.entities.as_mut().filter(|_| own.options.entities.is_none()) {
        names.retain(|name| known.types.contains(name));
    }
    if own.options.black_list.is_none() {
        options.black_list.retain(|name| known.types.contains(name));
    }
    if own.options.replace_labels.is_none() {
        options.replace_labels.retain(|name, _| known.kinds.contains(name));
    }
    if own.options.ignore_labels.is_none() {
        options.ignore_labels.retain(|name| name == "O" || known.ignorable.contains(name));
    }
}

/// The model's own rule, with what the options say otherwise. Naming a strategy, a decoding or a grouping sets the
/// model's own decoder aside, except that `"viterbi"` or `"posterior"` alone keeps what the model's own charges and forbids.
fn rule(options: &EngineOptions, own: DecodingRule) -> DecodingRule {
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
            Some(Decoding::Best) => own.decoder == Decoder::Best,
            Some(Decoding::Viterbi | Decoding::Posterior) => own.decoder.constraints().is_some(),
        };
    let base = if keeps_own {
        own
    } else {
        DecodingRule { units: strategy.or(DecodingRule::words().units), ..DecodingRule::default() }
    };
    let constraints = base.decoder.constraints().unwrap_or_default();
    let decoder = match options.decoding {
        None | Some(Decoding::Best) => base.decoder,
        Some(Decoding::Viterbi) => Decoder::Viterbi(constraints),
        Some(Decoding::Posterior) => Decoder::Posterior(constraints),
    };
    let grouping = options.grouping.unwrap_or(match options.emulate {
        Some(Emulation::SparkNlp) => Grouping::SparkNlp,
        _ => base.grouping,
    });
    DecodingRule { decoder, grouping, greedy: options.greedy_mode, ..base }
}
