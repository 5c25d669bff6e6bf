//! Finds and reads the column of entities of a table.

use arrow_array::Array;
use spanframe_engine::{EngineError, Layout, Mention, entity_column, shown_name::column_list};

use crate::{error::CliError, table_file::TableFile};

/// The column that is taken if none is named and several hold entities.
const DEFAULT_COLUMN: &str = "ner";

/// A column of entities.
#[derive(Clone)]
pub struct EntityColumn {
    pub name: String,
    pub layout: Layout,
}

impl EntityColumn {
    /// Takes the column `named`, else `ner`, else the only one that holds entities. `flag` is the flag that names it.
    ///
    /// # Errors
    /// [`CliError::Csv`], [`CliError::NotEntities`] for a named column of another type, [`CliError::NoEntities`] and
    /// [`CliError::SeveralEntities`] if none is named and none can be taken.
    pub fn find(file: &TableFile, named: Option<&str>, flag: &'static str) -> Result<Self, CliError> {
        refuse_csv(file)?;
        if let Some(name) = named {
            return Self::named(file, name);
        }
        let fields = file.schema().fields();
        let column = |(name, data_type)| Some(Self { name, layout: entity_column::layout(data_type)? });
        let mut found: Vec<Self> = fields.iter().filter_map(|f| column((f.name().clone(), f.data_type()))).collect();
        let path = file.path().to_path_buf();
        match found.iter().position(|column| column.name == DEFAULT_COLUMN) {
            Some(index) => Ok(found.swap_remove(index)),
            None if found.len() == 1 => Ok(found.swap_remove(0)),
            None if found.is_empty() => {
                let known = column_list(fields.iter().map(|field| field.name().as_str()));
                Err(CliError::NoEntities { path, known })
            }
            None => {
                let known = column_list(found.iter().map(|column| column.name.as_str()));
                Err(CliError::SeveralEntities { path, known, flag })
            }
        }
    }

    /// The column `name`, which must hold entities.
    ///
    /// # Errors
    /// [`CliError::Csv`], [`CliError::NotEntities`] for another type; an error that lists the columns if none has this name.
    pub fn named(file: &TableFile, name: &str) -> Result<Self, CliError> {
        refuse_csv(file)?;
        let found = file.schema().field(file.column(name)?).data_type();
        let layout = entity_column::layout(found).ok_or_else(|| CliError::NotEntities {
            path: file.path().to_path_buf(),
            column: name.to_string(),
            found: found.clone(),
        })?;
        Ok(Self { name: name.to_string(), layout })
    }

    /// Reads the mentions of a part of this column that begins at row `first_row` of `file`.
    ///
    /// # Errors
    /// [`CliError::WrongEntities`] with the row of the file.
    pub fn read<'a>(
        &self, file: &TableFile, part: &'a dyn Array, first_row: usize,
    ) -> Result<Vec<Option<Vec<Mention<'a>>>>, CliError> {
        entity_column::read(part).map_err(|error| match error {
            EngineError::WrongEntities { row, reason } => CliError::WrongEntities {
                path: file.path().to_path_buf(),
                column: self.name.clone(),
                row: first_row + row,
                reason,
            },
            other => other.into(),
        })
    }
}

/// CSV has strings alone. Its options, such as `header`, are those of jobs, so advice about them cannot help here.
fn refuse_csv(file: &TableFile) -> Result<(), CliError> {
    if file.is_csv() { Err(CliError::Csv(file.path().to_path_buf())) } else { Ok(()) }
}
