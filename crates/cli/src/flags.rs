//! The flags as they are typed.

mod engine;
mod job;
mod model;

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use self::{
    engine::EngineFlags,
    job::{AnnotateFlags, RunFlags},
    model::{AddFlags, ExportFlags, HubFlags, ImportFlags, ModelCommand, Precision},
};
use crate::variant::Variant;

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
    /// Documents of a set with the same id and text are joined. `--layout`, `--offsets` and
    /// `--cleaned-offsets` change nothing here.
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
