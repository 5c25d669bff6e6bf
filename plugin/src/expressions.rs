//! The Polars expressions. `bridge` exports them, and has checked the types of their inputs.

use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_schema::DataType;
use polars::prelude::{Field, PolarsResult, Series};
use pyo3_polars::derive::polars_expr;
use spanframe_engine::{EngineError, LinkOptions, Linker, RawLink, RawOptions, link::linked_type, schema};

use crate::{
    annotate::{Annotator, Column},
    bridge,
    error::{polars, polars_rows},
    link::link,
    options,
    query::{QueryError, stoppable},
    strings,
};

/// Returns the type of the entities, without loading a model.
fn entities_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    let data_type = options.data_type().map_err(|e| polars(&e))?;
    bridge::polars_field(fields[0].name().as_str(), &data_type)
}

/// Returns the type of the diagnostics.
fn diagnostics_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    options(kwargs).map_err(|e| polars(&e))?;
    bridge::polars_field(fields[0].name().as_str(), &schema::diagnostics_type())
}

/// Returns the type of linked entities, without opening a vocabulary.
fn linked_entities_type(fields: &[Field], kwargs: RawLink) -> PolarsResult<Field> {
    let options = LinkOptions::new(&kwargs).map_err(|e| polars(&e.into()))?;
    let entities = bridge::arrow_type(&fields[0])?;
    let data_type = linked_type(&entities, options.candidates.is_some()).map_err(|e| polars(&e))?;
    bridge::polars_field(fields[0].name().as_str(), &data_type)
}

/// Returns the texts and, from a second input, their languages.
fn column(inputs: &[Series]) -> PolarsResult<Column> {
    // Polars does not check strings that come from Arrow either
    let bytes = |series| strings::bytes(&bridge::from_polars(series)?).map_err(|e| polars(&e));
    Ok(Column { texts: bytes(&inputs[0])?, languages: inputs.get(1).map(bytes).transpose()? })
}

/// Returns the result of a query's work as a series, or as nulls if nobody will see it.
fn series(input: &Series, data_type: &DataType, done: Result<Vec<ArrayRef>, QueryError>) -> PolarsResult<Series> {
    let chunks = match done {
        Ok(chunks) => chunks,
        Err(QueryError::WillRaise) => vec![new_null_array(data_type, input.len())],
        Err(QueryError::Engine(error @ EngineError::Row(_))) => return Err(polars_rows(&error, input.len())),
        Err(QueryError::Engine(error)) => return Err(polars(&error)),
        Err(QueryError::Other(error)) => return Err(error),
    };
    bridge::to_polars(input.name().as_str(), chunks)
}

/// Annotates one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=entities_type)]
fn extract_text(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    let (annotator, column) = (Annotator::new(&options).map_err(|e| polars(&e))?, column(inputs)?);
    let empty = annotator.no_entities();
    let data_type = empty.data_type().clone();
    let done = stoppable(move |should_stop| {
        let mut parts = annotator.parts(&column, 0, should_stop)?;
        if parts.is_empty() {
            parts.push(empty);
        }
        Ok(parts)
    });
    series(&inputs[0], &data_type, done)
}

/// Returns the diagnostics of one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=diagnostics_type)]
fn diagnose_text(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    let (annotator, column) = (Annotator::new(&options).map_err(|e| polars(&e))?, column(inputs)?);
    let done = stoppable(move |should_stop| Ok(vec![annotator.diagnostics(&column, should_stop)?]));
    series(&inputs[0], &schema::diagnostics_type(), done)
}

/// Links the entities of one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=linked_entities_type)]
fn link_entities(inputs: &[Series], kwargs: RawLink) -> PolarsResult<Series> {
    let options = LinkOptions::new(&kwargs).map_err(|e| polars(&e.into()))?;
    let entities = bridge::from_polars(&inputs[0])?;
    strings::check_entities(inputs[0].name().as_str(), &entities)?;
    let data_type = linked_type(entities.data_type(), options.candidates.is_some()).map_err(|e| polars(&e))?;
    let linker = Linker::new(&options).map_err(|e| polars(&e.into()))?;
    let done = stoppable(move |should_stop| link(&entities, &linker, should_stop));
    series(&inputs[0], &data_type, done)
}
