//! config.json and tokenizer_config.json as they are written, before [`Config`](super::Config) checks them.

use std::collections::HashMap;

use serde::Deserialize;
use spanframe_core::{Constraints, Decoder, DecodingRule};

/// The fields of config.json that are read.
#[derive(Deserialize)]
pub(super) struct RawConfig {
    #[serde(default)]
    pub(super) model_type: String,
    #[serde(default)]
    pub(super) architectures: Vec<String>,
    pub(super) id2label: HashMap<String, String>,
    #[serde(default)]
    pub(super) heads: Vec<String>,
    pub(super) decoder: Option<RawDecoder>,
    #[serde(default)]
    pub(super) lower_capitals: bool,
    pub(super) window_length: Option<usize>,
    pub(super) max_position_embeddings: Option<usize>,
    pub(super) pad_token_id: Option<i64>,
    pub(super) tag_scheme: Option<String>,
}

/// The field `decoder`.
#[derive(Deserialize)]
#[serde(tag = "name", rename_all = "lowercase")]
pub(super) enum RawDecoder {
    Viterbi(RawConstraints),
    Posterior(RawConstraints),
}

/// The options of a decoder.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct RawConstraints {
    begin_after_entity_cost: f32,
    whole_words: bool,
    trim: bool,
}

impl RawDecoder {
    pub(super) fn rule(self) -> DecodingRule {
        let (raw, decoder): (_, fn(Constraints) -> Decoder) = match self {
            Self::Viterbi(raw) => (raw, Decoder::Viterbi),
            Self::Posterior(raw) => (raw, Decoder::Posterior),
        };
        let RawConstraints { begin_after_entity_cost, whole_words, trim } = raw;
        DecodingRule {
            decoder: decoder(Constraints { begin_after_entity_cost, whole_words }),
            trim,
            ..DecodingRule::default()
        }
    }
}

/// The field of tokenizer_config.json that is read.
#[derive(Default, Deserialize)]
pub(super) struct RawTokenizerConfig {
    /// Some exports write 1e30 for "no limit".
    pub(super) model_max_length: Option<f64>,
}
