//! [`Config`]: what config.json and tokenizer_config.json say.

use std::collections::HashMap;

use serde::Deserialize;
use spanframe_core::{Constraints, Decoding, LabelSet, Named, Rule, TagScheme};

use crate::{ModelError, ModelFiles};

const CONFIG: &str = "config.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// Window length where neither file states one.
const DEFAULT_MAX_LENGTH: usize = 512;

/// Types that count positions from `pad_token_id` + 1 on, as RoBERTa does, beside those whose names hold `roberta` or
/// `camembert`.
const LIKE_ROBERTA: [&str; 7] = ["data2vec-text", "ibert", "lilt", "longformer", "luke", "mpnet", "xmod"];
/// Types that are known to count them from 0 on.
const FROM_ZERO: [&str; 12] = [
    "albert",
    "bert",
    "big_bird",
    "convbert",
    "deberta",
    "deberta-v2",
    "distilbert",
    "electra",
    "megatron-bert",
    "mobilebert",
    "rembert",
    "squeezebert",
];

/// What a model folder says about itself.
///
/// Fields of `config.json` that are read: those of Hugging Face (`model_type`, `architectures`, `id2label`,
/// `max_position_embeddings`, `pad_token_id`), and ours, all optional:
///
/// | field | meaning |
/// |---|---|
/// | `heads` | names of independent heads; the logits are shared out evenly over them, in this order |
/// | `decoder` | `{"name": "posterior", "begin_after_entity_cost": 2.0, "whole_words": true, "trim": true}`, or `viterbi` |
/// | `window_length` | most tokens of a window, special tokens included, where the model wants fewer than it can take |
/// | `lower_capitals` | `true` for a model that reads lines in capitals better in lower case; positions and chunks stay those of the text |
/// | `tag_scheme` | the scheme, where labels alone cannot tell (`"IOB1"`, `"IOE1"`) |
#[derive(Clone, Debug)]
pub struct Config {
    /// `model_type`, or empty.
    pub model_type: String,
    /// First of `architectures`, or empty.
    pub architecture: String,
    /// Labels, tags and heads.
    pub labels: LabelSet,
    /// How the model asks to be read, if it does.
    pub rule: Option<Rule>,
    /// Whether lines in capitals are read in lower case ([`capitals`](spanframe_core::capitals)).
    pub lower_capitals: bool,
    /// Most tokens a window may have, special tokens included.
    pub max_length: usize,
    /// Most tokens the position embeddings reach, where known.
    pub max_positions: Option<usize>,
    /// Id that fills up short windows.
    pub pad_token_id: i64,
    /// First value of `position_ids`, where the graph wants them.
    pub first_position: i64,
}

#[derive(Deserialize)]
struct RawConfig {
    #[serde(default)]
    model_type: String,
    #[serde(default)]
    architectures: Vec<String>,
    id2label: HashMap<String, String>,
    #[serde(default)]
    heads: Vec<String>,
    decoder: Option<RawDecoder>,
    #[serde(default)]
    lower_capitals: bool,
    window_length: Option<usize>,
    max_position_embeddings: Option<usize>,
    pad_token_id: Option<i64>,
    tag_scheme: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
enum RawDecoder {
    Viterbi(RawConstraints),
    Posterior(RawConstraints),
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawConstraints {
    begin_after_entity_cost: f32,
    whole_words: bool,
    trim: bool,
}

impl RawDecoder {
    fn rule(self) -> Rule {
        let (raw, sequences): (_, fn(Constraints) -> Decoding) = match self {
            Self::Viterbi(raw) => (raw, Decoding::Viterbi),
            Self::Posterior(raw) => (raw, Decoding::Posterior),
        };
        let RawConstraints { begin_after_entity_cost, whole_words, trim } = raw;
        Rule { decoding: sequences(Constraints { begin_after_entity_cost, whole_words }), trim, ..Rule::default() }
    }
}

#[derive(Default, Deserialize)]
struct RawTokenizerConfig {
    /// Some exports write 1e30 for "no limit".
    model_max_length: Option<f64>,
}

impl Config {
    /// Reads both files of `files`.
    ///
    /// # Errors
    /// [`ModelError`] that names the file and the field.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let file = files.describe(CONFIG);
        let bytes = files.require(CONFIG, "it lists the labels; copy it from where the model came from")?;
        let wrong = |reason: String| ModelError::Config { file: file.clone(), reason };
        let raw: RawConfig = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        let labels = label_set(&raw, &wrong, &file)?;
        let rule = raw.decoder.map(RawDecoder::rule);
        if let Some(rule) = rule {
            let cost = rule.decoding.constraints().map_or(0.0, |constraints| constraints.begin_after_entity_cost);
            if !(0.0..=100.0).contains(&cost) {
                return Err(wrong(format!("begin_after_entity_cost {cost} is not from 0 to 100")));
            }
            for head in labels.heads() {
                labels.iob2_columns(head).map_err(|source| ModelError::Labels { file: file.clone(), source })?;
            }
        }
        let pad_token_id = raw.pad_token_id.unwrap_or(0);
        let shifted = ["roberta", "camembert"].iter().any(|kind| raw.model_type.contains(kind))
            || LIKE_ROBERTA.contains(&raw.model_type.as_str());
        let first_position = if shifted { pad_token_id.saturating_add(1) } else { 0 };
        let max_positions =
            raw.max_position_embeddings.map(|n| n.saturating_sub(usize::try_from(first_position).unwrap_or(0)));
        let stated = match files.read(TOKENIZER_CONFIG)? {
            None => None,
            Some(bytes) => {
                let raw: RawTokenizerConfig = serde_json::from_slice(&bytes).map_err(|e| ModelError::Config {
                    file: files.describe(TOKENIZER_CONFIG),
                    reason: e.to_string(),
                })?;
                raw.model_max_length.filter(|n| (1.0..1e6).contains(n)).map(|n| n as usize)
            }
        };
        let widest = stated.into_iter().chain(max_positions).min();
        let max_length = raw.window_length.or(widest).unwrap_or(DEFAULT_MAX_LENGTH);
        if max_positions.is_some_and(|most| max_length > most) {
            return Err(wrong(format!("window_length {max_length} is beyond the position embeddings")));
        }
        Ok(Self {
            model_type: raw.model_type,
            architecture: raw.architectures.into_iter().next().unwrap_or_default(),
            labels,
            rule,
            lower_capitals: raw.lower_capitals,
            max_length,
            max_positions,
            pad_token_id,
            first_position,
        })
    }

    /// Tokens of a window that `rows` position embeddings may not reach, counted as RoBERTa does where the type is not known;
    /// `None` where they reach all of `max_length`.
    pub(crate) fn doubtful_length(&self, rows: u64) -> Option<usize> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let first = match FROM_ZERO.contains(&self.model_type.as_str()) {
            true => 0,
            false => self.first_position.max(self.pad_token_id.saturating_add(1)),
        };
        let reach = rows.saturating_sub(usize::try_from(first).unwrap_or(0));
        // more than one window beyond the last row tells no more
        (self.max_length > reach).then(|| self.max_length.min(rows.saturating_add(1)))
    }

    /// How the model is read where nobody says otherwise: its own way, or the best label of each word.
    #[must_use]
    pub fn default_rule(&self) -> Rule {
        self.rule.unwrap_or(Rule::words())
    }
}

/// Labels in numeric order of their ids: as strings, "10" would come before "2".
fn label_set(raw: &RawConfig, wrong: &dyn Fn(String) -> ModelError, file: &str) -> Result<LabelSet, ModelError> {
    let count = raw.id2label.len();
    let mut labels = vec![None; count];
    for (id, label) in &raw.id2label {
        let slot = id.parse::<usize>().ok().and_then(|i| labels.get_mut(i));
        *slot
            .ok_or_else(|| wrong(format!("id2label has the id `{id}`, expected 0 to {}", count.saturating_sub(1))))? =
            Some(label.clone());
    }
    let labels: Option<Vec<String>> = labels.into_iter().collect();
    let labels = labels.ok_or_else(|| wrong("id2label names an id twice".to_string()))?;
    let set =
        LabelSet::new(labels, &raw.heads).map_err(|source| ModelError::Labels { file: file.to_string(), source })?;
    let Some(name) = &raw.tag_scheme else { return Ok(set) };
    let known = TagScheme::named().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, scheme) = known.ok_or_else(|| {
        let names = TagScheme::named().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        wrong(format!("tag_scheme `{name}` is not known; it may be {names}"))
    })?;
    Ok(set.with_scheme(scheme))
}
