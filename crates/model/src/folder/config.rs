//! [`Config`]: what config.json and tokenizer_config.json say, checked.

use serde_json::Value;
use spanframe_core::{Calibration, DecodingRule, LabelSet, Named, TagScheme, capitals::Capitals};

use crate::{InputShape, ModelError, ModelFiles};

use super::{JsonFile, decoder};

const CONFIG: &str = "config.json";
const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
/// Window length if neither file states one.
const DEFAULT_MAX_LENGTH: usize = 512;

/// Model types that count positions from `pad_token_id` + 1, as RoBERTa does. So do all whose names contain `roberta`
/// or `camembert`.
const LIKE_ROBERTA: [&str; 7] = ["data2vec-text", "ibert", "lilt", "longformer", "luke", "mpnet", "xmod"];
/// Model types that are known to count positions from 0.
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

/// The checked content of config.json and tokenizer_config.json.
///
/// Of `config.json`, these fields of Hugging Face are read: `model_type`, `architectures`, `id2label`,
/// `max_position_embeddings`, `pad_token_id`. spanframe has optional fields of its own:
///
/// | field | meaning |
/// |---|---|
/// | `heads` | names of independent heads; each has an equal part of the labels, in this order |
/// | `decoder` | `{"name": "posterior", "begin_after_entity_cost": 2.0, "whole_words": true, "trim": true}`, or `viterbi` |
/// | `window_length` | most tokens of a window, special tokens included, if fewer than the model can take |
/// | `lower_capitals` | `true` to tokenize lines in capitals in lower case, `"phrases"` to do it inside lines too |
/// | `tag_scheme` | the tag scheme, if the labels do not show it (`"IOB1"`, `"IOE1"`) |
#[derive(Clone, Debug)]
pub struct Config {
    /// `model_type`; empty if absent.
    pub model_type: String,
    /// First of `architectures`; empty if absent.
    pub architecture: String,
    /// Labels, tags and heads.
    pub labels: LabelSet,
    /// The decoder that config.json asks for.
    pub rule: Option<DecodingRule>,
    /// What in capitals is tokenized in lower case. Positions and chunks are those of the text.
    pub capitals: Option<Capitals>,
    /// From probability to confidence, for each type of [`labels`](Self::labels).
    pub calibrations: Vec<Calibration>,
    /// Most tokens of a window, special tokens included.
    pub max_length: usize,
    /// Most tokens that the position embeddings allow, if known.
    pub max_positions: Option<usize>,
    /// Id of padding tokens.
    pub pad_token_id: i64,
    /// First value of `position_ids`, for graphs that have this input.
    pub first_position: i64,
}

impl Config {
    /// Reads config.json and tokenizer_config.json.
    ///
    /// # Errors
    /// [`ModelError::MissingFile`], [`ModelError::Read`]; [`ModelError::Config`] and [`ModelError::Labels`] that name
    /// the file and the field.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let bytes = files.require(CONFIG, "it lists the labels; copy it from where the model came from")?;
        let config = JsonFile::parse(&bytes, files.describe(CONFIG))?;
        let wrong = |reason: String| ModelError::Config { file: config.file.clone(), reason };
        let labels = label_set(&config)?;
        let rule = decoder::read(&config)?;
        let calibrations = decoder::calibrations(&config, &labels)?;
        if rule.is_some() {
            for head in labels.heads() {
                let fits = labels.iob2_columns(head);
                fits.map_err(|source| ModelError::Labels { file: config.file.clone(), source })?;
            }
        }
        let model_type = config.string("model_type")?.unwrap_or_default().to_string();
        let pad_token_id = config.integer("pad_token_id")?.unwrap_or(0);
        let first_position = if is_like_roberta(&model_type) { pad_token_id.saturating_add(1) } else { 0 };
        let max_positions = config.count("max_position_embeddings")?;
        let max_positions = max_positions.map(|n| n.saturating_sub(usize::try_from(first_position).unwrap_or(0)));
        let widest = tokenizer_max_length(files)?.into_iter().chain(max_positions).min();
        let max_length = config.count("window_length")?.or(widest).unwrap_or(DEFAULT_MAX_LENGTH);
        if max_positions.is_some_and(|most| max_length > most) {
            return Err(wrong(format!(
                "window_length {max_length} is beyond the position embeddings: make it smaller"
            )));
        }
        Ok(Self {
            model_type,
            architecture: config.strings("architectures")?.into_iter().next().unwrap_or_default(),
            labels,
            rule,
            capitals: capitals(&config)?,
            calibrations,
            max_length,
            max_positions,
            pad_token_id,
            first_position,
        })
    }

    /// The same with windows that fit a graph of this shape.
    pub(crate) fn within(mut self, shape: InputShape) -> Self {
        if let Some(width) = shape.width {
            self.max_length = self.max_length.min(width);
            self.max_positions = Some(self.max_positions.map_or(width, |most| most.min(width)));
        }
        self
    }

    /// Length of a window for which `rows` position embeddings may be too few; `None` if they are enough for
    /// `max_length`.
    ///
    /// An unknown model type is assumed to count positions as RoBERTa does, which needs the most rows.
    pub(crate) fn doubtful_length(&self, rows: u64) -> Option<usize> {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let first = match FROM_ZERO.contains(&self.model_type.as_str()) {
            true => 0,
            false => self.first_position.max(self.pad_token_id.saturating_add(1)),
        };
        let reach = rows.saturating_sub(usize::try_from(first).unwrap_or(0));
        // one token more than there are rows shows as much as `max_length` would
        (self.max_length > reach).then(|| self.max_length.min(rows.saturating_add(1)))
    }

    /// The decoder that config.json asks for, else the best label of each word.
    #[must_use]
    pub fn default_rule(&self) -> DecodingRule {
        self.rule.unwrap_or(DecodingRule::words())
    }
}

/// What `lower_capitals` asks for.
fn capitals(config: &JsonFile) -> Result<Option<Capitals>, ModelError> {
    let field = "lower_capitals";
    match config.value(field) {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Capitals::Lines)),
        Some(Value::String(name)) if name == "phrases" => Ok(Some(Capitals::Phrases)),
        Some(value) => Err(config.wrong(field, value, "true, false or \"phrases\"")),
    }
}

fn is_like_roberta(model_type: &str) -> bool {
    ["roberta", "camembert"].iter().any(|name| model_type.contains(name)) || LIKE_ROBERTA.contains(&model_type)
}

/// `model_max_length` of tokenizer_config.json, if the file is there and states a limit.
fn tokenizer_max_length(files: &ModelFiles) -> Result<Option<usize>, ModelError> {
    // some exports write 1e30 for "no limit"
    let length = JsonFile::read(files, TOKENIZER_CONFIG)?.map_or(Ok(None), |file| file.number("model_max_length"))?;
    Ok(length.filter(|n| (1.0..1e6).contains(n)).map(|n| n as usize))
}

/// Labels in numeric order of their ids. As strings, "10" would come before "2".
fn label_set(config: &JsonFile) -> Result<LabelSet, ModelError> {
    let wrong = |reason: String| ModelError::Config { file: config.file.clone(), reason };
    let expected = "an object such as {\"0\": \"O\", \"1\": \"B-DISEASE\"}";
    let id2label = config.object("id2label", expected)?;
    let id2label = id2label.ok_or_else(|| {
        wrong(format!(
            "it has no `id2label`, the labels by their ids, expected {expected}; copy it from the checkpoint"
        ))
    })?;
    let count = id2label.fields().count();
    let mut labels = vec![None; count];
    for (id, label) in id2label.fields() {
        let slot = id.parse::<usize>().ok().and_then(|i| labels.get_mut(i));
        let slot = slot.ok_or_else(|| {
            wrong(format!("id2label has the id `{}`, expected 0 to {}", id.escape_debug(), count.saturating_sub(1)))
        })?;
        let label = label.as_str().ok_or_else(|| config.wrong(&format!("id2label.{id}"), label, "a string"))?;
        *slot = Some(label.to_string());
    }
    let labels: Option<Vec<String>> = labels.into_iter().collect();
    let labels = labels.ok_or_else(|| wrong("id2label names an id twice: remove one of the two".to_string()))?;
    let set = LabelSet::new(labels, &config.strings("heads")?);
    let set = set.map_err(|source| ModelError::Labels { file: config.file.clone(), source })?;
    let Some(name) = config.string("tag_scheme")? else { return Ok(set) };
    let known = TagScheme::named().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let (_, scheme) = known.ok_or_else(|| {
        let names = TagScheme::named().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        config.wrong("tag_scheme", &name.into(), &names)
    })?;
    Ok(set.with_scheme(scheme))
}
