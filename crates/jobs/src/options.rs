//! Options of a job: as typed ([`RawJob`]) and as understood ([`JobOptions`]).

use serde::Deserialize;
use spanframe_engine::{
    OptionError,
    option_value::{named, whole},
};
use strum::{IntoStaticStr, VariantArray};

use crate::{form::Form, memory_limits::bytes, sink::Codec};

/// Rows of a unit, at most, unless one row group has more.
pub const DEFAULT_UNIT_ROWS: usize = 50_000;
/// Rows of a row group in the output, at most.
pub const DEFAULT_ROW_GROUP_ROWS: usize = 100_000;

/// Options as a user types them, by the same names in Python, on the command line and here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawJob {
    /// Files, patterns and folders, on disk or in object stores.
    pub inputs: Vec<String>,
    /// Folder for the output.
    pub output: String,
    /// Column with the texts.
    pub column: String,
    /// Column with the language of each row, for a set of models; none where left out.
    pub language_column: Option<String>,
    /// Folder for the job's own records; the output with `.job` after its name where left out. A bucket has no such name.
    pub state: Option<String>,
    /// Name of the new column; `ner` where left out.
    pub output_column: Option<String>,
    /// Name of a column with what reading each text takes; none where left out.
    pub diagnostics_column: Option<String>,
    /// Input columns to keep; all where left out.
    pub select: Option<Vec<String>>,
    /// Column that names a row in reports of rejected rows, and `note_id` of `note_nlp`.
    pub id: Option<String>,
    /// `nested`, `exploded` or `note_nlp`.
    pub form: Option<String>,
    /// `zstd`, `snappy`, `lz4`, `gzip` or `none`.
    pub compression: Option<String>,
    /// Rows of a unit, at most (but a row group is never cut).
    pub unit_rows: Option<i64>,
    /// Rows of a row group in the output, at most.
    pub row_group_rows: Option<i64>,
    /// Memory for texts and row groups in hand beside the model, such as `512M`; from the limits of the machine where
    /// left out.
    pub memory: Option<String>,
    /// What becomes of a row that cannot be annotated: `raise`, `null` or `reject`.
    pub on_error: Option<String>,
    /// What becomes of files and row groups that cannot be read: `raise` or `skip`.
    pub on_damage: Option<String>,
    /// What becomes of units that were made by another model, other options or from another file: `refuse`, `keep` or
    /// `redo`.
    pub on_change: Option<String>,
    /// This part of the job, such as `0/4`.
    pub shard: Option<String>,
    /// Only check that all units are there and sum them up.
    pub finalize: bool,
    /// Remove an earlier job's output first.
    pub overwrite: bool,
}

/// What becomes of a row that cannot be annotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnError {
    /// It ends the job, with an error that names it.
    #[default]
    Raise,
    /// Its entities are null, and the reason is in a column.
    Null,
    /// It is left out, and is in the file of rejected rows.
    Reject,
}

/// What becomes of what cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnDamage {
    /// It ends the job.
    #[default]
    Raise,
    /// It is left out and reported.
    Skip,
}

/// What becomes of units that do not fit the job as it is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnChange {
    /// They end the job before it begins.
    #[default]
    Refuse,
    /// They stay.
    Keep,
    /// They are made again.
    Redo,
}

/// One of several processes that share a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

/// Options, understood and checked as far as that goes without looking at files.
#[derive(Clone, Debug, PartialEq)]
pub struct JobOptions {
    /// As typed.
    pub inputs: Vec<String>,
    /// As typed.
    pub output: String,
    /// Folder for records; none if it was left out and the output has no name to put `.job` after.
    pub state: Option<String>,
    /// Column with the texts.
    pub column: String,
    /// Column with the languages.
    pub language_column: Option<String>,
    /// Name of the new column.
    pub output_column: String,
    /// Name of the column of diagnostics.
    pub diagnostics_column: Option<String>,
    /// Input columns to keep.
    pub select: Option<Vec<String>>,
    /// Column that names a row.
    pub id: Option<String>,
    /// What is written.
    pub form: Form,
    /// Of the output.
    pub compression: Codec,
    /// Rows of a unit.
    pub unit_rows: usize,
    /// Rows of a row group.
    pub row_group_rows: usize,
    /// Bytes.
    pub memory: Option<u64>,
    /// For rows.
    pub on_error: OnError,
    /// For files.
    pub on_damage: OnDamage,
    /// For units.
    pub on_change: OnChange,
    /// All of the job is shard 0 of 1.
    pub shard: Shard,
    /// Only check and sum up.
    pub finalize: bool,
    /// Remove an earlier job's output.
    pub overwrite: bool,
}

impl JobOptions {
    /// Understands and checks what was typed. `on_error` of the engine's options is the job's where the job has none of its
    /// own.
    ///
    /// # Errors
    /// [`OptionError`] that names the option, its value and what it may be.
    pub fn new(raw: RawJob) -> Result<Self, OptionError> {
        let missing = |option, allowed: &str| {
            Err(OptionError::OutOfRange { option, value: "left out".to_string(), allowed: allowed.to_string() })
        };
        if raw.output.is_empty() {
            return missing("output", "a folder, on disk or in an object store");
        }
        if raw.column.is_empty() && !raw.finalize {
            return missing("column", "the name of the column with the texts");
        }
        let size = |option, value: Option<i64>, usual| Ok::<_, OptionError>(whole(option, value, 1)?.unwrap_or(usual));
        Ok(Self {
            state: raw.state.or_else(|| beside(&raw.output)),
            output: raw.output,
            column: raw.column,
            language_column: raw.language_column,
            output_column: raw.output_column.unwrap_or_else(|| "ner".to_string()),
            diagnostics_column: raw.diagnostics_column,
            select: raw.select,
            id: raw.id,
            form: named::<Form>("form", &raw.form)?.unwrap_or_default(),
            compression: named::<Codec>("compression", &raw.compression)?.unwrap_or_default(),
            unit_rows: size("unit_rows", raw.unit_rows, DEFAULT_UNIT_ROWS)?,
            row_group_rows: size("row_group_rows", raw.row_group_rows, DEFAULT_ROW_GROUP_ROWS)?,
            memory: raw.memory.as_deref().map(bytes).transpose()?,
            on_error: named::<OnError>("on_error", &raw.on_error)?.unwrap_or_default(),
            on_damage: named::<OnDamage>("on_damage", &raw.on_damage)?.unwrap_or_default(),
            on_change: named::<OnChange>("on_change", &raw.on_change)?.unwrap_or_default(),
            shard: raw.shard.as_deref().map_or(Ok(Shard { index: 0, count: 1 }), shard)?,
            inputs: raw.inputs,
            finalize: raw.finalize,
            overwrite: raw.overwrite,
        })
    }
}

/// `output` with `.job` after its name; none for a bucket or the root of the disk.
fn beside(output: &str) -> Option<String> {
    let path = output.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    match output.split_once("://") {
        Some((_, rest)) if !rest.trim_end_matches('/').contains('/') => None,
        // `.` and `..` have the name of the folder that they lead to
        None if matches!(name, "" | "." | "..") => {
            let real = std::fs::canonicalize(output).ok().filter(|real| real.file_name().is_some())?;
            Some(format!("{}.job", real.to_str()?))
        }
        _ if matches!(name, "." | "..") => None,
        _ => Some(format!("{path}.job")),
    }
}

/// `INDEX/COUNT`, the index from 0.
fn shard(typed: &str) -> Result<Shard, OptionError> {
    let parts = typed.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    match parts {
        Some((index, count)) if index < count => Ok(Shard { index, count }),
        _ => Err(OptionError::OutOfRange {
            option: "shard",
            value: typed.to_string(),
            allowed: "INDEX/COUNT with an index from 0, such as 0/4 to 3/4".to_string(),
        }),
    }
}
