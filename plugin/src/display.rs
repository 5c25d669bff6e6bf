//! Renders the first notes of a table for notebooks and terminals.

use std::sync::{Arc, mpsc::Sender};

use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, Field};
use pyo3::prelude::*;
use spanframe_engine::{EngineError, Mention, Offsets, RawOptions, entity_column, input::TextColumn};
use spanframe_view::{Excerpt, Note, Row};

use crate::{
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    input,
    interruptible::{StopFlag, interruptible},
    strings,
};

/// Renders the first `rows` rows as HTML, as plain text and as text with colours. `offsets` is the unit of the positions, by
/// default the usual one of the column's layout.
///
/// Either `text` and `entities` name columns of the table `data`, or `text` is a column or a list and `data` the column of
/// entities.
///
/// # Errors
/// [`InputError`] if a column is missing, holds something else, has strings that are not UTF-8 or another number of rows.
#[pyfunction]
#[pyo3(signature = (data, text, entities, *, rows, offsets))]
pub fn display(
    py: Python<'_>, data: &Bound<'_, PyAny>, text: &Bound<'_, PyAny>, entities: &str, rows: usize,
    offsets: Option<String>,
) -> PyResult<(String, String, String)> {
    let ForeignArrays { field, chunks } = bridge::from_python("`data`", data)?;
    let (texts, (field, columns)) = match text.extract::<String>() {
        Ok(name) => (column(py, &field, &chunks, &name)?.1, column(py, &field, &chunks, entities)?),
        Err(_) => {
            strings::check(py, "the column", &chunks)?;
            (input::checked("`text`", text)?, (field, chunks))
        }
    };
    let shape = entity_column::layout(field.data_type());
    let shape = shape.ok_or_else(|| python(&EngineError::NotEntities(field.data_type().clone())))?;
    let offsets = match offsets {
        None => entity_column::usual_offsets(shape),
        Some(_) => crate::options(RawOptions { offsets, ..RawOptions::default() }).map_err(|e| python(&e))?.offsets,
    };
    let [count, text_count] = [&columns, &texts].map(|chunks| chunks.iter().map(|c| c.len()).sum::<usize>());
    if text_count != count {
        return Err(InputError::new_err(format!("there are {text_count} texts for {count} rows: give one text a row")));
    }
    // on a thread of its own, because the message of a panic would quote a note
    let render = move |_: StopFlag, _: Sender<()>| {
        let excerpt = excerpt(&columns, &texts, offsets, rows).map_err(|e| python(&e))?;
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
        let known: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
        InputError::new_err(format!("the table has no column `{name}`; it has {}", known.join(", ")))
    })?;
    let chunks = chunks.iter().map(|chunk| Ok(Arc::clone(input::rows(chunk)?.column(found))));
    let chunks = chunks.collect::<PyResult<Vec<_>>>()?;
    strings::check(py, &format!("column `{name}`"), &chunks)?;
    Ok((fields[found].as_ref().clone(), chunks))
}

/// Reads the first `rows` rows. Texts and entities may have different chunks.
fn excerpt(entities: &[ArrayRef], texts: &[ArrayRef], offsets: Offsets, rows: usize) -> Result<Excerpt, EngineError> {
    let mut found: Vec<Option<Vec<Mention<'_>>>> = Vec::new();
    let mut left = rows;
    let wanted: Vec<ArrayRef> = entities
        .iter()
        .map(|chunk| {
            let wanted = chunk.slice(0, chunk.len().min(left));
            left -= wanted.len();
            wanted
        })
        .collect();
    for chunk in &wanted {
        let before = found.len();
        found.extend(entity_column::read(chunk).map_err(|error| match error {
            EngineError::WrongEntities { row, reason } => EngineError::WrongEntities { row: before + row, reason },
            other => other,
        })?);
    }
    let columns = texts.iter().map(|chunk| TextColumn::new(chunk)).collect::<Result<Vec<_>, _>>()?;
    let texts = columns.iter().flat_map(|column| (0..column.len()).map(|row| column.get(row)));
    let note = |((number, mentions), text): ((u64, &Option<Vec<Mention<'_>>>), Option<&str>)| {
        Note::new(&Row { number, text, mentions: mentions.as_deref(), ..Row::default() }, offsets.into())
    };
    let notes = (0..).zip(&found).zip(texts).map(note).collect();
    Ok(Excerpt { notes, rows: entities.iter().map(|chunk| chunk.len() as u64).sum() })
}
