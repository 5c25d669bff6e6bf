//! `spanframe.diff`: compares two columns of entities.

use arrow_array::ArrayRef;
use pyo3::prelude::*;
use spanframe_compare::{
    comparison::{ComparedRow, Comparison, ComparisonOptions},
    report::DifferenceReport,
};
use spanframe_engine::{EngineError, Mention, Offsets, RawOptions, entity_column, input::TextColumn};

use crate::{
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    input, strings,
};

/// Options of a comparison, by the names of their keywords.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct DiffOptions {
    /// Unit of A's positions; the default of its layout if `None`.
    offsets_a: Option<String>,
    offsets_b: Option<String>,
    examples: usize,
    show_text: bool,
}

/// All rows of an entity column, and the unit of its positions.
struct Column {
    rows: Vec<Option<Vec<Mention<'static>>>>,
    offsets: Offsets,
}

/// Compares two columns row by row. Returns the report as the JSON of `spanframe diff --json`.
#[pyfunction]
pub fn diff(
    a: Bound<'_, PyAny>, b: Bound<'_, PyAny>, text: Option<Bound<'_, PyAny>>, options: DiffOptions,
) -> PyResult<String> {
    let py = a.py();
    let a = Column::read("`a`", &a, options.offsets_a)?;
    let b = Column::read("`b`", &b, options.offsets_b)?;
    let texts = text.as_ref().map(|text| input::checked("`text`", text)).transpose()?;
    let (rows_a, rows_b) = (a.rows.len(), b.rows.len());
    if rows_a != rows_b {
        return Err(InputError::new_err(format!("a has {rows_a} rows and b has {rows_b}: join them first")));
    }
    let text_rows = texts.as_ref().map(|chunks| chunks.iter().map(|chunk| chunk.len()).sum::<usize>());
    if let Some(count) = text_rows.filter(|&count| count != rows_a) {
        return Err(InputError::new_err(format!("there are {count} texts for {rows_a} rows: give one text a row")));
    }
    let comparison = Comparison::new(ComparisonOptions {
        offsets_a: a.offsets,
        offsets_b: b.offsets,
        has_texts: texts.is_some(),
        examples: options.examples,
        show_text: options.show_text,
    });
    let report = py.detach(|| compare(comparison, &a, &b, texts.as_deref())).map_err(|e| python(&e))?;
    // a report of numbers, strings and lists is always valid JSON
    Ok(serde_json::to_string(&report).unwrap_or_default())
}

impl Column {
    /// Reads the entities of `data`, which messages call `name`.
    fn read(name: &str, data: &Bound<'_, PyAny>, offsets: Option<String>) -> PyResult<Self> {
        let ForeignArrays { field, chunks } = bridge::from_python(name, data)?;
        let layout = entity_column::layout(field.data_type())
            .ok_or_else(|| python(&EngineError::NotEntities(field.data_type().clone())))?;
        let offsets = match offsets {
            None => entity_column::usual_offsets(layout),
            Some(_) => crate::options(RawOptions { offsets, ..RawOptions::default() }).map_err(|e| python(&e))?.offsets,
        };
        strings::check(data.py(), name, &chunks)?;
        let mut rows = Vec::new();
        for chunk in &chunks {
            let first_row = rows.len();
            let read = entity_column::read(chunk).map_err(|error| match error {
                EngineError::WrongEntities { row, reason } => {
                    python(&EngineError::WrongEntities { row: first_row + row, reason })
                }
                other => python(&other),
            })?;
            rows.extend(
                read.into_iter().map(|row| row.map(|list| list.into_iter().map(Mention::into_owned).collect())),
            );
        }
        Ok(Self { rows, offsets })
    }
}

fn compare(
    mut comparison: Comparison, a: &Column, b: &Column, chunks: Option<&[ArrayRef]>,
) -> Result<DifferenceReport, EngineError> {
    let columns = chunks.unwrap_or_default().iter().map(|chunk| TextColumn::new(chunk));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let mut texts = columns.iter().flat_map(|column| (0..column.len()).map(|row| column.get(row)));
    for (number, (a, b)) in (0..).zip(a.rows.iter().zip(&b.rows)) {
        let text = texts.next().flatten();
        comparison.row(ComparedRow { number, text, a: a.as_deref(), b: b.as_deref(), ..ComparedRow::default() });
    }
    Ok(comparison.finish())
}
