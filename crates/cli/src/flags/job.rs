//! The flags of `spanframe annotate` and `spanframe run`.

use std::path::PathBuf;

use clap::Args;
use spanframe_jobs::RawJob;

use super::EngineFlags;

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
    /// Folder for the job's records; OUT.job where left out, which a whole bucket has not
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
