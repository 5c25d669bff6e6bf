//! The commands and their flags, as typed.

mod engine;
mod job;
mod model;
mod table;
mod vocabulary;

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use self::{
    engine::EngineFlags,
    job::{AnnotateFlags, RunFlags},
    model::{AddFlags, ExportFlags, HubFlags, ImportFlags, ModelCommand, Precision},
    vocabulary::{BuildFlags, ColumnFlags, CsvFlags, SearchFlags, VocabularyCommand},
};
use crate::variant::Variant;

/// Clinical named-entity recognition as a dataframe column.
///
/// Exit codes: 0 done, 1 internal error, 2 wrong options or input, 3 unusable model, 4 missing ONNX Runtime or device,
/// 5 differences found by diff --check, 6 missing units found by run --finalize, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "spanframe", version, about, long_about)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Parses the arguments of the program.
    ///
    /// # Errors
    /// Wrong arguments, and the texts of `--help` and `--version`.
    pub fn parse_args(args: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let args: Vec<_> = args.into_iter().collect();
        // only then, because a mistyped flag would be a note as well
        let has_note = args.iter().any(is_note_with_dash);
        let command = Self::command()
            .mut_subcommand("text", |text| text.mut_arg("text", |arg| arg.allow_hyphen_values(has_note)));
        Self::from_arg_matches(&command.try_get_matches_from(args)?)
    }
}

/// True for an item of a list or the like, such as `- HTA en tratamiento`: flags have no spaces before their value.
fn is_note_with_dash(arg: &OsString) -> bool {
    let arg = arg.to_string_lossy();
    arg.starts_with('-') && arg.split('=').next().is_some_and(|name| name.contains(char::is_whitespace))
}

#[expect(clippy::large_enum_variant, reason = "a process parses one command")]
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add a column of entities to files: Parquet, Arrow IPC, CSV, TSV and NDJSON in, Parquet out
    Annotate(AnnotateFlags),
    /// Annotate files and folders as a job that can be resumed
    ///
    /// Inputs are files, folders (with all below them, Hive partitions too) and patterns, on disk or as s3://, gs://,
    /// az://, abfs:// or https:// URLs. Formats are Parquet, Arrow IPC, CSV, TSV and NDJSON; the last three may be .gz
    /// or .zst.
    ///
    /// The job works in units: a unit is a run of row groups of one file. Each unit becomes one Parquet file, whole or
    /// not at all, below the same folders as its input. The folder OUT.job keeps records of what is done, and the same
    /// command resumes an interrupted job. Rejected rows are listed in its folder rejects, with reasons and without
    /// text.
    ///
    /// Object stores read keys and endpoints from their usual environment variables, such as AWS_ACCESS_KEY_ID and
    /// AWS_ENDPOINT_URL.
    Run(Box<RunFlags>),
    /// Show the entities of one text
    Text(TextFlags),
    /// Print the first entities of an annotated Parquet file as a table
    Head(HeadFlags),
    /// Write an HTML page of an annotated table: counts, and a sample of notes with entities marked
    ///
    /// The page is one file that needs no network and sends nothing. It contains patient text unless --no-text is
    /// given. All rows are counted in one pass and in bounded memory. --seed chooses the notes that are shown; one in
    /// five has no entities. Model, options and version come from the footers of the files.
    View(ViewFlags),
    /// Compare two columns of entities and say how they differ
    ///
    /// A is the reference and B is compared with it. Each difference is one of: missing (only A has it), extra (only B
    /// has it), label (same span, another type), boundary (same type, overlapping spans), attribute (same span and
    /// type, another attribute of those that both columns have), offset_unit (same mention, positions in another unit
    /// or with another end), truncation (missing or extra beyond the place where the other column ends in every row,
    /// in too many rows for chance: a lower bound).
    ///
    /// Without --text-column and gold there is no text. Positions are then compared as integers, and a shift that the
    /// units can explain is an offset_unit. Text of notes is printed only with --show-text.
    Diff(DiffFlags),
    /// Score a model against annotated corpora
    ///
    /// Corpora of one language and kind of annotation form one set. Files with silver in their name are silver, all
    /// others gold. Documents of a set with the same id and text are joined. --layout, --offsets and --cleaned-offsets
    /// change nothing here.
    ///
    /// Where entities of a corpus have attributes (negated, uncertain, historical, hypothetical, family), these are
    /// scored too: of the annotated spans, which shows the rules alone, and of the spans that the model finds.
    Evaluate(EvaluateFlags),
    /// Show why an entity is negated, uncertain, historical, hypothetical or of the family
    #[command(subcommand)]
    Assertion(AssertionCommand),
    /// Show, install and remove models
    #[command(subcommand)]
    Model(ModelCommand),
    /// Build, show and search vocabularies: terms with codes that entities are linked to
    #[command(subcommand)]
    Vocabulary(VocabularyCommand),
    /// Print the script that completes commands and flags in a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print a manual page: spanframe man run | man -l -
    Man {
        /// Command, such as run or model list [default: the program itself]
        #[arg(value_name = "COMMAND")]
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub struct TextFlags {
    /// The text; - is standard input [default: -]
    pub text: Option<String>,
    /// Language of the text, such as es or en-US; it chooses among the models of a set
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

#[derive(Debug, Subcommand)]
pub enum AssertionCommand {
    /// Show which cue of a text gives each entity its attributes
    ///
    /// Prints a row for each attribute of each entity: the cue, and the table of the rules that has it. Cues of your own
    /// are tried with --assertion-rules.
    Explain(ExplainFlags),
}

#[derive(Debug, Args)]
pub struct ExplainFlags {
    /// The text; - is standard input [default: -]
    pub text: Option<String>,
    /// Language of the text, such as es or en-US [default: detected]
    #[arg(long, value_name = "CODE")]
    pub language: Option<String>,
    /// Take these words of the text as entities, instead of what the model finds; may be repeated
    #[arg(long = "mention", value_name = "WORDS")]
    pub mentions: Vec<String>,
    #[command(flatten)]
    pub engine: EngineFlags,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// If standard output is a terminal and NO_COLOR is not set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Args)]
pub struct HeadFlags {
    /// A file that spanframe annotate wrote
    pub file: PathBuf,
    /// Column with the entities
    #[arg(short, long, default_value = "ner")]
    pub column: String,
    /// Print the attributes of each entity too: affirmed, or negated, uncertain, historical, hypothetical, family
    #[arg(long)]
    pub assertion: bool,
    /// Print this many entities
    #[arg(short = 'n', long, default_value_t = 20)]
    pub entities: usize,
}

#[derive(Debug, Args)]
pub struct ViewFlags {
    /// Read these files, folders and patterns, on disk or in object stores
    #[arg(required = true, value_name = "OUT.parquet")]
    pub inputs: Vec<String>,
    /// Write the page to this file
    #[arg(long, value_name = "FILE.html")]
    pub html: String,
    /// Column with the entities [default: the one that annotate wrote, else ner, else the only one]
    #[arg(short, long)]
    pub column: Option<String>,
    /// Column with the texts [default: the one that was annotated]
    #[arg(long, value_name = "COLUMN")]
    pub text_column: Option<String>,
    /// Show and count only these types of entities. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "TYPES")]
    pub entities: Option<Vec<String>>,
    /// Name the notes by this column of strings or integers, besides their rows
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Count by month of this column [default: the only column of dates or times with date in its name]
    #[arg(long, value_name = "COLUMN")]
    pub date_column: Option<String>,
    /// Unit of the positions: char, byte or spark [default: from the files, else spark for annotations, else char]
    #[arg(long, value_name = "UNIT")]
    pub offsets: Option<String>,
    /// Show at most this many notes
    #[arg(short = 'n', long, default_value_t = 50)]
    pub rows: usize,
    /// Choose the shown notes by this seed
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub seed: u64,
    /// Show counts only: no note and no chunk
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
    /// The Parquet file or gold that is compared with it
    pub b: PathBuf,
    /// Entity column of A [default: ner, else the only one]
    #[arg(long, value_name = "COLUMN")]
    pub column_a: Option<String>,
    /// Entity column of B [default: ner, else the only one]
    #[arg(long, value_name = "COLUMN")]
    pub column_b: Option<String>,
    /// Join rows by this column of strings or integers in both files; gold has ids of its own [default: by position]
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Column of A with the texts, which make the conversion of units exact
    #[arg(long, value_name = "COLUMN")]
    pub text_column: Option<String>,
    /// Unit of A's positions: char, byte or spark [default: spark for annotations, else char]
    #[arg(long, value_name = "UNIT")]
    pub offsets_a: Option<String>,
    /// Unit of B's positions: char, byte or spark [default: spark for annotations, else char]
    #[arg(long, value_name = "UNIT")]
    pub offsets_b: Option<String>,
    /// Print at most this many examples of each kind of difference
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub examples: usize,
    /// Print the text of mentions in the examples
    #[arg(long)]
    pub show_text: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Exit with code 5 if there is any difference
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct EvaluateFlags {
    /// Corpora: .jsonl files (also .gz), brat folders or CoNLL files; =TYPES scores only these entity types
    #[arg(required = true, value_name = "CORPUS[=TYPES]")]
    pub corpora: Vec<String>,
    /// Score these spellings of the texts. Separate several with commas
    #[arg(long = "variant", value_enum, value_delimiter = ',', value_name = "VARIANTS", default_value = "clean")]
    pub variants: Vec<Variant>,
    /// Score at most this many documents of each set, the same cases in every language
    #[arg(long, value_name = "N")]
    pub limit: Option<NonZeroUsize>,
    /// Read a label of the corpora as an entity type of the model. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "LABEL=TYPE")]
    pub rename: Vec<String>,
    /// Score attributes and codes of the annotated spans alone, without a model: entities may have any label, or none
    #[arg(long)]
    pub attributes_only: bool,
    /// Print JSON, as in scores.json of a model folder
    #[arg(long)]
    pub json: bool,
    /// Print the text of the most frequent errors; without it no note text is printed
    #[arg(long)]
    pub show_text: bool,
    /// Print errors and results only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub engine: EngineFlags,
}
