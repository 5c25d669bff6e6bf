//! Resolves options against one model.

use std::collections::HashSet;

use spanframe_core::{AggregationStrategy, Decoder, DecodingRule, EntityDecoder, EntityType, Grouping};
use spanframe_model::Model;

use crate::{
    EngineError, EngineOptions, OptionError,
    option_check::choose,
    options::{Decoding, Emulation},
    pipeline_file::MemberOptions,
};

/// Spark NLP's default of `maxSentenceLength`, in tokens.
const SPARK_MAX_LENGTH: usize = 128;

/// The options of one model, resolved against it.
pub(crate) struct MemberSettings {
    pub(crate) decoder: EntityDecoder,
    pub(crate) limits: WindowLimits,
    /// For each kind of entity, whether it is kept.
    pub(crate) wanted: Vec<bool>,
    pub(crate) threshold: f32,
    /// True if the tokenizer distinguishes capital letters; known only under Spark NLP's emulation.
    pub(crate) cased: bool,
}

/// The size of windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WindowLimits {
    /// Tokens of a window, without special tokens.
    pub(crate) capacity: usize,
    /// Tokens that the windows of a long sentence share.
    pub(crate) stride: usize,
}

/// Settings whose names of types and labels are not checked yet.
pub(crate) struct UncheckedSettings {
    decoder: EntityDecoder,
    limits: WindowLimits,
    cased: bool,
    /// True if the options choose no types, so that `O` may be kept.
    all_types: bool,
}

/// Names that options may use for one model.
pub(crate) struct KnownNames {
    /// Types that the model offers.
    types: Vec<String>,
    /// Names of entities before they are renamed.
    kinds: Vec<String>,
    /// Names that can be ignored: types, labels and parts of labels.
    ignorable: Vec<String>,
}

/// Resolves `options` against `model`, except for the names in them.
///
/// # Errors
/// [`EngineError::Option`] for a window that the model cannot take, and for an emulation that cannot emulate it.
pub(crate) fn resolve(options: &EngineOptions, model: &Model) -> Result<UncheckedSettings, EngineError> {
    let limits = WindowLimits::new(options, model)?;
    check_emulation(options, model)?;
    let config = &model.config;
    let rule = rule(options, config.default_rule());
    let labels = if options.ner_has_no_schema {
        config.labels.without_scheme(rule.grouping == Grouping::SparkNlp)
    } else {
        config.labels.clone()
    };
    Ok(UncheckedSettings {
        decoder: EntityDecoder::new(rule, labels).with_calibrations(config.calibrations.clone()),
        limits,
        // this takes two encodings, and Polars makes an engine for each chunk
        cased: options.emulate == Some(Emulation::SparkNlp) && model.tokenizer.is_cased(),
        all_types: options.entities.is_none() && options.black_list.is_empty(),
    })
}

impl WindowLimits {
    /// # Errors
    /// [`OptionError::OutOfRange`] for a window longer than the positions of the model, or without room for a token
    /// beside special tokens and stride.
    fn new(options: &EngineOptions, model: &Model) -> Result<Self, OptionError> {
        let config = &model.config;
        let special = model.tokenizer.special_tokens();
        let default = match options.emulate {
            Some(Emulation::SparkNlp) => config.max_length.min(SPARK_MAX_LENGTH),
            _ => config.max_length,
        };
        let max_length = options.max_length.unwrap_or(default);
        let most = config.max_positions.unwrap_or(usize::MAX);
        if !(special + 1..=most).contains(&max_length) {
            let allowed = format!("{} to {most} with this model", special + 1);
            return Err(OptionError::OutOfRange { option: "max_length", value: max_length.to_string(), allowed });
        }
        let capacity = max_length - special;
        let stride = options.stride.unwrap_or(capacity / 4);
        if stride >= capacity {
            let allowed = format!("0 to {}, below the {capacity} tokens of a window", capacity - 1);
            return Err(OptionError::OutOfRange { option: "stride", value: stride.to_string(), allowed });
        }
        Ok(Self { capacity, stride })
    }
}

/// Refuses to emulate a system with a model that it could not run.
fn check_emulation(options: &EngineOptions, model: &Model) -> Result<(), OptionError> {
    let conflict = |other, way_out| Err(OptionError::Conflict { option: "emulate", other, way_out });
    if options.emulate.is_some() && model.config.labels.heads().len() > 1 {
        return conflict("a model with several heads", "neither system knows such models, leave it out");
    }
    if options.emulate == Some(Emulation::SparkNlp) && model.tokenizer.suffix().is_empty() {
        let way_out = "Spark NLP closes every text with one, add a post_processor to tokenizer.json or leave it out";
        return conflict("a tokenizer that adds no token at the end", way_out);
    }
    Ok(())
}

impl UncheckedSettings {
    /// The names of the model. `only` is the entity type of a model's name that offers one type.
    pub(crate) fn known(&self, only: Option<&str>) -> KnownNames {
        let offered = |name: &&String| only.is_none_or(|only| only == *name);
        let labels = self.decoder.labels();
        let kinds: Vec<String> = self.decoder.entity_types().iter().map(|kind| kind.name.clone()).collect();
        // types and full labels may be ignored even if the strategy gives no entity of that name
        let mut ignorable: Vec<String> = labels.types().iter().chain(labels.labels()).chain(&kinds).cloned().collect();
        ignorable.extend(labels.labels().iter().filter_map(|label| Some(label.split_once('-')?.1.to_string())));
        let mut seen = HashSet::new();
        ignorable.retain(|name| seen.insert(name.clone()));
        KnownNames { types: labels.types().iter().filter(offered).cloned().collect(), kinds, ignorable }
    }

    /// Checks the names in `options`, and chooses the entities to keep.
    ///
    /// # Errors
    /// [`OptionError::UnknownValue`] for a name that the model does not have.
    pub(crate) fn check(self, options: &EngineOptions, only: Option<&str>) -> Result<MemberSettings, OptionError> {
        check_names(options, &[self.known(only)])?;
        let Self { decoder, limits, cased, all_types } = self;
        let keeps = |name: &String| {
            only.is_none_or(|only| only == name)
                && options.entities.as_ref().is_none_or(|names| names.contains(name))
                && !options.black_list.contains(name)
        };
        let types: Vec<bool> = decoder.labels().types().iter().map(keeps).collect();
        let keeps_outside = only.is_none() && all_types;
        let keep = |kind: &EntityType| {
            kind.label_type.map_or(keeps_outside, |k| types[usize::from(k)])
                && !options.ignore_labels.contains(&kind.name)
        };
        let wanted = decoder.entity_types().iter().map(keep).collect();
        Ok(MemberSettings { wanted, limits, cased, threshold: options.threshold, decoder })
    }
}

/// Refuses names in `options` that no model knows.
///
/// # Errors
/// [`OptionError::UnknownValue`] with the known names.
pub(crate) fn check_names(options: &EngineOptions, known: &[KnownNames]) -> Result<(), OptionError> {
    let find = |option, name: &String, of: fn(&KnownNames) -> &Vec<String>| {
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

/// Drops names that one model of a set does not know from the options of the call. Names in its own options stay.
pub(crate) fn prune(options: &mut EngineOptions, known: &KnownNames, own: &MemberOptions) {
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

/// The decoding rule: the model's own, changed by the options.
///
/// A strategy, a grouping or a decoding in the options replaces the model's own rule. `viterbi` or `posterior` alone
/// keeps its constraints.
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
