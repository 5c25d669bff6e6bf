//! [`CliError`]: why a command failed, and its exit code.

use std::{io, path::PathBuf};

use arrow_schema::DataType;
use spanframe_engine::{EngineError, ErrorKind, OptionError};
use spanframe_install::InstallError;
use spanframe_jobs::{JobError, source::BadRow};
use spanframe_vocabulary::VocabularyError;

use crate::{host::ExportError, interrupt::INTERRUPTED};

/// Why a command failed. A message names files, columns and rows, and never quotes a note.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error(transparent)]
    Install(#[from] InstallError),
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    #[error("{0} filters folders of Athena, and the source is a file: leave it out, or filter the table before")]
    AthenaOnly(&'static str),
    #[error("`{0}` has no CONCEPT.csv, as a folder of Athena has: name that folder, or a file with terms and codes")]
    NotAthena(PathBuf),
    #[error(
        "`{path}` has no column `{name}` to filter by: leave --{name} out, or name the column with --{name}-column"
    )]
    NoSuchFilter { path: PathBuf, name: &'static str },
    #[error("row {row} of column `{column}` of `{path}` is not an integer: correct it, or name another column")]
    NotInteger { path: PathBuf, column: String, row: u64 },
    #[error("row {row} of `{path}` lacks an abbreviation or its meaning: fill in both, or remove the row")]
    HalfAbbreviation { path: PathBuf, row: u64 },
    #[error("cannot write the metrics file {0}: name one in a folder that you can write to, with `metrics`")]
    Metrics(io::Error),
    #[error("there is no file `{0}`: check the path")]
    NoFile(String),
    #[error("cannot read `{path}` ({source}): check its permissions, and that it is UTF-8, in a `.gz` after unpacking")]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "column `{column}` of `{path}` is {found}, expected entities as spanframe or Spark NLP writes them: name \
         another column, or annotate the texts first"
    )]
    NotEntities { path: PathBuf, column: String, found: DataType },
    #[error("row {row} of column `{column}` of `{path}` has {reason}: annotate the notes again")]
    WrongEntities { path: PathBuf, column: String, row: usize, reason: &'static str },
    #[error(
        "`{0}` is CSV, which holds no entities: annotate it into a Parquet file (`spanframe annotate`), and name that"
    )]
    Csv(PathBuf),
    #[error("line {line} of `{path}` cannot be read ({reason:#}): correct it")]
    BadLine { path: PathBuf, line: u64, reason: BadRow },
    #[error("rows {first} to {last} of `{path}` cannot be read ({reason}): write the file again")]
    Lost { path: PathBuf, first: u64, last: u64, reason: String },
    #[error("`{path}` has no column of entities; its columns are {known}: annotate its texts first")]
    NoEntities { path: PathBuf, known: String },
    #[error("`{path}` has several columns of entities, {known}: name one with {flag}")]
    SeveralEntities { path: PathBuf, known: String, flag: &'static str },
    #[error(
        "the column of `{0}` with the texts is unknown: name it with --text-column (annotate keeps it unless --select leaves \
         it out), or use --no-text for counts alone"
    )]
    NoTexts(String),
    #[error(
        "the positions of `{0}` are those of cleaned texts (`cleaned_offsets`), which it does not contain: annotate without \
         cleaned_offsets to see marks, or use --no-text for counts alone"
    )]
    CleanedOffsets(String),
    #[error("no entity of the files has the type `{0}`: leave --entities out to see the types on the page")]
    NoSuchType(String),
    #[error("`{0}` is not the name of a page: give one that ends in .html")]
    NotHtml(String),
    #[error(
        "column `{column}` of `{path}` is {found}, expected ids, strings or integers: name another column with --id"
    )]
    NotId { path: PathBuf, column: String, found: DataType },
    #[error("column `{column}` of `{path}` has a null: name a column with an id in every row")]
    NullId { path: PathBuf, column: String },
    #[error("`{path}` has the same id in rows {first} and {second}: name a column whose values are unique")]
    SameId { path: PathBuf, first: u64, second: u64 },
    #[error("`{gold}` is joined by id: pass the id column of `{table}` with --id")]
    NoId { gold: PathBuf, table: PathBuf },
    #[error("`{a}` has {rows_a} rows and `{b}` has {rows_b}: join them by a column that both have with --id")]
    RowCounts { a: PathBuf, rows_a: u64, b: PathBuf, rows_b: u64 },
    #[error("the columns differ, and --check was given")]
    Differ,
    #[error("`{path}`, line {line}: {reason}")]
    Corpus { path: PathBuf, line: usize, reason: String },
    #[error(
        "`{0}` has no known corpus format: give a .jsonl or .jsonl.gz file, a folder of .txt and .ann files, or a .conll, \
         .iob, .bio or .tsv file"
    )]
    CorpusFormat(PathBuf),
    #[error("`{0}` contains no document: give another corpus, or leave it out")]
    EmptyCorpus(PathBuf),
    #[error("`{path}` has no `{missing}` beside it: a brat folder has a .txt and an .ann file of each name")]
    NoPartner { path: PathBuf, missing: PathBuf },
    #[error(
        "label `{label}` of `{path}` is not an entity type of the model ({known}): use --rename {label}=TYPE, or give the \
         types to score as `{path}=TYPES`; --attributes-only scores the attributes of any label, without a model"
    )]
    UnknownLabel { label: String, path: PathBuf, known: String },
    #[error(
        "an entity of `{0}` has no label, so its span cannot be compared by type: score attributes alone with \
         `spanframe evaluate --attributes-only`"
    )]
    NoLabel(PathBuf),
    #[error(
        "no entity of the corpora has an attribute to score: JSON lines have them as `\"attributes\": [\"negated\"]`, \
         brat as lines such as `A1 Negated T1`; codes, as `\"code\": \"R06.0\"`, are scored with `--link`"
    )]
    NoAttributes,
    #[error("`{0}` is not LABEL=TYPE: give a label of the corpora and the entity type that it means")]
    Rename(String),
    #[error("there is no command `{0}`: `spanframe --help` lists them")]
    NoCommand(String),
    #[error(
        "`model export` needs torch: install the Python package, `pip install 'spanframe[export]'`, and run its `spanframe` \
         command"
    )]
    NoPython,
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("the language of the text has no cues; those that have are {known}: name one with --language")]
    NoCues { known: String },
    #[error("mention {number} does not stand in the text: --mention takes words exactly as they are written there")]
    NoMention { number: usize },
    #[error("cannot read standard input ({0}): it must be text in UTF-8, so convert it first, as `iconv` does")]
    Stdin(io::Error),
    #[error("cannot write to standard output ({0}): check where it is redirected to")]
    Stdout(io::Error),
}

impl From<OptionError> for CliError {
    fn from(error: OptionError) -> Self {
        Self::Engine(error.into())
    }
}

impl CliError {
    /// 1 internal error, 2 options or input, 3 model, 4 runtime or device, 5 differences, 6 missing units, 130
    /// interrupted.
    pub fn exit_code(&self) -> u8 {
        let kind = match self {
            Self::Differ => return 5,
            Self::Job(JobError::Incomplete { .. }) => return 6,
            Self::Job(JobError::Stopped) => return INTERRUPTED,
            Self::Job(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Install(error) => error.kind(),
            Self::Export(error) => error.kind,
            _ => ErrorKind::Input,
        };
        match kind {
            ErrorKind::Internal => 1,
            ErrorKind::Input => 2,
            ErrorKind::Model => 3,
            ErrorKind::Device => 4,
        }
    }
}
