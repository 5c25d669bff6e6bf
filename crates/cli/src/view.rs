//! `spanframe view`: an annotated table as one HTML page.

use std::{io::Write, path::Path};

use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use spanframe_engine::{EngineError, EngineOptions, Offsets, RawOptions, entity_column, input::TextColumn};
use spanframe_jobs::{
    JobError,
    input::{self, InputFile},
    sink,
    source::Format,
};
use spanframe_store::{StoreError, locate};
use spanframe_view::{NotesReport, ReportOptions, ReportSource, Row};

use crate::{entity_column::EntityColumn, error::CliError, flags::ViewFlags, table_file::TableFile};

/// Begins the keys of a footer that say how an output was made.
const FOOTER: &str = "spanframe.";

pub fn view(flags: &ViewFlags) -> Result<(), CliError> {
    let (store, path) = locate(&flags.html).map_err(JobError::from)?;
    if ![".html", ".htm"].iter().any(|end| path.to_ascii_lowercase().ends_with(end)) {
        return Err(CliError::NotHtml(flags.html.clone()));
    }
    let exists = || CliError::from(JobError::OutputExists(store.url(&path)));
    if !flags.overwrite && store.stat(&path).map_err(JobError::from)?.is_some() {
        return Err(exists());
    }
    let files = input::find(&flags.inputs, &[])?;
    // all tables are looked at before any is read
    let mut date = flags.date_column.clone();
    let mut tables = Vec::with_capacity(files.len());
    for file in &files {
        let table = Table::open(file, flags)?;
        if tables.is_empty() && date.is_none() {
            date = table.obvious_date();
        }
        tables.push((table.source, table.columns));
    }
    let mut report = NotesReport::new(ReportOptions {
        title: match flags.inputs.as_slice() {
            [only] => only.trim_end_matches('/').rsplit('/').next().unwrap_or(only).to_string(),
            several => format!("{} inputs", several.len()),
        },
        notes: flags.rows,
        seed: flags.seed,
        show_text: !flags.no_text,
        date_column: date.clone(),
    });
    for (file, (source, columns)) in files.iter().zip(tables) {
        report.source(source);
        columns.with_date(date.as_deref()).read(file, &mut report)?;
    }
    let page = report.finish();
    let failed = |e| CliError::from(JobError::from(StoreError::from_io(&flags.html, e)));
    let mut writer = store.create(&path).map_err(JobError::from)?;
    writer.write_all(page.as_bytes()).and_then(|()| writer.flush()).map_err(failed)?;
    match writer.commit(flags.overwrite).map_err(JobError::from)? {
        true => Ok(()),
        false => Err(exists()),
    }
}

/// A file whose columns were found.
struct Table {
    file: TableFile,
    source: ReportSource,
    columns: Columns,
}

/// Names of the columns to read.
#[derive(Clone)]
struct Columns {
    entities: EntityColumn,
    text: Option<String>,
    error: Option<String>,
    date: Option<String>,
}

impl Table {
    fn open(input: &InputFile, flags: &ViewFlags) -> Result<Self, CliError> {
        let file = TableFile::open(Path::new(&input.url))?;
        let made = footer(input)?;
        let said = |name: &str| made.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let known = |name: &&str| file.schema().index_of(name).is_ok();
        let named = flags.column.as_deref().or_else(|| said("output_column").filter(known));
        let entities = EntityColumn::find(&file, named, "--column")?;
        let text = match flags.text_column.as_deref().or_else(|| said("column").filter(known)) {
            _ if flags.no_text => None,
            Some(name) => file.text_column(name).map(|_| Some(name.to_string()))?,
            None => return Err(CliError::NoTexts(input.url.clone())),
        };
        // a footer speaks of the column that was written with it
        if text.is_some() && said("cleaned_offsets") == Some("true") && said("output_column") == Some(&entities.name) {
            return Err(CliError::CleanedOffsets(input.url.clone()));
        }
        let unit = |offsets: Option<&str>| {
            let raw = RawOptions { offsets: offsets.map(String::from), ..RawOptions::default() };
            EngineOptions::new(raw).map(|options| options.offsets)
        };
        let offsets: Offsets = match (flags.offsets.as_deref(), said("offsets")) {
            (Some(typed), _) => unit(Some(typed))?,
            (None, Some(said)) => unit(Some(said)).unwrap_or_else(|_| entity_column::usual_offsets(entities.layout)),
            (None, None) => entity_column::usual_offsets(entities.layout),
        };
        if let Some(name) = &flags.date_column {
            date_type(&file, name)?;
        }
        let error = Some(format!("{}_error", entities.name)).filter(|name| {
            let field = file.schema().field_with_name(name);
            field.is_ok_and(|field| {
                matches!(field.data_type(), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
            })
        });
        let source = ReportSource { name: input.relative.clone(), provenance: made, convention: offsets.into() };
        Ok(Self { file, source, columns: Columns { entities, text, error, date: None } })
    }

    /// The only column of dates or times whose name has `date` in it.
    fn obvious_date(&self) -> Option<String> {
        let is_date =
            |data_type: &DataType| matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..));
        let fields = self.file.schema().fields();
        let mut found = fields.iter().filter(|f| is_date(f.data_type()) && f.name().to_lowercase().contains("date"));
        found.next().filter(|_| found.next().is_none()).map(|field| field.name().clone())
    }
}

impl Columns {
    fn with_date(self, date: Option<&str>) -> Self {
        Self { date: date.map(String::from), ..self }
    }

    /// Adds all rows to `report`, a batch in memory at a time.
    fn read(&self, input: &InputFile, report: &mut NotesReport) -> Result<(), CliError> {
        let file = TableFile::open(Path::new(&input.url))?;
        // of a column that was found in the first file and not named, another file may have none
        let date = self.date.as_deref().filter(|name| date_type(&file, name).is_ok());
        let names = [Some(self.entities.name.as_str()), self.text.as_deref(), self.error.as_deref(), date];
        let mut indices = names.into_iter().flatten().map(|name| file.column(name)).collect::<Result<Vec<_>, _>>()?;
        indices.sort_unstable();
        indices.dedup();
        let mut number = 0;
        for batch in file.read(&indices)? {
            let batch = batch?;
            let column = |name: Option<&str>| name.and_then(|name| batch.column_by_name(name));
            let Some(entities) = column(Some(&self.entities.name)) else { continue };
            let found = self.entities.read(&file, entities, number as usize)?;
            let [texts, errors] = [column(self.text.as_deref()), column(self.error.as_deref())]
                .map(|column| column.map(|column| TextColumn::new(column)).transpose());
            let (texts, errors) = (texts?, errors?);
            let months = column(date).map(months).transpose()?;
            for (row, found) in found.iter().enumerate() {
                report.row(&Row {
                    number,
                    text: texts.as_ref().and_then(|texts| texts.get(row)),
                    mentions: found.as_deref(),
                    error: errors.as_ref().and_then(|errors| errors.get(row)),
                    month: months.as_ref().filter(|months| months.is_valid(row)).map(|months| months.value(row)),
                });
                number += 1;
            }
        }
        Ok(())
    }
}

/// What a footer says of how the file was made; nothing, for formats without one. The record of a unit is not of interest.
fn footer(input: &InputFile) -> Result<Vec<(String, String)>, CliError> {
    if Format::of(&input.url).map_err(JobError::from)?.0 != Format::Parquet {
        return Ok(Vec::new());
    }
    let all = sink::metadata(input.open()?, &input.url).map_err(JobError::from)?;
    let ours = all.into_iter().filter_map(|(key, value)| Some((key.strip_prefix(FOOTER)?.to_string(), value)));
    Ok(ours.filter(|(key, _)| key != "record").collect())
}

/// Checks a column of dates.
fn date_type(file: &TableFile, name: &str) -> Result<(), CliError> {
    let found = file.schema().field(file.column(name)?).data_type();
    let fits = matches!(
        found,
        DataType::Date32
            | DataType::Date64
            | DataType::Timestamp(..)
            | DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
    );
    let (url, column, found) = (file.path().display().to_string(), name.to_string(), found.clone());
    let expected = "dates, timestamps, or strings such as 2024-03-31";
    fits.then_some(()).ok_or_else(|| JobError::WrongType { url, column, found, expected }.into())
}

/// `2024-03` for each date of that month. What is no date is null.
fn months(dates: &ArrayRef) -> Result<StringArray, CliError> {
    let dates = cast(dates, &DataType::Date32).and_then(|dates| cast(&dates, &DataType::Utf8));
    let dates = dates.map_err(EngineError::from)?;
    let dates: &StringArray = dates.as_string();
    let month =
        |row| dates.is_valid(row).then(|| dates.value(row)).and_then(|date: &str| Some(date.rsplit_once('-')?.0));
    Ok((0..dates.len()).map(month).collect())
}
