//! How two columns of entities differ, for Python.

use arrow_array::ArrayRef;
use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use spanframe_compare::{
    comparison::{Comparison, ComparisonOptions, Row},
    report::{Example, Place, Report},
};
use spanframe_engine::{EngineError, Mention, Offsets, RawOptions, entity_column, input::TextColumn};

use crate::{
    bridge::{self, ForeignArrays},
    error::{InputError, python},
    input, strings,
};

type Mentions = Vec<Option<Vec<Mention<'static>>>>;

/// Compares two columns row by row. `units` are the names of both units, `None` for the usual one of the column.
#[pyfunction]
pub fn diff<'py>(
    py: Python<'py>, columns: (Bound<'py, PyAny>, Bound<'py, PyAny>), text: Option<Bound<'py, PyAny>>,
    units: (Option<String>, Option<String>), examples: (usize, bool),
) -> PyResult<Bound<'py, PyDict>> {
    let (a, offsets_a) = column("`a`", &columns.0, units.0)?;
    let (b, offsets_b) = column("`b`", &columns.1, units.1)?;
    let texts = text.as_ref().map(|text| input::checked("`text`", text)).transpose()?;
    let count = texts.as_ref().map(|chunks| chunks.iter().map(|c| c.len()).sum::<usize>());
    if a.len() != b.len() {
        return Err(InputError::new_err(format!("a has {} rows and b has {}: join them first", a.len(), b.len())));
    }
    if let Some(count) = count.filter(|&count| count != a.len()) {
        return Err(InputError::new_err(format!("there are {count} texts for {} rows: give one text a row", a.len())));
    }
    let (examples, show_text) = examples;
    let options = ComparisonOptions { offsets_a, offsets_b, texts: texts.is_some(), examples, show_text };
    let report = py.detach(|| compare(&a, &b, texts.as_deref(), options)).map_err(|e| python(&e))?;
    dict(py, &report)
}

/// All rows of an entity column, which messages call `name`, and the unit of its positions.
fn column(name: &str, data: &Bound<'_, PyAny>, unit: Option<String>) -> PyResult<(Mentions, Offsets)> {
    let ForeignArrays { field, chunks } = bridge::from_python(name, data)?;
    let shape = entity_column::layout(field.data_type());
    let shape = shape.ok_or_else(|| python(&EngineError::NotEntities(field.data_type().clone())))?;
    let offsets = match unit {
        None => entity_column::usual_offsets(shape),
        Some(_) => {
            crate::options(RawOptions { offsets: unit, ..RawOptions::default() }).map_err(|e| python(&e))?.offsets
        }
    };
    strings::check(data.py(), name, &chunks)?;
    let mut rows = Mentions::new();
    for chunk in &chunks {
        let before = rows.len();
        let found = entity_column::read(chunk).map_err(|error| match error {
            EngineError::WrongEntities { row, reason } => {
                python(&EngineError::WrongEntities { row: before + row, reason })
            }
            other => python(&other),
        })?;
        rows.extend(found.into_iter().map(|row| row.map(|list| list.into_iter().map(Mention::into_owned).collect())));
    }
    Ok((rows, offsets))
}

fn compare(
    a: &Mentions, b: &Mentions, texts: Option<&[ArrayRef]>, options: ComparisonOptions,
) -> Result<Report, EngineError> {
    let mut comparison = Comparison::new(options);
    let mut all = Vec::with_capacity(a.len());
    for chunk in texts.unwrap_or_default() {
        let column = TextColumn::new(chunk)?;
        all.extend((0..column.len()).map(|row| column.get(row)));
    }
    for (row, (a, b)) in a.iter().zip(b).enumerate() {
        let text = all.get(row).copied().flatten();
        comparison.row(Row { number: row as u64, text, a: a.as_deref(), b: b.as_deref(), ..Row::default() });
    }
    Ok(comparison.finish())
}

/// The report by the names that `spanframe diff --json` prints.
fn dict<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyDict>> {
    let rows = PyDict::new(py);
    rows.set_item("compared", report.rows.compared)?;
    rows.set_item("equal", report.rows.equal)?;
    rows.set_item("null_only_in_a", report.rows.null_only_in_a)?;
    rows.set_item("null_only_in_b", report.rows.null_only_in_b)?;
    rows.set_item("only_in_a", report.rows.only_in_a)?;
    rows.set_item("only_in_b", report.rows.only_in_b)?;
    let mentions = PyDict::new(py);
    mentions.set_item("a", report.mentions.a)?;
    mentions.set_item("b", report.mentions.b)?;
    mentions.set_item("equal", report.mentions.equal)?;
    let agreement = PyDict::new(py);
    agreement.set_item("precision", report.agreement.precision)?;
    agreement.set_item("recall", report.agreement.recall)?;
    agreement.set_item("f1", report.agreement.f1)?;
    let differences = PyDict::new(py);
    for (kind, counts) in &report.differences {
        let own = PyDict::new(py);
        for (entity, count) in counts {
            own.set_item(entity, count)?;
        }
        differences.set_item(kind.name(), own)?;
    }
    let readings = PyDict::new(py);
    for (reading, count) in &report.readings {
        readings.set_item(reading, count)?;
    }
    let cut = PyDict::new(py);
    cut.set_item("unit", report.cut.unit)?;
    cut.set_item("a", report.cut.a)?;
    cut.set_item("b", report.cut.b)?;
    let unreadable = PyDict::new(py);
    unreadable.set_item("a", report.unreadable.a)?;
    unreadable.set_item("b", report.unreadable.b)?;
    let examples = report.examples.iter().map(|e| example(py, e)).collect::<PyResult<Vec<_>>>()?;
    let all = PyDict::new(py);
    all.set_item("rows", rows)?;
    all.set_item("mentions", mentions)?;
    all.set_item("agreement", agreement)?;
    all.set_item("differences", differences)?;
    all.set_item("readings", readings)?;
    all.set_item("cut", cut)?;
    all.set_item("unreadable", unreadable)?;
    all.set_item("examples", PyList::new(py, examples)?)?;
    Ok(all)
}

fn example<'py>(py: Python<'py>, example: &Example) -> PyResult<Bound<'py, PyDict>> {
    let place = |place: &Option<Place>| -> PyResult<Option<Bound<'py, PyDict>>> {
        let Some(place) = place else { return Ok(None) };
        let own = PyDict::new(py);
        own.set_item("entity", &place.entity)?;
        own.set_item("begin", place.begin)?;
        own.set_item("end", place.end)?;
        own.set_item("text", place.text.as_deref())?;
        Ok(Some(own))
    };
    let own = PyDict::new(py);
    own.set_item("kind", example.kind.name())?;
    own.set_item("row", example.row)?;
    own.set_item("id", example.id.as_deref())?;
    own.set_item("a", place(&example.a)?)?;
    own.set_item("b", place(&example.b)?)?;
    own.set_item("reading", example.reading.as_deref())?;
    Ok(own)
}
