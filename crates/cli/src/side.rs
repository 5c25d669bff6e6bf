//! One side of a comparison: the entity column of a table, or gold.

use std::{
    path::{Path, PathBuf},
    rc::Rc,
};

use arrow_array::{Array, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::DataType;
use spanframe_core::Span;
use spanframe_engine::{EngineError, Layout, Mention, Offsets, entity_column, input::TextColumn, positions::positions};

use crate::{corpus, error::CliError, table_file::TableFile};

/// The column that is compared where none is named and there is one of this name.
const USUAL: &str = "ner";

/// One row.
pub struct SideRow {
    pub id: Option<String>,
    pub text: Option<String>,
    /// The types that were looked for, where gold says so.
    pub types: Option<Vec<String>>,
    /// Of gold: the labels that occur in all of it.
    pub labels: Option<Rc<[String]>>,
    pub mentions: Option<Vec<Mention<'static>>>,
}

type Rows<'a> = Box<dyn Iterator<Item = Result<SideRow, CliError>> + 'a>;

/// What to read of a table.
pub struct Columns<'a> {
    /// Entities; found where `None`.
    pub entities: Option<&'a str>,
    /// The flag that names them.
    pub flag: &'static str,
    pub id: Option<&'a str>,
    pub text: Option<&'a str>,
}

/// A file of which all but the rows is known.
pub enum Side {
    Table { file: TableFile, entities: String, shape: Layout, id: Option<String>, text: Option<String> },
    Gold(PathBuf),
}

impl Side {
    pub fn open(path: &Path, columns: &Columns<'_>) -> Result<Self, CliError> {
        if !path.exists() {
            return Err(CliError::NoFile(path.display().to_string()));
        }
        if corpus::is_corpus(path) {
            return Ok(Self::Gold(path.to_path_buf()));
        }
        let file = TableFile::open(path)?;
        let (entities, shape) = entity_column(&file, columns.entities, columns.flag)?;
        if let Some(name) = columns.text {
            file.text_column(name)?;
        }
        if let Some(name) = columns.id {
            let found = file.schema().field(file.column(name)?).data_type();
            let is_text = matches!(found, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
            if !is_text && !found.is_integer() && !matches!(found, DataType::Dictionary(..)) {
                let (path, column, found) = (path.to_path_buf(), name.to_string(), found.clone());
                return Err(CliError::NotId { path, column, found });
            }
        }
        let [id, text] = [columns.id, columns.text].map(|name| name.map(String::from));
        Ok(Self::Table { file, entities, shape, id, text })
    }

    pub fn is_gold(&self) -> bool {
        matches!(self, Self::Gold(_))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Table { file, .. } => file.path(),
            Self::Gold(path) => path,
        }
    }

    /// The unit that positions have if nothing else is said.
    pub fn offsets(&self) -> Offsets {
        match self {
            Self::Table { shape, .. } => entity_column::usual_offsets(*shape),
            Self::Gold(_) => Offsets::Char,
        }
    }

    /// Whether rows have texts.
    pub fn has_texts(&self) -> bool {
        match self {
            Self::Table { text, .. } => text.is_some(),
            Self::Gold(_) => true,
        }
    }

    /// Number of rows, where it is known before they are read.
    pub fn len(&self) -> Option<u64> {
        match self {
            Self::Table { file, .. } => Some(file.rows()),
            Self::Gold(_) => None,
        }
    }

    /// All rows in order, a batch in memory at a time; gold is read whole.
    pub fn rows(&self) -> Result<Rows<'_>, CliError> {
        let Self::Table { file, entities, id, text, .. } = self else {
            let documents = corpus::read(self.path())?;
            let labels: Rc<[String]> = corpus::labels(&documents).into_iter().map(String::from).collect();
            let row = move |document| Ok(SideRow { labels: Some(Rc::clone(&labels)), ..gold(document) });
            return Ok(Box::new(documents.into_iter().map(row)));
        };
        let names: Vec<&str> =
            [Some(entities), id.as_ref(), text.as_ref()].into_iter().flatten().map(|n| n.as_str()).collect();
        let mut columns = names.iter().map(|name| file.column(name)).collect::<Result<Vec<_>, _>>()?;
        columns.sort_unstable();
        columns.dedup();
        let mut first = 0;
        Ok(Box::new(file.read(&columns)?.flat_map(move |batch| {
            let rows = batch.and_then(|batch| {
                let before = first;
                first += batch.num_rows();
                self.batch(&batch, before)
            });
            flatten(rows.map(|rows| rows.into_iter().map(Ok)))
        })))
    }

    fn batch(&self, batch: &RecordBatch, first: usize) -> Result<Vec<SideRow>, CliError> {
        let Self::Table { file, entities, id, text, .. } = self else { return Ok(Vec::new()) };
        let column = |name: &str| Ok::<_, CliError>(batch.column(batch.schema_ref().index_of(name).map_err(internal)?));
        let mentions = mentions(file, entities, column(entities)?, first)?;
        let ids = match id {
            Some(name) => {
                let ids = arrow_cast::cast(column(name)?, &DataType::Utf8).map_err(internal)?;
                let ids: &StringArray = ids.as_string();
                if ids.null_count() > 0 {
                    return Err(CliError::NullId { path: file.path().to_path_buf(), column: name.clone() });
                }
                Some(ids.clone())
            }
            None => None,
        };
        let texts = text.as_ref().map(|name| Ok::<_, CliError>(TextColumn::new(column(name)?)?)).transpose()?;
        let row = |(row, mentions): (usize, Option<Vec<Mention<'_>>>)| SideRow {
            id: ids.as_ref().map(|ids| ids.value(row).to_string()),
            text: texts.as_ref().and_then(|texts| texts.get(row)).map(String::from),
            types: None,
            labels: None,
            mentions: mentions.map(|list| list.into_iter().map(Mention::into_owned).collect()),
        };
        Ok(mentions.into_iter().enumerate().map(row).collect())
    }
}

/// What cannot happen to columns that were looked up.
fn internal(error: arrow_schema::ArrowError) -> CliError {
    EngineError::from(error).into()
}

/// The items, or the one error instead of them.
fn flatten<T, I: Iterator<Item = Result<T, CliError>>>(
    items: Result<I, CliError>,
) -> impl Iterator<Item = Result<T, CliError>> {
    let (items, error) = match items {
        Ok(items) => (Some(items), None),
        Err(error) => (None, Some(Err(error))),
    };
    error.into_iter().chain(items.into_iter().flatten())
}

/// The column named, else `ner`, else the only one that holds entities. `flag` is what names it.
pub fn entity_column(file: &TableFile, named: Option<&str>, flag: &'static str) -> Result<(String, Layout), CliError> {
    let path = || file.path().to_path_buf();
    if let Some(name) = named {
        return Ok((name.to_string(), shape(file, name)?));
    }
    let fields = file.schema().fields();
    let found: Vec<(&str, Layout)> =
        fields.iter().filter_map(|f| Some((f.name().as_str(), entity_column::layout(f.data_type())?))).collect();
    match found.iter().find(|(name, _)| *name == USUAL).or(if let [only] = found.as_slice() {
        Some(only)
    } else {
        None
    }) {
        Some((name, shape)) => Ok((name.to_string(), *shape)),
        None if found.is_empty() => {
            let known: Vec<&str> = fields.iter().map(|f| f.name().as_str()).collect();
            Err(CliError::NoEntities { path: path(), known: known.join(", ") })
        }
        None => {
            let known: Vec<&str> = found.into_iter().map(|(name, _)| name).collect();
            Err(CliError::SeveralEntities { path: path(), known: known.join(", "), flag })
        }
    }
}

/// The shape of a column, which must hold entities.
pub fn shape(file: &TableFile, name: &str) -> Result<Layout, CliError> {
    let found = file.schema().field(file.column(name)?).data_type();
    entity_column::layout(found).ok_or_else(|| CliError::NotEntities {
        path: file.path().to_path_buf(),
        column: name.to_string(),
        found: found.clone(),
    })
}

/// The mentions of a part of a column that begins at row `first`.
pub fn mentions<'a>(
    file: &TableFile, name: &str, column: &'a dyn Array, first: usize,
) -> Result<Vec<Option<Vec<Mention<'a>>>>, CliError> {
    entity_column::read(column).map_err(|error| match error {
        EngineError::WrongEntities { row, reason } => CliError::WrongEntities {
            path: file.path().to_path_buf(),
            column: name.to_string(),
            row: first + row,
            reason,
        },
        other => other.into(),
    })
}

/// A document of a corpus as a row: positions in code points.
fn gold(document: corpus::Document) -> SideRow {
    let text = document.text;
    let spans: Vec<Span> = document.mentions.iter().map(|&(begin, end, _)| Span::new(begin, end)).collect();
    let places = positions(&text, &spans, Offsets::Char);
    let chunks = spans.iter().zip(places).zip(document.mentions);
    let mentions = chunks.map(|((span, (begin, end)), (.., entity))| Mention {
        begin: begin.into(),
        end: end.into(),
        entity: entity.into(),
        chunk: Some(span.slice(&text).to_string().into()),
        ..Mention::default()
    });
    let mentions = mentions.collect();
    let types = document.annotated;
    SideRow { id: Some(document.id), mentions: Some(mentions), types, labels: None, text: Some(text) }
}
