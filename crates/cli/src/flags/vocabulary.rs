//! The flags of `spanframe vocabulary`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum VocabularyCommand {
    /// Write a vocabulary from a table of terms and codes, or from a folder of OHDSI's Athena
    ///
    /// A table is Parquet, Arrow IPC, CSV, TSV or NDJSON with the columns term and code, and with concept_id,
    /// standard_concept_id, vocabulary, entity, language and preferred where there are such. A folder has CONCEPT.csv,
    /// and CONCEPT_SYNONYM.csv and CONCEPT_RELATIONSHIP.csv where there are such: tab-separated and without quotes, as
    /// Athena gives them. Invalid concepts are left out. The summary counts all that was left out, and why.
    ///
    /// Memory is bounded, whatever the number of terms; temporary files lie beside the output. Of Athena's concepts,
    /// about 100 bytes for each that passes the filters are held.
    Build(Box<BuildFlags>),
    /// Show what a vocabulary holds, how it was built, and its hash
    Show {
        /// The vocabulary
        path: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Link a text to codes, as a mention of a note is linked
    ///
    /// Steps, each while fewer codes than --top are found: exact; folded (without case, accents and punctuation); words
    /// (stems in any order); abbreviation (written out with the table of the vocabulary); similar (trigrams).
    Search(SearchFlags),
}

#[derive(Debug, Args)]
pub struct BuildFlags {
    /// Table of terms, or a folder as Athena gives it
    pub source: PathBuf,
    /// Write the vocabulary to this file, by convention NAME.vocabulary
    #[arg(short, long, value_name = "PATH")]
    pub output: PathBuf,
    /// Replace the file if it exists
    #[arg(long)]
    pub overwrite: bool,
    /// Table with the columns abbreviation and meaning. Mentions are written out with it before they are compared
    #[arg(long, value_name = "TABLE")]
    pub abbreviations: Option<PathBuf>,
    /// Entity type of the terms, such as DISEASE, where the source names none
    #[arg(long, value_name = "TYPE")]
    pub entity: Option<String>,
    /// Keep only codes of these vocabularies, such as SNOMED. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub vocabulary: Vec<String>,
    /// Keep only concepts of these domains of Athena, such as Condition. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub domain: Vec<String>,
    /// Keep only terms in these languages, such as en. Separate several with commas
    #[arg(long, value_delimiter = ',', value_name = "CODES")]
    pub language: Vec<String>,
    /// Print errors only
    #[arg(short, long)]
    pub quiet: bool,
    #[command(flatten)]
    pub columns: ColumnFlags,
    #[command(flatten)]
    pub csv: CsvFlags,
}

/// The columns of a table.
#[derive(Debug, Args)]
#[command(next_help_heading = "Columns of a table")]
pub struct ColumnFlags {
    /// Column of terms
    #[arg(long, value_name = "COLUMN", default_value = "term")]
    pub term_column: String,
    /// Column of codes
    #[arg(long, value_name = "COLUMN", default_value = "code")]
    pub code_column: String,
    /// Column of OMOP concept ids [default: concept_id, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub concept_id_column: Option<String>,
    /// Column of the standard concepts that the ids map to [default: standard_concept_id, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub standard_concept_id_column: Option<String>,
    /// Column with the vocabulary of each code [default: vocabulary, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub vocabulary_column: Option<String>,
    /// Column with the entity type of each term [default: entity, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub entity_column: Option<String>,
    /// Column with the language of each term, such as en [default: language, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub language_column: Option<String>,
    /// Column that is true or 1 for the preferred term of a code [default: preferred, where it is]
    #[arg(long, value_name = "COLUMN")]
    pub preferred_column: Option<String>,
}

/// How CSV and TSV tables are written. Athena's files need none of these.
#[derive(Debug, Args)]
#[command(next_help_heading = "CSV options")]
pub struct CsvFlags {
    /// Character between fields; \t is a tab [default: a comma, or a tab in .tsv]
    #[arg(long, value_name = "CHARACTER")]
    pub separator: Option<String>,
    /// Character around fields; '' if no field is quoted [default: "]
    #[arg(long, value_name = "CHARACTER")]
    pub quote: Option<String>,
    /// Character before a quote inside a quoted field [default: a quote is doubled]
    #[arg(long, value_name = "CHARACTER")]
    pub escape: Option<String>,
}

#[derive(Debug, Args)]
pub struct SearchFlags {
    /// The text; - is standard input
    pub text: String,
    /// Search this vocabulary; may be repeated: they are searched as one, and the first wins ties
    #[arg(long = "in", value_name = "PATH", required = true)]
    pub vocabularies: Vec<PathBuf>,
    /// Print at most this many codes
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub top: usize,
    /// Leave out codes of a lower similarity, from 0 to 1
    #[arg(long, value_name = "SIMILARITY", default_value_t = 0.0)]
    pub least: f64,
    /// Entity type of the text, such as DISEASE; it decides among equally similar terms
    #[arg(long, value_name = "TYPE")]
    pub entity: Option<String>,
    /// Show what each step compared and found
    #[arg(long)]
    pub explain: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "explain")]
    pub json: bool,
}
