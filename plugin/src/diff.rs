//! `spanframe.diff`: compares two columns of entities.

use std::sync::mpsc::Sender;

use arrow_array::{Array, ArrayRef};
use pyo3::prelude::*;
use spanframe_compare::{
    comparison::{ComparedRow, Comparison, ComparisonOptions},
    report::DifferenceReport,
};
use spanframe_engine::{EngineError, input::TextColumn};

use crate::{
    bridge::{self, ForeignArrays},
    entity_column::EntityColumn,
    error::{InputError, InternalError, python},
    input,
    interruptible::{StopFlag, interruptible},
    strings,
};

/// Options of a comparison, by the names of their keywords.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct DiffOptions {
    /// Unit of A's positions; the usual one of its layout if `None`.
    offsets_a: Option<String>,
    offsets_b: Option<String>,
    examples: usize,
    show_text: bool,
}

/// Compares two columns row by row. Returns the report as the JSON of `spanframe diff --json`.
///
/// # Errors
/// [`InputError`] if a column does not hold entities, contradicts itself or has another number of rows, or if strings
/// are not UTF-8.
#[pyfunction]
pub fn diff(
    a: Bound<'_, PyAny>, b: Bound<'_, PyAny>, text: Option<Bound<'_, PyAny>>, options: DiffOptions,
) -> PyResult<String> {
    let py = a.py();
    let DiffOptions { offsets_a, offsets_b, examples, show_text } = options;
    let a = read("`a`", &a, offsets_a)?;
    let b = read("`b`", &b, offsets_b)?;
    let texts = text.as_ref().map(|text| input::checked("`text`", text)).transpose()?;
    let (rows_a, rows_b) = (a.rows(), b.rows());
    if rows_a != rows_b {
        return Err(InputError::new_err(format!("a has {rows_a} rows and b has {rows_b}: join them first")));
    }
    let text_rows = texts.as_ref().map(|chunks| chunks.iter().map(|chunk| chunk.len()).sum::<usize>());
    if let Some(count) = text_rows.filter(|&count| count != rows_a) {
        return Err(InputError::new_err(format!("there are {count} texts for {rows_a} rows: give one text a row")));
    }
    let (offsets_a, offsets_b, has_texts) = (a.offsets, b.offsets, texts.is_some());
    let options = ComparisonOptions { offsets_a, offsets_b, has_texts, examples, show_text };
    // on a thread of its own, because the message of a panic would quote a note
    let work = move |_: StopFlag, _: Sender<()>| {
        let report = compare(options, &a, &b, &texts.unwrap_or_default()).map_err(|e| python(&e))?;
        serde_json::to_string(&report)
            .map_err(|error| InternalError::new_err(format!("internal error, please report it: {error}")))
    };
    interruptible(py, work, |_, ()| Ok(()))
}

/// Reads a column of entities, which messages call `name`.
fn read(name: &str, data: &Bound<'_, PyAny>, offsets: Option<String>) -> PyResult<EntityColumn> {
    let ForeignArrays { field, chunks } = bridge::from_python(name, data)?;
    strings::check(data.py(), name, &chunks)?;
    EntityColumn::new(&field, chunks, offsets)
}

fn compare(
    options: ComparisonOptions, a: &EntityColumn, b: &EntityColumn, texts: &[ArrayRef],
) -> Result<DifferenceReport, EngineError> {
    let mut comparison = Comparison::new(options);
    let (mentions_a, mentions_b) = (a.mentions()?, b.mentions()?);
    let columns = texts.iter().map(|chunk| TextColumn::new(chunk)).collect::<Result<Vec<_>, _>>()?;
    let mut texts = columns.iter().flat_map(|column| (0..column.len()).map(|row| column.get(row)));
    for (number, (a, b)) in (0..).zip(mentions_a.iter().zip(&mentions_b)) {
        let text = texts.next().flatten();
        comparison.row(ComparedRow { number, text, a: a.as_deref(), b: b.as_deref(), ..ComparedRow::default() });
    }
    Ok(comparison.finish())
}
