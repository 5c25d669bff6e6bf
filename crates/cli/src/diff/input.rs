//! One input of `diff`: the entity column of a table, or gold.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::{ArrowError, DataType};
use spanframe_engine::{EngineError, Mention, Offsets, entity_column, input::TextColumn};

use crate::{corpus, entity_column::EntityColumn, error::CliError, table_file::TableFile};

/// One row of an input.
pub struct InputRow {
    pub id: Option<String>,
    pub text: Option<String>,
    /// The types that were annotated, where gold names them.
    pub types: Option<Vec<String>>,
    /// The labels that occur in the whole file, of gold.
    pub labels: Option<Rc<[String]>>,
    pub mentions: Option<Vec<Mention<'static>>>,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<InputRow, CliError>> + 'a>;

/// The columns of a table to read.
pub struct ColumnNames<'a> {
    /// Entities; found if `None`.
    pub entities: Option<&'a str>,
    /// The flag that names the entity column.
    pub flag: &'static str,
    pub id: Option<&'a str>,
    pub text: Option<&'a str>,
}

/// A table whose columns are checked.
pub struct Table {
    file: TableFile,
    entities: EntityColumn,
    id: Option<String>,
    text: Option<String>,
}

/// An opened input.
pub enum DiffInput {
    Table(Table),
    Gold(PathBuf),
}

impl DiffInput {
    /// Opens `path`: gold by its name, else a table.
    ///
    /// # Errors
    /// [`CliError::NoFile`], [`CliError::NotId`], the errors of [`EntityColumn::find`] and of opening a table.
    pub fn open(path: &Path, names: &ColumnNames<'_>) -> Result<Self, CliError> {
        if !path.exists() {
            return Err(CliError::NoFile(path.display().to_string()));
        }
        if corpus::is_corpus(path) {
            return Ok(Self::Gold(path.to_path_buf()));
        }
        let file = TableFile::open(path)?;
        let entities = EntityColumn::find(&file, names.entities, names.flag)?;
        if let Some(name) = names.text {
            file.text_column(name)?;
        }
        if let Some(name) = names.id {
            file.id_column(name)?;
        }
        let [id, text] = [names.id, names.text].map(|name| name.map(String::from));
        Ok(Self::Table(Table { file, entities, id, text }))
    }

    pub fn is_gold(&self) -> bool {
        matches!(self, Self::Gold(_))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Table(table) => table.file.path(),
            Self::Gold(path) => path,
        }
    }

    /// The unit of the positions if none is given.
    pub fn default_offsets(&self) -> Offsets {
        match self {
            Self::Table(table) => entity_column::usual_offsets(table.entities.layout),
            Self::Gold(_) => Offsets::Char,
        }
    }

    pub fn has_texts(&self) -> bool {
        match self {
            Self::Table(table) => table.text.is_some(),
            Self::Gold(_) => true,
        }
    }

    /// Number of rows; `None` for gold, whose rows are not known before they are read.
    pub fn row_count(&self) -> Option<u64> {
        match self {
            Self::Table(table) => Some(table.file.rows()),
            Self::Gold(_) => None,
        }
    }

    /// All rows in order. Of a table one batch is in memory at a time; gold is read whole.
    pub fn rows(&self) -> Result<Rows<'_>, CliError> {
        match self {
            Self::Table(table) => table.rows(),
            Self::Gold(path) => {
                let documents = corpus::read(path)?;
                let mut mentions = documents.iter().flat_map(|document| &document.mentions);
                if mentions.any(|mention| mention.entity.is_empty()) {
                    return Err(CliError::NoLabel(path.clone()));
                }
                let labels: Rc<[String]> = corpus::labels(&documents).into_iter().map(String::from).collect();
                let row = move |document: corpus::Document| InputRow {
                    id: Some(document.id),
                    text: Some(document.text),
                    types: document.annotated,
                    labels: Some(Rc::clone(&labels)),
                    mentions: Some(document.mentions),
                };
                Ok(Box::new(documents.into_iter().map(row).map(Ok)))
            }
        }
    }
}

impl Table {
    fn rows(&self) -> Result<Rows<'_>, CliError> {
        let names = [Some(&self.entities.name), self.id.as_ref(), self.text.as_ref()];
        let mut columns =
            names.into_iter().flatten().map(|name| self.file.column(name)).collect::<Result<Vec<_>, _>>()?;
        columns.sort_unstable();
        columns.dedup();
        let mut next_row = 0;
        Ok(Box::new(self.file.read(&columns)?.flat_map(move |batch| {
            let rows = batch.and_then(|batch| {
                let first_row = next_row;
                next_row += batch.num_rows();
                self.rows_of(&batch, first_row)
            });
            // all rows of the batch, or its one error
            let (rows, error) = match rows {
                Ok(rows) => (rows, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            error.into_iter().map(Err).chain(rows.into_iter().map(Ok))
        })))
    }

    fn rows_of(&self, batch: &RecordBatch, first_row: usize) -> Result<Vec<InputRow>, CliError> {
        let mentions = self.entities.read(&self.file, column(batch, &self.entities.name)?, first_row)?;
        let ids = self.id.as_ref().map(|name| self.ids(batch, name)).transpose()?;
        let text = self.text.as_ref().map(|name| column(batch, name)).transpose()?;
        let texts = text.map(|text| TextColumn::new(text)).transpose()?;
        let row = |(row, mentions): (usize, Option<Vec<Mention<'_>>>)| InputRow {
            id: ids.as_ref().map(|ids| ids.value(row).to_string()),
            text: texts.as_ref().and_then(|texts| texts.get(row)).map(String::from),
            types: None,
            labels: None,
            mentions: mentions.map(|list| list.into_iter().map(Mention::into_owned).collect()),
        };
        Ok(mentions.into_iter().enumerate().map(row).collect())
    }

    /// The ids as text.
    fn ids(&self, batch: &RecordBatch, name: &str) -> Result<StringArray, CliError> {
        let ids = arrow_cast::cast(column(batch, name)?, &DataType::Utf8).map_err(internal)?;
        if ids.null_count() > 0 {
            return Err(CliError::NullId { path: self.file.path().to_path_buf(), column: name.to_string() });
        }
        Ok(ids.as_string().clone())
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef, CliError> {
    Ok(batch.column(batch.schema_ref().index_of(name).map_err(internal)?))
}

/// An error that cannot occur for columns that are checked.
fn internal(error: ArrowError) -> CliError {
    EngineError::from(error).into()
}
