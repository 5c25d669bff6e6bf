//! The options of a job: as users type them ([`RawJob`]) and as checked ([`JobOptions`]).

use spanframe_engine::{
    EngineOptions, Layout, OptionError, RawOptions,
    option_check::{any, at_least_or, named_or_default, or},
};
use strum::{IntoStaticStr, VariantArray};

use crate::{
    csv_dialect::{Quote, character, quote, separator},
    form::Form,
    memory_limits::bytes,
    sink::Codec,
};

/// Most rows of a unit, unless one row group has more.
pub const DEFAULT_UNIT_ROWS: usize = 50_000;
/// Most rows of a row group in the output.
pub const DEFAULT_ROW_GROUP_ROWS: usize = 100_000;

spanframe_engine::options! {
    /// Options as users type them, by the same names in Python, on the command line and here.
    pub struct RawJob;

    /// Options, checked as far as that goes without looking at files.
    pub struct JobOptions {
        /// Folder for the job's records; `None` if it was left out and the output has no name to put `.job` after.
        pub state: Option<String>,
    }

    /// Read these files, folders and patterns.
    ///
    /// They lie on disk or in object stores. A folder is read with all below it.
    inputs: Vec<String> => Vec<String> = or(Vec::new()),
        Files, value "IN", default "required", page "formats.md#input";

    /// Write into this folder, on disk or in an object store.
    output: String => String = required("a folder, on disk or in an object store"),
        Files, value "OUT", default "required", short 'o';

    /// Annotate the texts of this column.
    column: String => String = or(String::new()),
        Files, value "COLUMN", default "required", short 'c';

    /// Choose among the models of a set by this column.
    ///
    /// It has the language of each row, such as es or en-US.
    language_column: String => Option<String> = any,
        Files, value "COLUMN", default "none", page "pipelines.md#languages";

    /// Keep the records of the job in this folder.
    ///
    /// It is required where the output is a whole bucket.
    state: String,
        Run, value "FOLDER", default "the output with `.job` after its name", page "formats.md#records";

    /// Give the new column this name.
    output_column: String => String = or("ner".to_string()),
        Files, value "COLUMN", default "`ner`";

    /// Add a column of this name with diagnostics of each text.
    ///
    /// It has the fields tokens, unknown_tokens, windows, words_lost and error.
    diagnostics_column: String => Option<String> = any,
        Files, value "COLUMN", default "none", page "columns.md#other-columns";

    /// Keep only these input columns.
    select: Vec<String> => Option<Vec<String>> = any,
        Files, value "COLUMNS", default "all columns";

    /// Separate the fields of CSV and TSV files by this character.
    ///
    /// `\t` is a tab.
    separator: String => Option<char> = separator,
        Files, value "CHAR", default "a comma, in `.tsv` a tab", page "formats.md#csv";

    /// Quote fields of CSV and TSV files by this character.
    ///
    /// An empty string means that no field is quoted: a quote is text.
    quote: String => Quote = quote,
        Files, value "CHAR", default "a double quote", page "formats.md#csv";

    /// Escape quotes in quoted fields of CSV and TSV by this character.
    ///
    /// Spark writes a backslash. By default a quote is doubled.
    escape: String => Option<char> = character,
        Files, value "CHAR", default "the quote", page "formats.md#csv";

    /// Take the first row of CSV and TSV as names of columns.
    ///
    /// Without a header the columns are named `column_0`, `column_1` and so on.
    header: bool => bool = or(true),
        Files, value "BOOL", default "`true`", page "formats.md#csv";

    /// Identify rows by this column in reports of rejected rows.
    ///
    /// It is also `note_id` of the form `note_nlp`.
    id: String => Option<String> = any,
        Files, value "COLUMN", default "none";

    /// Choose what to write.
    ///
    /// `nested` writes a row for each note, `exploded` a row for each entity, and `note_nlp` OMOP's table.
    form: String => Form = named_or_default,
        Files, value "FORM", default "`nested`", names Form, page "formats.md#output";

    /// Compress the output with this codec.
    compression: String => Codec = named_or_default,
        Run, value "CODEC", default "`zstd`", names Codec;

    /// Set the most rows of a unit.
    ///
    /// A row group is never cut, so a unit may have as many rows as one row group.
    unit_rows: i64 => usize = at_least_or(1, DEFAULT_UNIT_ROWS),
        Run, value "ROWS", default "`50000`";

    /// Set the most rows of a row group in the output.
    row_group_rows: i64 => usize = at_least_or(1, DEFAULT_ROW_GROUP_ROWS),
        Run, value "ROWS", default "`100000`";

    /// Use this much memory for rows, such as `512M`.
    ///
    /// The memory of the model comes on top.
    memory: String => Option<u64> = |_, typed: Option<String>| typed.as_deref().map(bytes).transpose(),
        Run, value "BYTES", default "from the limits of machine and cgroup", page "jobs.md#memory";

    /// Choose what happens to a row that cannot be annotated or read.
    ///
    /// `raise` ends with an error that names the row, and `null` gives null entities, with the reason in a column.
    /// `reject` leaves the row out, and writes its id, place and reason to the folder `rejects` of the records
    /// (`annotate`: to the folder `_rejects` beside the output).
    on_error: String => OnError = named_or_default,
        Run, value "RULE", default "`raise`", names OnError;

    /// Choose what happens to files and row groups that cannot be read.
    ///
    /// `raise` ends the job, and `skip` leaves them out and reports them.
    on_damage: String => OnDamage = named_or_default,
        Run, value "RULE", default "`raise`", names OnDamage;

    /// Choose what happens to units of another model, options or file.
    ///
    /// `refuse` ends with an error before the job begins, `keep` keeps the units, and `redo` makes them again.
    on_change: String => OnChange = named_or_default,
        Run, value "RULE", default "`refuse`", names OnChange;

    /// Do only this part of the job, such as `0/4`.
    ///
    /// Shards may run at once.
    shard: String => Shard = shard,
        Run, value "INDEX/COUNT", default "`0/1`";

    /// Only check that all units are there, and sum them up.
    finalize: bool => bool = or(false),
        Run, value "", default "`false`";

    /// Remove the output and records of an earlier job first.
    overwrite: bool => bool = or(false),
        Files, value "", default "`false`";
}

/// What happens to a row that cannot be annotated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnError {
    /// The job ends with an error that names the row.
    #[default]
    Raise,
    /// Its entities are null, and the reason is in a column.
    Null,
    /// The row is left out, and listed in the file of rejected rows.
    Reject,
}

/// What happens to files and row groups that cannot be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnDamage {
    /// The job ends.
    #[default]
    Raise,
    /// They are left out and reported.
    Skip,
}

/// What happens to units that do not fit the settings or the inputs of the job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnChange {
    /// The job ends before it begins.
    #[default]
    Refuse,
    /// The units stay.
    Keep,
    /// The units are made again.
    Redo,
}

/// One of several processes that share a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl JobOptions {
    /// Checks what was typed. The caller puts the engine's `on_error` in the place of the job's.
    ///
    /// # Errors
    /// [`OptionError`] that names the option, its value and what it may be.
    pub fn new(typed: RawJob) -> Result<Self, OptionError> {
        let mut options = Self::check(&typed)?;
        if options.column.is_empty() && !options.finalize {
            return Err(missing("column", "the name of the column with the texts"));
        }
        options.state = typed.state.or_else(|| beside(&options.output));
        options.check_csv()?;
        Ok(options)
    }

    /// Checks what was typed, and takes `on_error` out of the engine's options: a job decides about bad rows, since it
    /// has more ways than the engine.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn with_on_error(typed: RawJob, engine: &mut RawOptions) -> Result<Self, OptionError> {
        let on_error = engine.on_error.take().or(typed.on_error);
        Self::new(RawJob { on_error, ..typed })
    }

    /// Refuses options that the form of the output has no place for.
    pub(crate) fn check_form(&self, options: &EngineOptions) -> Result<(), OptionError> {
        let entity_form = "the form `exploded` or `note_nlp`";
        if self.form != Form::Nested && options.layout == Layout::Annotation {
            let way_out = "a row an entity has columns of its own, leave it out";
            return Err(OptionError::Conflict { option: "layout", other: entity_form, way_out });
        }
        if self.form == Form::NoteNlp && options.cleaned_offsets {
            let way_out = "its offsets and snippets are those of the note, leave it out";
            return Err(OptionError::Conflict { option: "cleaned_offsets", other: "the form `note_nlp`", way_out });
        }
        if self.form != Form::Nested && self.on_error == OnError::Null {
            let way_out = "a row without entities gives no row there, use `reject`";
            return Err(OptionError::Conflict { option: "on_error", other: entity_form, way_out });
        }
        Ok(())
    }
}

fn missing(option: &'static str, allowed: &str) -> OptionError {
    OptionError::OutOfRange { option, value: "left out".to_string(), allowed: allowed.to_string() }
}

/// Refuses an option that is left out or empty.
fn required(allowed: &'static str) -> impl FnOnce(&'static str, Option<String>) -> Result<String, OptionError> {
    move |option, typed| typed.filter(|text| !text.is_empty()).ok_or_else(|| missing(option, allowed))
}

/// `output` with `.job` after its name; `None` for a bucket and the root of the disk.
fn beside(output: &str) -> Option<String> {
    let path = output.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default();
    match output.split_once("://") {
        Some((_, rest)) if !rest.trim_end_matches('/').contains('/') => None,
        // `.` and `..` take the name of the folder they lead to
        None if matches!(name, "" | "." | "..") => {
            let real = std::fs::canonicalize(output).ok().filter(|real| real.file_name().is_some())?;
            Some(format!("{}.job", real.to_str()?))
        }
        _ if matches!(name, "." | "..") => None,
        _ => Some(format!("{path}.job")),
    }
}

/// Reads `INDEX/COUNT`, the index from 0; all of the job where it was left out.
fn shard(option: &'static str, typed: Option<String>) -> Result<Shard, OptionError> {
    let Some(typed) = typed else { return Ok(Shard { index: 0, count: 1 }) };
    let parts = typed.split_once('/').and_then(|(i, n)| Some((i.trim().parse().ok()?, n.trim().parse().ok()?)));
    match parts {
        Some((index, count)) if index < count => Ok(Shard { index, count }),
        _ => Err(OptionError::OutOfRange {
            option,
            value: typed,
            allowed: "INDEX/COUNT with an index from 0, such as 0/4 to 3/4".to_string(),
        }),
    }
}
