//! The flags as they are typed.

mod model;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use spanframe_engine::RawOptions;
use spanframe_jobs::RawJob;

pub use self::model::{AddFlags, ExportFlags, HubFlags, ImportFlags, ModelCommand, Precision};
use crate::evaluate::Variant;

/// Clinical named-entity recognition as a dataframe column.
///
/// Exit codes: 0 done, 1 internal error, 2 wrong options or input, 3 unusable model, 4 ONNX Runtime or device missing,
/// 5 differences found by `diff --check`, 6 units missing as `run --finalize` sees, 130 stopped by an interrupt.
#[derive(Debug, Parser)]
#[command(name = "spanframe", version, about, long_about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a column of entities to files: Parquet, Arrow IPC, CSV, TSV and NDJSON in, Parquet out
    Annotate(AnnotateFlags),
    /// Annotate files and folders into a folder, in units that are whole or absent; started again, it goes on
    ///
    /// Inputs are files, folders (with all below them, Hive partitions too) and patterns, on disk or as s3://, gs://, az://,
    /// abfs:// or https:// URLs: Parquet, Arrow IPC, CSV, TSV and NDJSON, the last three also as .gz or .zst. The output has
    /// a Parquet file for each unit, a run of row groups of one file, below the same folders as its input. What is done is
    /// noted in the folder OUT.job; rejected rows are in its folder rejects, with their reasons and without their texts.
    ///
    /// Keys and endpoints of object stores are read from their usual environment variables, such as AWS_ACCESS_KEY_ID and
    /// AWS_ENDPOINT_URL.
    Run(Box<RunFlags>),
    /// Show the entities of one text, given or read from standard input
    Text(TextFlags),
    /// Print the first entities of an annotated Parquet file as a table
    Head(HeadFlags),
    /// Show an annotated table as one HTML page: counts, and a sample of the notes with their entities marked
    ///
    /// The page stands by itself: it needs no network and sends nothing. It contains patient text unless --no-text is given.
    /// All rows are counted, in one pass and in bounded memory; which notes are shown is decided by --seed, and one in five of
    /// them has no entities. Model, options and version are read from the footers of the files.
    View(ViewFlags),
    /// Compare two columns of entities and say how they differ
    ///
    /// A is the reference, B is compared with it. Each difference is one of: missing (A alone has it), extra (B alone has
    /// it), label (same span, another type), boundary (same type, overlapping spans), offset_unit (same mention, its
    /// positions counted in another unit or with another end), truncation (missing or extra beyond a place that the other
    /// column reaches in no row, in so many rows that it cannot be chance: a lower bound).
    ///
    /// Without --text-column or gold there is no text: positions of different units are then compared as numbers, and a
    /// shift that the units may explain is an offset_unit. Notes are never printed unless --show-text is given.
    Diff(DiffFlags),
    /// Score a model against annotated corpora
    ///
    /// Corpora of one language and kind of annotation are one set; files whose name holds `silver` are silver, the others gold.
    /// Documents of a set with the same id and text are joined. `--layout` and `--offsets` change nothing here.
    Evaluate(EvaluateFlags),
    /// Look at models, and install them
    #[command(subcommand)]
    Model(ModelCommand),
    /// Print the script by which a shell completes commands and flags
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page: `spanframe man run | man -l -`
    Man {
        /// Command, such as `run` or `model list`; the program itself where left out
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct AnnotateFlags {
    /// Files, folders with all below them, and patterns such as `notes/*.parquet`
    #[arg(required = true, value_name = "IN")]
    inputs: Vec<String>,
    /// File to write; a folder for several inputs
    #[arg(short, long, value_name = "OUT.parquet")]
    output: String,
    /// Column with the texts
    #[arg(short, long)]
    column: String,
    /// Column with the language of each row (es, en-US), which chooses among the models of a set
    #[arg(long, value_name = "COLUMN")]
    language_column: Option<String>,
    /// Name of the new column; ner where left out
    #[arg(long, value_name = "COLUMN")]
    output_column: Option<String>,
    /// Add a column of this name with what reading each text takes: tokens, unknown_tokens, windows, words_lost, error
    #[arg(long, value_name = "COLUMN")]
    diagnostics_column: Option<String>,
    /// Input columns to keep, with commas; all where left out
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    select: Option<Vec<String>>,
    /// Replace the output if it exists
    #[arg(long)]
    overwrite: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

impl AnnotateFlags {
    /// As a job takes them.
    pub fn job(&self) -> RawJob {
        RawJob {
            inputs: self.inputs.clone(),
            output: self.output.clone(),
            column: self.column.clone(),
            language_column: self.language_column.clone(),
            output_column: self.output_column.clone(),
            diagnostics_column: self.diagnostics_column.clone(),
            select: self.select.clone(),
            overwrite: self.overwrite,
            ..RawJob::default()
        }
    }
}

#[derive(Debug, Args)]
pub struct RunFlags {
    /// Files, folders and patterns, on disk or in object stores
    #[arg(value_name = "IN", required_unless_present = "finalize")]
    inputs: Vec<String>,
    /// Folder for the output, on disk or in an object store
    #[arg(short, long, value_name = "OUT")]
    output: String,
    /// Column with the texts
    #[arg(short, long, required_unless_present = "finalize")]
    column: Option<String>,
    /// Column with the language of each row (es, en-US), which chooses among the models of a set
    #[arg(long, value_name = "COLUMN")]
    language_column: Option<String>,
    /// Folder for the job's records; OUT.job where left out
    #[arg(long, value_name = "FOLDER")]
    state: Option<String>,
    /// Name of the new column; ner where left out
    #[arg(long, value_name = "COLUMN")]
    output_column: Option<String>,
    /// Add a column of this name with what reading each text takes: tokens, unknown_tokens, windows, words_lost, error
    #[arg(long, value_name = "COLUMN")]
    diagnostics_column: Option<String>,
    /// Input columns to keep, with commas; all where left out
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    select: Option<Vec<String>>,
    /// Column that names a row in reports, and note_id of note_nlp
    #[arg(long, value_name = "COLUMN")]
    id: Option<String>,
    /// What is written: nested (a row a note), exploded (a row an entity) or note_nlp (OMOP's table)
    #[arg(long)]
    form: Option<String>,
    /// zstd, snappy, lz4, gzip or none
    #[arg(long, value_name = "CODEC")]
    compression: Option<String>,
    /// Rows of a unit, at most, unless one row group has more; 50000 where left out
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    unit_rows: Option<i64>,
    /// Rows of a row group in the output, at most; 100000 where left out
    #[arg(long, value_name = "ROWS", allow_negative_numbers = true)]
    row_group_rows: Option<i64>,
    /// Memory for rows in hand beside the model, such as 512M; from the limits of machine and cgroup where left out
    #[arg(long, value_name = "BYTES")]
    memory: Option<String>,
    /// What becomes of files and row groups that cannot be read: raise or skip
    #[arg(long, value_name = "RULE")]
    on_damage: Option<String>,
    /// What becomes of units of another model, other options or a replaced file: refuse, keep or redo
    #[arg(long, value_name = "RULE")]
    on_change: Option<String>,
    /// Do this part of the job alone, such as 0/4; shards may run at once
    #[arg(long, value_name = "INDEX/COUNT")]
    shard: Option<String>,
    /// Only check that the units of all shards are there, and sum them up
    #[arg(long)]
    finalize: bool,
    /// Remove the output and the records of an earlier job first
    #[arg(long)]
    overwrite: bool,
    /// Keep counts in this file: Prometheus text, or JSON lines if it ends in .jsonl
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
    /// Log as JSON lines on standard error: error, warn, info, debug or trace
    #[arg(long, value_name = "LEVEL")]
    pub log: Option<tracing::Level>,
    /// Print the summary as JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

impl RunFlags {
    /// As a job takes them. Its `on_error` is among the engine's options.
    pub fn job(&self) -> RawJob {
        RawJob {
            inputs: self.inputs.clone(),
            output: self.output.clone(),
            column: self.column.clone().unwrap_or_default(),
            language_column: self.language_column.clone(),
            state: self.state.clone(),
            output_column: self.output_column.clone(),
            diagnostics_column: self.diagnostics_column.clone(),
            select: self.select.clone(),
            id: self.id.clone(),
            form: self.form.clone(),
            compression: self.compression.clone(),
            unit_rows: self.unit_rows,
            row_group_rows: self.row_group_rows,
            memory: self.memory.clone(),
            on_error: None,
            on_damage: self.on_damage.clone(),
            on_change: self.on_change.clone(),
            shard: self.shard.clone(),
            finalize: self.finalize,
            overwrite: self.overwrite,
        }
    }
}

#[derive(Debug, Args)]
pub struct TextFlags {
    /// The text; standard input where left out or `-`
    pub text: Option<String>,
    /// Language of the text (es, en-US), which chooses among the models of a set
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Print a JSON array of entities instead of the text
    #[arg(long)]
    pub json: bool,
    /// Colour the entities
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    #[command(flatten)]
    pub engine: EngineFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If standard output is a terminal and `NO_COLOR` is not set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
pub struct HeadFlags {
    /// File that `spanframe annotate` made
    pub file: PathBuf,
    /// Column with the entities
    #[arg(short, long, default_value = "ner")]
    pub column: String,
    /// Number of entities to print
    #[arg(short = 'n', long, default_value_t = 20)]
    pub entities: usize,
}

#[derive(Debug, Args)]
pub struct ViewFlags {
    /// Files, folders and patterns, on disk or in object stores
    #[arg(required = true, value_name = "OUT.parquet")]
    pub inputs: Vec<String>,
    /// Page to write
    #[arg(long, value_name = "FILE.html")]
    pub html: String,
    /// Column with the entities; the one that annotate wrote, `ner` or the only one where left out
    #[arg(short, long)]
    pub column: Option<String>,
    /// Column with the texts; the one that was annotated where left out
    #[arg(long, value_name = "COLUMN")]
    pub text_column: Option<String>,
    /// Column of dates, to count by month; the only column of dates or times with `date` in its name where left out
    #[arg(long, value_name = "COLUMN")]
    pub date_column: Option<String>,
    /// Unit of the positions: char, byte, spark; as the files say where left out, else spark for Spark NLP's annotations and char
    #[arg(long, value_name = "UNIT")]
    pub offsets: Option<String>,
    /// Most notes to show
    #[arg(short = 'n', long, default_value_t = 50)]
    pub rows: usize,
    /// Decides which notes are shown
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,
    /// Show counts alone: no note, no chunk
    #[arg(long)]
    pub no_text: bool,
    /// Replace the page if it exists
    #[arg(long)]
    pub overwrite: bool,
}

#[derive(Debug, Args)]
pub struct DiffFlags {
    /// The reference: a Parquet file, or gold as JSON lines (.jsonl, .jsonl.gz)
    pub a: PathBuf,
    /// What is compared with it
    pub b: PathBuf,
    /// Entity column of A; `ner` or the only one where left out
    #[arg(long, value_name = "COLUMN")]
    pub column_a: Option<String>,
    /// Entity column of B; `ner` or the only one where left out
    #[arg(long, value_name = "COLUMN")]
    pub column_b: Option<String>,
    /// Column of both that joins the rows, with strings or whole numbers; by position where left out. Gold has its own
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Column of A with the texts: units are then converted exactly
    #[arg(long, value_name = "COLUMN")]
    pub text_column: Option<String>,
    /// Unit of A's positions: char, byte, spark; for Spark NLP's annotations spark, else char where left out
    #[arg(long, value_name = "UNIT")]
    pub offsets_a: Option<String>,
    /// Unit of B's positions
    #[arg(long, value_name = "UNIT")]
    pub offsets_b: Option<String>,
    /// Most examples to print of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub examples: usize,
    /// Print the mentions' text with the examples
    #[arg(long)]
    pub show_text: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// End with exit code 5 if there is any difference
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct EvaluateFlags {
    /// Corpora: .jsonl files (also .gz), brat folders, CoNLL files; with `=TYPES` to score these entity types alone
    #[arg(required = true, value_name = "CORPUS[=TYPES]")]
    pub corpora: Vec<String>,
    /// Spellings of the texts to score, with commas
    #[arg(long = "variant", value_enum, value_delimiter = ',', value_name = "VARIANTS", default_value = "clean")]
    pub variants: Vec<Variant>,
    /// At most this many documents of each set, the same cases in every language
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
    /// Read a label of the corpora as an entity type of the model, with commas
    #[arg(long, value_delimiter = ',', value_name = "LABEL=TYPE")]
    pub rename: Vec<String>,
    /// Print JSON, as a model folder keeps it in scores.json
    #[arg(long)]
    pub json: bool,
    /// Print the texts of the most frequent errors; no note text is printed without this
    #[arg(long)]
    pub show_text: bool,
    /// Print errors and results only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

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
    /// best (label of each word by itself) or viterbi (sequence that the tag scheme allows)
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
