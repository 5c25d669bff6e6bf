//! Renders the first notes of a table for notebooks and terminals.

use std::sync::{Arc, mpsc::Sender};

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};
use pyo3::prelude::*;
use spanframe_engine::{
    EngineError, entity_column,
    input::{TextColumn, bytes_as_text},
    shown_name::column_list,
};
use spanframe_view::{Excerpt, Note, Row};

use crate::{
    bridge::{self, ForeignArrays},
    entity_column::EntityColumn,
    error::{InputError, python},
    input,
    interruptible::{StopFlag, interruptible},
    strings,
};

/// Renders the first `rows` rows as HTML, as plain text and as text with colours. `offsets` is the unit of the
/// positions, by default the usual one of the column's layout.
///
/// Either `text` and `entities` name columns of the table `data`, or `text` is a column or a list and `data` the column
/// of entities.
///
/// # Errors
/// [`InputError`] if a column is missing, holds something else, has strings that are not UTF-8 or another number of
/// rows.
#[pyfunction]
#[pyo3(signature = (data, text, entities, *, rows, offsets))]
pub fn display(
    py: Python<'_>, data: &Bound<'_, PyAny>, text: &Bound<'_, PyAny>, entities: &str, rows: usize,
    offsets: Option<String>,
) -> PyResult<(String, String, String)> {
    let ForeignArrays { field, chunks } = bridge::from_python("`data`", data)?;
    let (texts, (field, columns)) = match text.extract::<String>() {
        Ok(name) => {
            let texts = column(py, &field, &chunks, &name)?.1.iter().map(bytes_as_text).collect();
            (texts, column(py, &field, &chunks, entities)?)
        }
        Err(_) => {
            strings::check(py, "the column", &chunks)?;
            (input::checked("`text`", text)?, (field, chunks))
        }
    };
    let entities = EntityColumn::new(&field, columns, offsets)?;
    let (count, text_count) = (entities.rows(), texts.iter().map(|chunk| chunk.len()).sum::<usize>());
    if text_count != count {
        return Err(InputError::new_err(format!("there are {text_count} texts for {count} rows: give one text a row")));
    }
    // on a thread of its own, because the message of a panic would quote a note
    let render = move |_: StopFlag, _: Sender<()>| {
        let excerpt = excerpt(&entities, &texts, rows).map_err(|e| python(&e))?;
        Ok((excerpt.html(), excerpt.text(false), excerpt.text(true)))
    };
    interruptible(py, render, |_, ()| Ok(()))
}

/// Returns the column `name` of a table.
fn column(py: Python<'_>, field: &Field, chunks: &[ArrayRef], name: &str) -> PyResult<(Field, Vec<ArrayRef>)> {
    let fields = match field.data_type() {
        DataType::Struct(fields) if entity_column::layout(field.data_type()).is_none() => fields,
        _ => {
            return Err(InputError::new_err("the data is one column, expected a table: give its texts as text=COLUMN"));
        }
    };
    let found = fields.iter().position(|field| field.name() == name).ok_or_else(|| {
        let known = column_list(fields.iter().map(|field| field.name().as_str()));
        InputError::new_err(format!("the table has no column `{name}`; it has {known}"))
    })?;
    input::check_single(fields, name)?;
    let chunks = chunks.iter().map(|chunk| Ok(Arc::clone(input::rows(chunk)?.column(found))));
    let chunks = chunks.collect::<PyResult<Vec<_>>>()?;
    strings::check(py, &format!("column `{name}`"), &chunks)?;
    Ok((fields[found].as_ref().clone(), chunks))
}

/// Marks the first `rows` rows. Texts and entities may have different chunks.
fn excerpt(entities: &EntityColumn, texts: &[ArrayRef], rows: usize) -> Result<Excerpt, EngineError> {
    let head = entities.head(rows);
    let mentions = head.mentions()?;
    let columns = texts.iter().map(|chunk| TextColumn::new(chunk)).collect::<Result<Vec<_>, _>>()?;
    let mut texts = columns.iter().flat_map(|column| (0..column.len()).map(|row| column.get(row)));
    let notes = (0..).zip(&mentions).map(|(number, mentions)| {
        let text = texts.next().flatten();
        Note::new(&Row { number, text, mentions: mentions.as_deref(), ..Row::default() }, head.offsets.into())
    });
    Ok(Excerpt { notes: notes.collect(), rows: entities.rows() as u64 })
}
