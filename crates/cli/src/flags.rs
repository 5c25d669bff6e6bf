//! The flags as they are typed.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use spanframe_engine::RawOptions;

use crate::evaluate::Variant;

/// Clinical named-entity recognition as a dataframe column.
///
/// Exit codes: 0 done, 1 internal error, 2 wrong options or input, 3 unusable model, 4 ONNX Runtime or device missing.
#[derive(Debug, Parser)]
#[command(name = "spanframe", version, about, long_about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a column of entities to Parquet files
    Annotate(AnnotateFlags),
    /// Show the entities of one text, given or read from standard input
    Text(TextFlags),
    /// Print the first entities of an annotated Parquet file as a table
    Head(HeadFlags),
    /// Score a model against annotated corpora
    ///
    /// Corpora of one language and kind of annotation are one set; files whose name holds `silver` are silver, the others gold.
    /// Documents of a set with the same id and text are joined. `--layout` and `--offsets` change nothing here.
    Evaluate(EvaluateFlags),
    /// Look at models
    #[command(subcommand)]
    Model(ModelCommand),
}

#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Print what a model is, what it finds, and the card of its authors
    Show {
        /// Model folder, .onnx file in one, or a name that `model list` shows; the bundled model where left out
        model: Option<String>,
    },
    /// List the models that have a name, with their scores
    List {
        /// Print a JSON array instead of a table
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
pub struct AnnotateFlags {
    /// Parquet files, or patterns such as `notes/*.parquet`
    #[arg(required = true, value_name = "IN.parquet")]
    pub inputs: Vec<String>,
    /// File to write; a folder for several inputs
    #[arg(short, long, value_name = "OUT.parquet")]
    pub output: PathBuf,
    /// Column with the texts
    #[arg(short, long)]
    pub column: String,
    /// Name of the new column
    #[arg(long, default_value = "ner")]
    pub output_column: String,
    /// Input columns to keep, with commas; all where left out
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub select: Option<Vec<String>>,
    /// Replace the output if it exists
    #[arg(long)]
    pub overwrite: bool,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}

#[derive(Debug, Args)]
pub struct TextFlags {
    /// The text; standard input where left out or `-`
    pub text: Option<String>,
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
    /// Model folder, .onnx file in one, or a name that `model list` shows; the bundled model where left out
    #[arg(short, long)]
    model: Option<String>,
    /// Entity types to keep, with commas; all where left out
    #[arg(short, long, value_delimiter = ',', value_name = "TYPES")]
    entities: Option<Vec<String>>,
    /// Least confidence of an entity, 0 to 1
    #[arg(short, long, value_name = "CONFIDENCE", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// How pieces become words: simple, first, average, max; the model's own decoder where left out
    #[arg(long, value_name = "STRATEGY")]
    aggregation_strategy: Option<String>,
    /// Most tokens a window, special tokens included
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    max_length: Option<i64>,
    /// Tokens that windows of one long sentence share
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    stride: Option<i64>,
    /// Most tokens a batch, padding included
    #[arg(long, value_name = "TOKENS", allow_negative_numbers = true)]
    batch_tokens: Option<i64>,
    /// Layout of the column: struct_of_lists, list_of_structs
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
    /// Path of the ONNX Runtime library; else ORT_DYLIB_PATH, the Python environment, the system
    #[arg(long, value_name = "PATH")]
    onnxruntime: Option<PathBuf>,
}

impl EngineFlags {
    /// As the engine takes them.
    pub fn raw(&self) -> RawOptions {
        RawOptions {
            model: self.model.clone(),
            entities: self.entities.clone(),
            threshold: self.threshold,
            aggregation_strategy: self.aggregation_strategy.clone(),
            max_length: self.max_length,
            stride: self.stride,
            batch_tokens: self.batch_tokens,
            layout: self.layout.clone(),
            offsets: self.offsets.clone(),
            device: self.device.clone(),
            sessions: self.sessions,
            intra_threads: self.intra_threads,
            onnxruntime: self.onnxruntime.clone(),
        }
    }
}
