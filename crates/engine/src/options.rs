//! The engine's options: as users type them ([`RawOptions`]) and as checked ([`EngineOptions`]).

use std::{collections::BTreeMap, num::NonZeroUsize, path::PathBuf, thread};

use spanframe_core::{
    AggregationStrategy, CleanupMode, Grouping, Merge, MergeWithin,
    assertion::{Attribute, Attributes},
};
use spanframe_model::{Device, RuntimeSearch};
use strum::{IntoStaticStr, VariantArray};

pub use crate::option_check::OptionError;
use crate::{
    Layout, ModelChoice, ModelNames, Offsets, OnError, OptionTable, Selection, UnknownLanguage,
    link::options::vocabularies,
    option_check::{any, at_least, at_least_or, fraction, fraction_or, named, named_or_default, nearest, or},
    selection::selected,
};

/// Most padded tokens of a batch. Larger batches leave the caches of a processor and are no faster.
pub const DEFAULT_BATCH_TOKENS: usize = 512;

crate::options! {
    /// Options as users type them, by the same names in Python, on the command line and here. All may be left out.
    pub struct RawOptions;

    /// Options, checked as far as that goes without the model.
    pub struct EngineOptions {
        /// The option that gave `entities`, for messages: `entities` or `white_list`.
        pub entities_option: &'static str,
        /// Unit of `begin` and `end`.
        pub offsets: Offsets,
        /// Batches that run at once.
        pub sessions: usize,
        /// Where to look for ONNX Runtime.
        pub runtime: RuntimeSearch,
        /// The options as typed. Those of one model in a pipeline file replace some of them.
        pub typed: RawOptions,
    }

    /// Use this model: a folder, an `.onnx` file or a name.
    ///
    /// `spanframe model list` shows the names. Several models, or a pipeline file (`.toml`, `.json`), are a set:
    /// all of them run in one pass, and each entity names its model.
    model: ModelNames => ModelChoice = ModelChoice::new,
        Call, value "MODELS", default "the bundled model", short 'm', page "models.md";

    /// Choose which of overlapping entities stay.
    ///
    /// `all` keeps all, `longest` the longest, `first` that of the first model in the order of the set, and `confident`
    /// the most confident.
    merge: String => Merge = named_or_default,
        Set, value "RULE", default "`all`", names Merge, page "pipelines.md#overlapping-entities";

    /// Choose which entities compete in a merge.
    ///
    /// `row` compares all entities of a row, `type` only those of one type.
    merge_within: String => MergeWithin = named_or_default,
        Set, value "row|type", default "`row`", names MergeWithin, page "pipelines.md#overlapping-entities";

    /// Choose what happens to a row whose language no model names.
    ///
    /// `error` refuses the row (`on_error` applies), `all` gives it to all models, and `skip` leaves out the models
    /// that have languages.
    unknown_language: String => UnknownLanguage = named_or_default,
        Set, value "RULE", default "`error`", names UnknownLanguage, page "pipelines.md#languages";

    /// Keep only these entity types.
    entities: Vec<String> => Option<Vec<String>> = any,
        Model, value "TYPES", default "all types", short 'e';

    /// Same as `entities`, by the name in Spark NLP's NerConverter.
    ///
    /// Give one of the two.
    white_list: Vec<String>,
        Call, value "TYPES", default "all types";

    /// Leave out these entity types, even those that `entities` keeps.
    black_list: Vec<String> => Vec<String> = or(Vec::new()),
        Model, value "TYPES", default "none";

    /// Leave out these names, as Hugging Face's pipeline does.
    ignore_labels: Vec<String> => Vec<String> = or(vec!["O".to_string()]),
        Model, value "LABELS", default "`O`";

    /// Rename entity types in the output: the old and the new name.
    replace_labels: BTreeMap<String, String> => BTreeMap<String, String> = or(BTreeMap::new()),
        Model, value "OLD=NEW", default "none";

    /// Keep entities of at least this confidence, from 0 to 1.
    threshold: f64 => f32 = fraction_or(0.0),
        Model, value "CONFIDENCE", default "`0`", short 't';

    /// Choose how the labels of a word's tokens become one.
    ///
    /// `none`, `simple`, `first`, `average` and `max` work exactly as in Hugging Face's pipeline. `word` takes the
    /// first token of each word and never cuts a word.
    aggregation_strategy: String => Option<AggregationStrategy> = named,
        Model, value "STRATEGY", default "the model's own, or `word`", names AggregationStrategy,
        page "decoding.md#words";

    /// Choose how the labels of a sequence are decided.
    ///
    /// `best` takes the best label of each word by itself, `viterbi` the best sequence that the tag scheme allows, and
    /// `posterior` the mentions that are more likely than not over all such sequences, with that probability as
    /// confidence.
    decoding: String => Option<Decoding> = named,
        Model, value "DECODING", default "the model's own", names Decoding, page "decoding.md#decoders";

    /// Choose how labels become mentions.
    ///
    /// `lenient` reads every tag scheme (conlleval's rule), `strict` takes only what is well-formed under the model's
    /// tag scheme, and with `sparknlp` an `I-` continues a mention of any type.
    grouping: String => Option<Grouping> = named,
        Model, value "RULE", default "`lenient`", names Grouping, page "decoding.md#grouping";

    /// Join entities of one type that touch.
    greedy_mode: bool => bool = or(false),
        Model, value "BOOL", default "`false`";

    /// Treat labels as types, whatever prefix they seem to have.
    ner_has_no_schema: bool => bool = or(false),
        Model, value "BOOL", default "`false`";

    /// Take a chunk from the text exactly as it stands there.
    ///
    /// `false` gives the words of the chunk with single spaces between them.
    preserve_position: bool => bool = or(true),
        Call, value "BOOL", default "`true`";

    /// Clean the text first, as Spark NLP's DocumentAssembler does.
    cleanup_mode: String => CleanupMode = named_or_default,
        Call, value "MODE", default "`disabled`", names CleanupMode;

    /// Give positions and chunks of the cleaned text, not the original.
    cleaned_offsets: bool => bool = or(false),
        Call, value "BOOL", default "`false`";

    /// Number the sentences of a text in the metadata of annotations.
    ///
    /// Spark NLP does so behind a SentenceDetector. `false` gives `0`, as without one. Other layouts have no sentence.
    sentences: bool => bool = or(false),
        Call, value "BOOL", default "`false`";

    /// Follow another system, losses included.
    ///
    /// `huggingface` takes windows of equal length over the whole text and keeps the longer of overlapping entities.
    /// `sparknlp` takes its words, labels a word by its first token and reads no more than `max_length` tokens (128 by
    /// default).
    emulate: String => Option<Emulation> = named,
        Call, value "SYSTEM", default "none", names Emulation, page "divergences.md";

    /// Set the most tokens of a window, special tokens included.
    ///
    /// Longer texts are cut into windows: nothing is truncated.
    max_length: i64 => Option<usize> = at_least(1),
        Model, value "TOKENS", default "the model's own";

    /// Set how many tokens the windows of a long sentence share.
    stride: i64 => Option<usize> = at_least(0),
        Model, value "TOKENS", default "a quarter of a window";

    /// Set the most tokens of a batch, padding included.
    batch_tokens: i64 => usize = at_least_or(1, DEFAULT_BATCH_TOKENS),
        Call, value "TOKENS", default "`512`";

    /// Choose the layout of the new column.
    ///
    /// `struct_of_lists` has a list for each field, `list_of_structs` a struct for each entity, and `annotation` is
    /// Spark NLP's array of annotations.
    layout: String => Layout = named_or_default,
        Call, value "LAYOUT", default "`struct_of_lists`", names Layout, page "columns.md#layouts";

    /// Choose the unit of `begin` and `end`.
    ///
    /// `char` counts code points, as slices in Polars and Python do, and `byte` UTF-8 bytes, both with an exclusive
    /// end. `spark` counts UTF-16 units with an inclusive end, as Spark NLP does; annotations always have it.
    offsets: String,
        Call, value "UNIT", default "`char`", names Offsets, page "columns.md#units";

    /// Run on this device: `cpu`, `cuda` or `cuda:N`.
    ///
    /// A device that is absent is an error, never a fallback.
    device: String => Device = device,
        Call, value "DEVICE", default "`cpu`";

    /// Run this many batches at once.
    sessions: i64,
        Call, value "N", default "one per core, 1 on a GPU";

    /// Use this many threads within one batch.
    intra_threads: i64 => usize = at_least_or(1, 1),
        Call, value "N", default "`1`";

    /// Read documents of at most this many bytes.
    max_document_bytes: i64 => usize = at_least_or(1, u32::MAX as usize),
        Call, value "BYTES", default "4 GiB";

    /// Say of each entity whether it is so, and the patient's.
    ///
    /// `true` adds the booleans `negated`, `uncertain`, `historical`, `hypothetical` and `family` to the fields of an
    /// entity, a list adds those that it names. Cues in the text decide, in English, Spanish and Italian. The language of
    /// a row is that of its language column, or is detected.
    assertion: Selection => Attributes = selected,
        Set, value "ATTRIBUTES", default "`false`", names Attribute, page "assertion.md";

    /// Add the cues of these files to the rules of `assertion`.
    ///
    /// A file with `replace = true` takes the place of the rules for its language.
    assertion_rules: Vec<PathBuf> => Vec<PathBuf> = or(Vec::new()),
        Set, value "PATHS", default "none", page "assertion.md#rules-of-your-own";

    /// Link entities to the concepts of these vocabularies.
    ///
    /// `spanframe vocabulary build` writes them. An entity gets `code`, `term`, `vocabulary`, `concept_id`,
    /// `standard_concept_id` and `similarity` of the nearest concept; all are null if none is near enough. Several
    /// vocabularies are searched as one.
    link: Vec<PathBuf> => Vec<PathBuf> = vocabularies,
        Set, value "PATHS", default "none", page "vocabularies.md";

    /// Link to concepts of at least this similarity, from 0 to 1.
    link_similarity: f64 => Option<f64> = fraction,
        Set, value "SIMILARITY", default "0.5", page "vocabularies.md";

    /// Add this many of the nearest concepts of an entity, as `candidates`.
    link_candidates: i64 => Option<usize> = at_least(1),
        Set, value "N", default "none", page "vocabularies.md";

    /// Choose what happens to a row that cannot be annotated.
    ///
    /// Such a row is longer than `max_document_bytes`, or is not UTF-8. `raise` ends with an error that names the row,
    /// and `null` gives null entities. Jobs also have `reject`.
    on_error: String => OnError = named_or_default,
        Call, value "RULE", default "`raise`", names OnError;

    /// Load ONNX Runtime from this path.
    ///
    /// Without it `ORT_DYLIB_PATH`, the active Python environment and the system are searched, in this order.
    onnxruntime: PathBuf,
        Call, value "PATH", default "the first one found", page "install.md#onnx-runtime";
}

/// A system that is followed, losses included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Emulation {
    /// transformers' token-classification pipeline with `stride`: windows of equal length over the whole text, and of
    /// overlapping entities the longer one.
    HuggingFace,
    /// Spark NLP: the words of its Tokenizer, the first sub-token of each word, no more tokens than `max_length`, and
    /// NerConverter's grouping.
    SparkNlp,
}

/// How labels are decided.
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

impl Default for EngineOptions {
    fn default() -> Self {
        Self::new(RawOptions::default()).expect("the defaults are valid")
    }
}

impl EngineOptions {
    /// Checks what was typed. Reads and loads nothing.
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
    pub fn new(typed: RawOptions) -> Result<Self, OptionError> {
        let mut options = Self::check(&typed)?;
        options.set_entities(&typed)?;
        options.set_offsets(&typed)?;
        options.set_sessions(&typed)?;
        options.check_strategy()?;
        options.check_posterior()?;
        options.check_ignored()?;
        options.runtime.explicit.clone_from(&typed.onnxruntime);
        options.typed = typed;
        Ok(options)
    }

    /// Takes the entity types from either of their two options.
    fn set_entities(&mut self, typed: &RawOptions) -> Result<(), OptionError> {
        if typed.entities.is_some() && typed.white_list.is_some() {
            return conflict("white_list", "`entities`", "they mean the same, give one of them");
        }
        self.entities_option = if typed.white_list.is_some() { "white_list" } else { "entities" };
        if typed.white_list.is_some() {
            self.entities.clone_from(&typed.white_list);
        }
        Ok(())
    }

    /// Chooses the unit of positions: Spark NLP's annotations have one unit, and its emulation has it by default.
    fn set_offsets(&mut self, typed: &RawOptions) -> Result<(), OptionError> {
        let offsets: Option<Offsets> = named("offsets", typed.offsets.clone())?;
        if self.layout == Layout::Annotation && offsets.is_some_and(|unit| unit != Offsets::Spark) {
            return conflict("offsets", "the layout `annotation`", "there it is `spark`, leave it out");
        }
        let is_spark = self.layout == Layout::Annotation || self.emulate == Some(Emulation::SparkNlp);
        self.offsets = offsets.unwrap_or(if is_spark { Offsets::Spark } else { Offsets::default() });
        Ok(())
    }

    /// Divides the threads of the processor among sessions. A GPU has one session.
    fn set_sessions(&mut self, typed: &RawOptions) -> Result<(), OptionError> {
        self.sessions = at_least(1)("sessions", typed.sessions)?.unwrap_or(match self.device {
            Device::Cpu => (available_threads() / self.intra_threads).max(1),
            Device::Cuda(_) => 1,
        });
        Ok(())
    }

    /// True if a strategy of Hugging Face was chosen.
    fn is_hugging_face(&self) -> bool {
        self.aggregation_strategy.is_some_and(AggregationStrategy::is_hugging_face)
    }

    /// Refuses a strategy beside another system's rule.
    fn check_strategy(&self) -> Result<(), OptionError> {
        let groups_itself = self.is_hugging_face() || self.emulate == Some(Emulation::HuggingFace);
        if self.grouping.is_some() && groups_itself {
            let way_out = "Hugging Face's pipeline has a rule of its own; use the strategy `word`";
            return conflict("grouping", "a strategy of Hugging Face", way_out);
        }
        if self.is_hugging_face() && self.emulate == Some(Emulation::SparkNlp) {
            let way_out = "Spark NLP labels a word by its first token, leave it out";
            return conflict("aggregation_strategy", "emulating Spark NLP", way_out);
        }
        Ok(())
    }

    /// Refuses posterior decoding beside anything that groups labels, for it gives mentions and no labels.
    fn check_posterior(&self) -> Result<(), OptionError> {
        if self.decoding != Some(Decoding::Posterior) {
            return Ok(());
        }
        let way_out = "`posterior` gives mentions, not labels to group; leave one of them out";
        if self.is_hugging_face() {
            return conflict("decoding", "a strategy of Hugging Face", way_out);
        }
        if self.emulate.is_some() {
            return conflict("decoding", "`emulate`", way_out);
        }
        if self.grouping.is_some_and(|grouping| grouping != Grouping::Lenient) {
            return conflict("decoding", "`grouping`", way_out);
        }
        Ok(())
    }

    /// Refuses to keep `O` where no entity can have that name.
    fn check_ignored(&self) -> Result<(), OptionError> {
        let gives_outside = self.is_hugging_face() || self.emulate == Some(Emulation::HuggingFace);
        if !gives_outside && !self.ignore_labels.iter().any(|name| name == "O") {
            let way_out = "they never give `O` as an entity; add `O` to the list";
            return conflict("ignore_labels", "strategies that are not Hugging Face's", way_out);
        }
        Ok(())
    }

    /// Names of all options, in the order of the table.
    pub fn names() -> impl Iterator<Item = &'static str> {
        RawOptions::OPTIONS.iter().map(|option| option.name)
    }

    /// Refuses a name that is no option.
    ///
    /// # Errors
    /// [`OptionError::UnknownName`] with the most similar name.
    pub fn check_name(name: &str) -> Result<(), OptionError> {
        if Self::names().any(|known| known == name) {
            return Ok(());
        }
        Err(OptionError::UnknownName { name: name.to_string(), nearest: nearest(name, Self::names()) })
    }
}

fn conflict(option: &'static str, other: &'static str, way_out: &'static str) -> Result<(), OptionError> {
    Err(OptionError::Conflict { option, other, way_out })
}

/// Reads a device; the processor where it was left out.
fn device(option: &'static str, typed: Option<String>) -> Result<Device, OptionError> {
    let Some(name) = typed else { return Ok(Device::Cpu) };
    name.parse().map_err(|_| OptionError::UnknownValue {
        option,
        nearest: nearest(&name, ["cpu", "cuda"]),
        value: name,
        allowed: "cpu, cuda, cuda:N".to_string(),
    })
}

/// Threads that this process may use, by its affinity mask and its cgroup's quota.
#[must_use]
pub fn available_threads() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
