//! Options: as they were typed ([`RawOptions`]) and as they were understood ([`EngineOptions`]).

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, thread};

use serde::{Deserialize, Serialize};
use spanframe_core::{AggregationStrategy, CleanupMode, Grouping, Merge, MergeWithin};
use spanframe_model::{Device, RuntimeSearch};
use strum::{IntoStaticStr, VariantArray};

pub use crate::option_value::OptionError;
use crate::{
    Layout, ModelChoice, ModelNames, Offsets, OnError, UnknownLanguage,
    option_value::{named, nearest, whole},
};

/// Most padded tokens in a batch, by default: more brings nothing on a processor, whose caches it leaves.
pub const DEFAULT_BATCH_TOKENS: usize = 512;

/// Options as a user types them, by the same names in Python, on the command line and here. All may be left out.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawOptions {
    /// A model folder, an `.onnx` file in one, or a name in the [catalogue](crate::catalogue); a list of these, or a pipeline
    /// file (`.toml`, `.json`), for several models at once.
    pub model: Option<ModelNames>,
    /// Which of overlapping entities stays: `all` (where left out), `longest`, `first` or `confident`.
    pub merge: Option<String>,
    /// Among which entities: all of a `row` (where left out), or those of one `type`.
    pub merge_within: Option<String>,
    /// What becomes of a row whose language no model names: `error` (where left out), `all` or `skip`.
    pub unknown_language: Option<String>,
    /// Entity types to keep, by name; all where left out.
    pub entities: Option<Vec<String>>,
    /// `entities` by NerConverter's name: give one of the two.
    pub white_list: Option<Vec<String>>,
    /// Entity types to leave out, also of those that `entities` keeps.
    pub black_list: Option<Vec<String>>,
    /// Names to leave out as Hugging Face's pipeline does; `O` where left out.
    pub ignore_labels: Option<Vec<String>>,
    /// New names of entity types in the output, by their old ones.
    pub replace_labels: Option<BTreeMap<String, String>>,
    /// Least confidence of an entity, 0 to 1.
    pub threshold: Option<f64>,
    /// `none`, `simple`, `first`, `average`, `max` or `word`; the model's own decoder where left out.
    pub aggregation_strategy: Option<String>,
    /// `best`, `viterbi` or `posterior`; the model's own where left out.
    pub decoding: Option<String>,
    /// `lenient`, `strict` or `sparknlp`.
    pub grouping: Option<String>,
    /// Join entities of one type that touch.
    pub greedy_mode: Option<bool>,
    /// Labels are types by themselves, whatever prefix they seem to have.
    pub ner_has_no_schema: Option<bool>,
    /// A chunk is the text between its positions (so where left out), not its words with single spaces.
    pub preserve_position: Option<bool>,
    /// `disabled`, `inplace`, `inplace_full`, `shrink`, `shrink_full`, `each`, `each_full` or `delete_full`.
    pub cleanup_mode: Option<String>,
    /// Positions and chunks are those of the cleaned text, not of the original.
    pub cleaned_offsets: Option<bool>,
    /// `huggingface` or `sparknlp`; nobody where left out.
    pub emulate: Option<String>,
    /// Most tokens a window, special tokens included; what the model was made for where left out.
    pub max_length: Option<i64>,
    /// Tokens that windows of one long sentence share; a quarter of a window where left out.
    pub stride: Option<i64>,
    /// Most tokens a batch, padding included.
    pub batch_tokens: Option<i64>,
    /// `struct_of_lists`, `list_of_structs` or `annotation`.
    pub layout: Option<String>,
    /// `char`, `byte` or `spark`.
    pub offsets: Option<String>,
    /// `cpu`, `cuda` or `cuda:N`.
    pub device: Option<String>,
    /// Batches that run at once; one a core where left out (one on a GPU).
    pub sessions: Option<i64>,
    /// Threads within one batch.
    pub intra_threads: Option<i64>,
    /// Longest document that is read, in bytes; 4 GiB where left out.
    pub max_document_bytes: Option<i64>,
    /// What becomes of a row that cannot be annotated: `raise` (an error) or `null`.
    pub on_error: Option<String>,
    /// Path of the ONNX Runtime library.
    pub onnxruntime: Option<PathBuf>,
}

/// Whose way with text is followed, losses included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Emulation {
    /// Windows of equal length over the whole text, entities of overlapping windows settled afterwards: transformers'
    /// token-classification pipeline with `stride`.
    HuggingFace,
    /// Words of Spark NLP's Tokenizer, of each the first sub-token alone, no more pieces than `max_length`, and
    /// NerConverter's grouping.
    SparkNlp,
}

/// How each unit gets its label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Decoding {
    /// The most probable label of each unit by itself.
    Best,
    /// The most probable sequence that the tag scheme allows.
    Viterbi,
    /// The mentions that are more likely than not, over all sequences that the tag scheme allows.
    Posterior,
}

/// Options, understood and checked as far as that goes without the model.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineOptions {
    /// One model or a set.
    pub model: ModelChoice,
    /// Which of overlapping entities stays.
    pub merge: Merge,
    /// Among which entities.
    pub merge_within: MergeWithin,
    /// What becomes of a row whose language no model names.
    pub unknown_language: UnknownLanguage,
    /// Types to keep.
    pub entities: Option<Vec<String>>,
    /// The option by which they were given, for messages: `entities` or `white_list`.
    pub entities_option: &'static str,
    /// Types to leave out.
    pub black_list: Vec<String>,
    /// Names to leave out.
    pub ignore_labels: Vec<String>,
    /// Old and new names of types.
    pub replace_labels: BTreeMap<String, String>,
    /// Least confidence.
    pub threshold: f32,
    /// Instead of the model's own decoder.
    pub aggregation_strategy: Option<AggregationStrategy>,
    /// Instead of the model's own.
    pub decoding: Option<Decoding>,
    /// How labels become mentions.
    pub grouping: Option<Grouping>,
    /// Join entities of one type that touch.
    pub greedy_mode: bool,
    /// Labels are types by themselves.
    pub ner_has_no_schema: bool,
    /// A chunk is the text between its positions.
    pub preserve_position: bool,
    /// What is done to a text before it is read.
    pub cleanup_mode: CleanupMode,
    /// Positions and chunks are those of the cleaned text.
    pub cleaned_offsets: bool,
    /// Whose way with text is followed.
    pub emulate: Option<Emulation>,
    /// Most tokens a window.
    pub max_length: Option<usize>,
    /// Tokens shared by windows of a long sentence.
    pub stride: Option<usize>,
    /// Most tokens a batch.
    pub batch_tokens: usize,
    /// Of the output.
    pub layout: Layout,
    /// Of the output.
    pub offsets: Offsets,
    /// Where inference runs.
    pub device: Device,
    /// Batches at once.
    pub sessions: usize,
    /// Threads within a batch.
    pub intra_threads: usize,
    /// Longest document that is read, in bytes.
    pub max_document_bytes: usize,
    /// What becomes of a row that cannot be annotated.
    pub on_error: OnError,
    /// Where ONNX Runtime is looked for.
    pub runtime: RuntimeSearch,
    /// As they were typed: the models of a pipeline file may have other options in their place.
    pub typed: RawOptions,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self::new(RawOptions::default()).expect("the defaults are valid")
    }
}

impl EngineOptions {
    /// Names of all options, in the order of [`RawOptions`].
    pub const NAMES: [&'static str; 30] = [
        "model",
        "merge",
        "merge_within",
        "unknown_language",
        "entities",
        "white_list",
        "black_list",
        "ignore_labels",
        "replace_labels",
        "threshold",
        "aggregation_strategy",
        "decoding",
        "grouping",
        "greedy_mode",
        "ner_has_no_schema",
        "preserve_position",
        "cleanup_mode",
        "cleaned_offsets",
        "emulate",
        "max_length",
        "stride",
        "batch_tokens",
        "layout",
        "offsets",
        "device",
        "sessions",
        "intra_threads",
        "max_document_bytes",
        "on_error",
        "onnxruntime",
    ];

    /// Understands and checks what was typed. Nothing is read or loaded.
    ///
    /// # Errors
    /// [`OptionError`] that names the option, its value and what it may be.
    ///
    /// ```
    /// # use spanframe_engine::{EngineOptions, RawOptions};
    /// let raw = RawOptions { offsets: Some("sparc".into()), ..RawOptions::default() };
    /// let message = EngineOptions::new(raw).unwrap_err().to_string();
    /// assert_eq!(message, "option `offsets` cannot be `sparc`; did you mean `spark`?; it may be char, byte, spark");
    /// ```
    pub fn new(raw: RawOptions) -> Result<Self, OptionError> {
        let typed = raw.clone();
        let threshold = raw.threshold.unwrap_or(0.0);
        if !(0.0..=1.0).contains(&threshold) {
            let allowed = "a number from 0 to 1".to_string();
            return Err(OptionError::OutOfRange { option: "threshold", value: threshold.to_string(), allowed });
        }
        let device: Device = match raw.device.as_deref() {
            None => Device::Cpu,
            Some(name) => name.parse().map_err(|_| OptionError::UnknownValue {
                option: "device",
                value: name.to_string(),
                nearest: nearest(name, ["cpu", "cuda"]),
                allowed: "cpu, cuda, cuda:N".to_string(),
            })?,
        };
        let intra_threads = whole("intra_threads", raw.intra_threads, 1)?.unwrap_or(1);
        let sessions = whole("sessions", raw.sessions, 1)?.unwrap_or(match device {
            Device::Cpu => (available_threads() / intra_threads).max(1),
            Device::Cuda(_) => 1,
        });
        let conflict = |option, other, way_out| Err(OptionError::Conflict { option, other, way_out });
        if raw.entities.is_some() && raw.white_list.is_some() {
            return conflict("white_list", "`entities`", "they mean the same, give one of them");
        }
        let aggregation_strategy = named::<AggregationStrategy>("aggregation_strategy", &raw.aggregation_strategy)?;
        let grouping = named::<Grouping>("grouping", &raw.grouping)?;
        let emulate = named::<Emulation>("emulate", &raw.emulate)?;
        let layout = named::<Layout>("layout", &raw.layout)?.unwrap_or_default();
        let offsets = named::<Offsets>("offsets", &raw.offsets)?;
        if layout == Layout::Annotation && offsets.is_some_and(|unit| unit != Offsets::Spark) {
            return conflict("offsets", "the layout `annotation`", "there it is `spark`, leave it out");
        }
        let theirs = aggregation_strategy.is_some_and(AggregationStrategy::is_hugging_face);
        if grouping.is_some() && (theirs || emulate == Some(Emulation::HuggingFace)) {
            let way_out = "Hugging Face's pipeline has a rule of its own; use the strategy `word`";
            return conflict("grouping", "a strategy of Hugging Face", way_out);
        }
        if theirs && emulate == Some(Emulation::SparkNlp) {
            let way_out = "Spark NLP labels a word by its first piece, leave it out";
            return conflict("aggregation_strategy", "emulating Spark NLP", way_out);
        }
        let decoding = named::<Decoding>("decoding", &raw.decoding)?;
        if decoding == Some(Decoding::Posterior) {
            let way_out = "`posterior` gives mentions, not labels to group; leave one of them out";
            if theirs {
                return conflict("decoding", "a strategy of Hugging Face", way_out);
            }
            if emulate.is_some() {
                return conflict("decoding", "`emulate`", way_out);
            }
            if grouping.is_some_and(|grouping| grouping != Grouping::Lenient) {
                return conflict("decoding", "`grouping`", way_out);
            }
        }
        let ignore_labels = raw.ignore_labels.unwrap_or_else(|| vec!["O".to_string()]);
        if !theirs && emulate != Some(Emulation::HuggingFace) && !ignore_labels.iter().any(|name| name == "O") {
            let way_out = "only these give `O` as an entity; add `O` to the list";
            return conflict("ignore_labels", "any but Hugging Face's strategies", way_out);
        }
        let spark = layout == Layout::Annotation || emulate == Some(Emulation::SparkNlp);
        Ok(Self {
            model: ModelChoice::new(raw.model)?,
            merge: named::<Merge>("merge", &raw.merge)?.unwrap_or_default(),
            merge_within: named::<MergeWithin>("merge_within", &raw.merge_within)?.unwrap_or_default(),
            unknown_language: named::<UnknownLanguage>("unknown_language", &raw.unknown_language)?.unwrap_or_default(),
            entities_option: if raw.white_list.is_some() { "white_list" } else { "entities" },
            entities: raw.entities.or(raw.white_list),
            black_list: raw.black_list.unwrap_or_default(),
            ignore_labels,
            replace_labels: raw.replace_labels.unwrap_or_default(),
            threshold: threshold as f32,
            aggregation_strategy,
            decoding,
            grouping,
            greedy_mode: raw.greedy_mode.unwrap_or(false),
            ner_has_no_schema: raw.ner_has_no_schema.unwrap_or(false),
            preserve_position: raw.preserve_position.unwrap_or(true),
            cleanup_mode: named::<CleanupMode>("cleanup_mode", &raw.cleanup_mode)?.unwrap_or_default(),
            cleaned_offsets: raw.cleaned_offsets.unwrap_or(false),
            emulate,
            max_length: whole("max_length", raw.max_length, 1)?,
            stride: whole("stride", raw.stride, 0)?,
            batch_tokens: whole("batch_tokens", raw.batch_tokens, 1)?.unwrap_or(DEFAULT_BATCH_TOKENS),
            layout,
            offsets: offsets.unwrap_or(if spark { Offsets::Spark } else { Offsets::default() }),
            device,
            sessions,
            intra_threads,
            max_document_bytes: whole("max_document_bytes", raw.max_document_bytes, 1)?.unwrap_or(u32::MAX as usize),
            on_error: named::<OnError>("on_error", &raw.on_error)?.unwrap_or_default(),
            runtime: RuntimeSearch { explicit: raw.onnxruntime, python: None },
            typed,
        })
    }

    /// Refuses a name that is no option.
    ///
    /// # Errors
    /// [`OptionError::UnknownName`] with the nearest name.
    pub fn check_name(name: &str) -> Result<(), OptionError> {
        if Self::NAMES.contains(&name) {
            return Ok(());
        }
        Err(OptionError::UnknownName { name: name.to_string(), nearest: nearest(name, Self::NAMES) })
    }
}

/// Threads that this process may use: the affinity mask and the cgroup's quota are heeded.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
