//! [`AnnotatedTable`]: a file with entities, its texts and its errors.

use std::path::Path;

use arrow_array::{Array, RecordBatch, cast::AsArray};
use arrow_cast::cast;
use arrow_schema::DataType;
use spanframe_engine::{
    EngineError, EngineOptions, Mention, Offsets, OptionError, RawOptions, entity_column, input::TextColumn, is_text,
};
use spanframe_jobs::input::InputFile;
use spanframe_view::{NotesReport, ReportSource, Row};

use super::{
    date_column::{self, months},
    provenance::Provenance,
    shown_types::ShownTypes,
};
use crate::{entity_column::EntityColumn, error::CliError, flags::ViewFlags, table_file::TableFile};

/// A file whose columns are known.
pub(super) struct AnnotatedTable {
    /// Reopened for reading: an open file per input would exceed the system's limit on open files.
    url: String,
    source: ReportSource,
    entities: EntityColumn,
    /// Column with the texts; `None` for a page without texts.
    text: Option<String>,
    /// Column with the errors of rows.
    error: Option<String>,
    /// Column that identifies the notes.
    id: Option<String>,
    obvious_date_column: Option<String>,
}

impl AnnotatedTable {
    /// Finds the columns of the file `input`: those of the flags, else those that its footer names.
    ///
    /// # Errors
    /// [`CliError::NoTexts`] if neither names the column of the texts, [`CliError::CleanedOffsets`] if the positions are not
    /// those of the texts, and those of reading the file.
    pub(super) fn open(input: &InputFile, flags: &ViewFlags) -> Result<Self, CliError> {
        let file = TableFile::open(Path::new(&input.url))?;
        let provenance = Provenance::read(input)?;
        // the file may have lost a column since it was annotated
        let recorded = |name: &str| provenance.get(name).filter(|column| file.schema().index_of(column).is_ok());
        let named = flags.column.as_deref().or_else(|| recorded("output_column"));
        let entities = EntityColumn::find(&file, named, "--column")?;
        let text = match flags.text_column.as_deref().or_else(|| recorded("column")) {
            _ if flags.no_text => None,
            Some(name) => file.text_column(name).map(|_| Some(name.to_string()))?,
            None => return Err(CliError::NoTexts(input.url.clone())),
        };
        // the footer describes the column that was written with it, and no other
        let is_recorded = provenance.get("output_column") == Some(&entities.name);
        if text.is_some() && is_recorded && provenance.get("cleaned_offsets") == Some("true") {
            return Err(CliError::CleanedOffsets(input.url.clone()));
        }
        if let Some(name) = &flags.date_column {
            date_column::check(&file, name)?;
        }
        if let Some(name) = &flags.id {
            file.id_column(name)?;
        }
        let offsets = offsets(flags, &provenance, &entities)?;
        let error = Some(format!("{}_error", entities.name)).filter(|name| {
            let field = file.schema().field_with_name(name);
            field.is_ok_and(|field| is_text(field.data_type()))
        });
        let obvious_date_column = date_column::obvious(&file);
        let source =
            ReportSource { name: input.relative.clone(), provenance: provenance.0, convention: offsets.into() };
        let id = flags.id.clone();
        Ok(Self { url: input.url.clone(), source, entities, text, error, id, obvious_date_column })
    }

    /// The only column of dates or timestamps with `date` in its name.
    pub(super) fn obvious_date_column(&self) -> Option<String> {
        self.obvious_date_column.clone()
    }

    /// Adds all rows to `report`, with one batch in memory and the entities that are `shown`. `date` names the column of
    /// the dates.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn add_to(
        self, report: &mut NotesReport, date: Option<&str>, shown: &mut ShownTypes,
    ) -> Result<(), CliError> {
        let file = TableFile::open(Path::new(&self.url))?;
        report.source(self.source);
        // a column that was only guessed from the first file may be missing or of another type in this one
        let date = date.filter(|name| date_column::check(&file, name).is_ok());
        let Self { entities, text, error, id, .. } = self;
        let columns = Columns { entities, text, error, id, date };
        let mut row = 0;
        for batch in file.read(&columns.indices(&file)?)? {
            let batch = batch?;
            let mut rows = columns.entities(&file, &batch, row)?;
            rows.iter_mut().flatten().for_each(|mentions| shown.retain(mentions));
            row += columns.add_batch(&batch, &rows, row, report)?;
        }
        Ok(())
    }
}

/// Unit of the positions: that of the flag, else of the footer, else the usual one of the layout.
fn offsets(flags: &ViewFlags, provenance: &Provenance, entities: &EntityColumn) -> Result<Offsets, OptionError> {
    let parse = |offsets: &str| {
        let raw = RawOptions { offsets: Some(offsets.to_string()), ..RawOptions::default() };
        EngineOptions::new(raw).map(|options| options.offsets)
    };
    if let Some(typed) = flags.offsets.as_deref() {
        return parse(typed);
    }
    let recorded = provenance.get("offsets").and_then(|recorded| parse(recorded).ok());
    Ok(recorded.unwrap_or_else(|| entity_column::usual_offsets(entities.layout)))
}

/// The columns to read.
struct Columns<'a> {
    entities: EntityColumn,
    text: Option<String>,
    error: Option<String>,
    id: Option<String>,
    date: Option<&'a str>,
}

impl Columns<'_> {
    fn indices(&self, file: &TableFile) -> Result<Vec<usize>, CliError> {
        let own = [&self.text, &self.error, &self.id].map(Option::as_deref);
        let names = [Some(self.entities.name.as_str()), self.date].into_iter().chain(own);
        let mut indices = names.flatten().map(|name| file.column(name)).collect::<Result<Vec<_>, _>>()?;
        indices.sort_unstable();
        indices.dedup();
        Ok(indices)
    }

    /// The mentions of `batch`, whose first row is row `first` of the file.
    fn entities<'b>(
        &self, file: &TableFile, batch: &'b RecordBatch, first: u64,
    ) -> Result<Vec<Option<Vec<Mention<'b>>>>, CliError> {
        let column = batch.column_by_name(&self.entities.name);
        column.map_or(Ok(Vec::new()), |column| self.entities.read(file, column, first as usize))
    }

    /// Adds the rows of `batch` with these mentions. The first one is row `first` of the file. Returns their number.
    fn add_batch(
        &self, batch: &RecordBatch, rows: &[Option<Vec<Mention<'_>>>], first: u64, report: &mut NotesReport,
    ) -> Result<u64, CliError> {
        let column = |name: Option<&str>| name.and_then(|name| batch.column_by_name(name));
        let strings = |name: Option<&str>| column(name).map(|column| TextColumn::new(column)).transpose();
        let (texts, errors) = (strings(self.text.as_deref())?, strings(self.error.as_deref())?);
        let months = column(self.date).map(months).transpose()?;
        let ids = column(self.id.as_deref()).map(|ids| cast(ids, &DataType::Utf8)).transpose();
        let ids = ids.map_err(EngineError::from)?;
        let ids = ids.as_ref().map(|ids| ids.as_string::<i32>());
        for (row, mentions) in rows.iter().enumerate() {
            report.row(&Row {
                number: first + row as u64,
                text: texts.as_ref().and_then(|texts| texts.get(row)),
                mentions: mentions.as_deref(),
                error: errors.as_ref().and_then(|errors| errors.get(row)),
                id: ids.filter(|ids| ids.is_valid(row)).map(|ids| ids.value(row)),
                month: months.as_ref().filter(|months| months.is_valid(row)).map(|months| months.value(row)),
            });
        }
        Ok(rows.len() as u64)
    }
}
