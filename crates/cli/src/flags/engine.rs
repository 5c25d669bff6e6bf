//! The options of the engine as flags.

use std::path::PathBuf;

use clap::Args;
use spanframe_engine::RawOptions;

/// Options of the engine, by the names they have everywhere.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine options")]
pub struct EngineFlags {
    /// Model folder, .onnx file in one, or a name that `model list` shows; the bundled model where left out. Several, with
    /// commas or one flag each, or a pipeline file (.toml, .json) are a set: all of them, in one pass
    #[arg(short, long, value_delimiter = ',', value_name = "MODELS")]
    model: Option<Vec<String>>,
    /// Which of overlapping entities stays: all, longest, first (of the models' order), confident; all where left out
    #[arg(long, value_name = "RULE")]
    merge: Option<String>,
    /// Among which entities one stays: all of a row, or those of one type; row where left out
    #[arg(long, value_name = "row|type")]
    merge_within: Option<String>,
    /// What becomes of a row whose language no model names: error, all (models take it), skip; error where left out
    #[arg(long, value_name = "RULE")]
    unknown_language: Option<String>,
    /// Entity types to keep, with commas; all where left out
    #[arg(short, long, value_delimiter = ',', value_name = "TYPES")]
    entities: Option<Vec<String>>,
    /// `--entities` by NerConverter's name: give one of the two
    #[arg(long, value_delimiter = ',', value_name = "TYPES")]
    white_list: Option<Vec<String>>,
    /// Entity types to leave out, with commas, also of those that `--entities` keeps
    #[arg(long, value_delimiter = ',', value_name = "TYPES")]
    black_list: Option<Vec<String>>,
    /// Names to leave out as Hugging Face's pipeline does, with commas; O where left out
    #[arg(long, value_delimiter = ',', value_name = "LABELS", num_args = 0..)]
    ignore_labels: Option<Vec<String>>,
    /// New names of entity types, such as `SYMPTOM=PROBLEM,DISEASE=PROBLEM`
    #[arg(long, value_delimiter = ',', value_name = "OLD=NEW", value_parser = renaming)]
    replace_labels: Option<Vec<(String, String)>>,
    /// Least confidence of an entity, 0 to 1
    #[arg(short, long, value_name = "CONFIDENCE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// How pieces become words: none, simple, first, average, max as Hugging Face's pipeline, or word; the model's own
    /// decoder where left out
    #[arg(long, value_name = "STRATEGY")]
    aggregation_strategy: Option<String>,
    /// best (label of each word by itself), viterbi (best sequence that the tag scheme allows) or posterior (mentions more
    /// likely than not)
    #[arg(long)]
    decoding: Option<String>,
    /// How labels become mentions: lenient, strict (well-formed ones alone), sparknlp (I- continues any type)
    #[arg(long, value_name = "RULE")]
    grouping: Option<String>,
    /// Join entities of one type that touch
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    greedy_mode: Option<bool>,
    /// Labels are types by themselves, whatever prefix they seem to have
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    ner_has_no_schema: Option<bool>,
    /// A chunk is the text between its positions (true) or its words with single spaces (false)
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    preserve_position: Option<bool>,
    /// What is done to a text first: disabled, inplace, inplace_full, shrink, shrink_full, each, each_full, delete_full
    #[arg(long, value_name = "MODE")]
    cleanup_mode: Option<String>,
    /// Give positions and chunks of the cleaned text, not of the original
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    cleaned_offsets: Option<bool>,
    /// Follow another system with its losses: huggingface (windows of equal length), sparknlp (words, truncation)
    #[arg(long, value_name = "SYSTEM")]
    emulate: Option<String>,
    /// Most tokens a window, special tokens included
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    max_length: Option<i64>,
    /// Tokens that windows of one long sentence share
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    stride: Option<i64>,
    /// Most tokens a batch, padding included
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    batch_tokens: Option<i64>,
    /// Layout of the column: struct_of_lists, list_of_structs, annotation (Spark NLP's array)
    #[arg(long)]
    layout: Option<String>,
    /// Unit of begin and end: char (code points), byte, spark (UTF-16, inclusive end)
    #[arg(long, value_name = "UNIT")]
    offsets: Option<String>,
    /// cpu, cuda or cuda:N; a device that is absent is an error
    #[arg(long)]
    device: Option<String>,
    /// Batches that run at once; one a core where left out
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    sessions: Option<i64>,
    /// Threads within one batch
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    intra_threads: Option<i64>,
    /// Longest document that is read, in bytes; 4 GiB where left out
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true)]
    max_document_bytes: Option<i64>,
    /// What becomes of a row that cannot be annotated: raise (an error that names it) or null; `run` also has reject
    #[arg(long, value_name = "RULE")]
    on_error: Option<String>,
    /// Path of the ONNX Runtime library; else ORT_DYLIB_PATH, the Python environment, the system
    #[arg(long, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
}

impl EngineFlags {
    /// As the engine takes them.
    pub fn raw(&self) -> RawOptions {
        RawOptions {
            model: self.model.clone().map(Into::into),
            merge: self.merge.clone(),
            merge_within: self.merge_within.clone(),
            unknown_language: self.unknown_language.clone(),
            entities: self.entities.clone(),
            white_list: self.white_list.clone(),
            black_list: self.black_list.clone(),
            ignore_labels: self.ignore_labels.clone(),
            replace_labels: self.replace_labels.as_ref().map(|pairs| pairs.iter().cloned().collect()),
            threshold: self.threshold,
            aggregation_strategy: self.aggregation_strategy.clone(),
            decoding: self.decoding.clone(),
            grouping: self.grouping.clone(),
            greedy_mode: self.greedy_mode,
            ner_has_no_schema: self.ner_has_no_schema,
            preserve_position: self.preserve_position,
            cleanup_mode: self.cleanup_mode.clone(),
            cleaned_offsets: self.cleaned_offsets,
            emulate: self.emulate.clone(),
            max_length: self.max_length,
            stride: self.stride,
            batch_tokens: self.batch_tokens,
            layout: self.layout.clone(),
            offsets: self.offsets.clone(),
            device: self.device.clone(),
            sessions: self.sessions,
            intra_threads: self.intra_threads,
            max_document_bytes: self.max_document_bytes,
            on_error: self.on_error.clone(),
            onnxruntime: self.onnxruntime.clone(),
        }
    }
}

/// `OLD=NEW`.
fn renaming(pair: &str) -> Result<(String, String), String> {
    let (old, new) = pair.split_once('=').ok_or("expected OLD=NEW, such as SYMPTOM=PROBLEM")?;
    Ok((old.to_string(), new.to_string()))
}
