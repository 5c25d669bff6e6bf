//! The Polars expressions.

use polars::prelude::{DataType, Field, PolarsResult, Series, polars_err};
use pyo3_polars::derive::polars_expr;
use spanframe_engine::{Engine, RawOptions, schema};

use crate::{
    annotate::Column,
    bridge,
    error::{polars, polars_rows},
    options, strings,
};

/// Refuses a first input that is not text, and a second one that is not languages.
fn check_inputs(fields: &[Field]) -> PolarsResult<()> {
    use DataType::{Binary, Categorical, Enum, Null, String};
    let expected = ["a string column", "the language of each row as a string"];
    for (input, expected) in fields.iter().zip(expected) {
        if !matches!(input.dtype(), String | Binary | Null | Categorical(..) | Enum(..)) {
            return Err(polars_err!(
                ComputeError: "column `{}` is {}, expected {expected}: cast it with .cast(pl.String)", input.name(), input.dtype()
            ));
        }
    }
    Ok(())
}

/// Returns the type of the entities, without loading a model.
fn entities_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    check_inputs(fields)?;
    let data_type = options.data_type().map_err(|e| polars(&e))?;
    bridge::polars_field(fields[0].name().as_str(), &data_type)
}

/// Returns the type of the diagnostics.
fn diagnostics_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    options(kwargs).map_err(|e| polars(&e))?;
    check_inputs(fields)?;
    bridge::polars_field(fields[0].name().as_str(), &schema::diagnostics_type())
}

/// Returns the texts and, from a second input, their languages.
fn column(inputs: &[Series]) -> PolarsResult<Column> {
    // Polars does not check strings that come from Arrow either
    let bytes = |series| strings::bytes(&bridge::from_polars(series)?).map_err(|e| polars(&e));
    Ok(Column { texts: bytes(&inputs[0])?, languages: inputs.get(1).map(bytes).transpose()? })
}

/// Annotates one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=entities_type)]
fn extract(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let chunks = engine.annotate_chunks(column(inputs)?.notes()).map_err(|e| polars_rows(&e, inputs[0].len()))?;
    bridge::to_polars(inputs[0].name().as_str(), chunks)
}

/// Returns the diagnostics of one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=diagnostics_type)]
fn diagnose(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let found = engine.diagnose(column(inputs)?.notes()).map_err(|e| polars(&e))?;
    bridge::to_polars(inputs[0].name().as_str(), vec![found])
}
