//! The Polars expression.

use polars::prelude::{DataType, Field, PolarsResult, Series, polars_err};
use pyo3_polars::derive::polars_expr;
use spanframe_engine::{Engine, RawOptions, schema};

use crate::{bridge, error::polars, options};

/// Refuses a column that is no text.
fn text(input: &Field) -> PolarsResult<()> {
    use DataType::{Binary, Categorical, Enum, Null, String};
    let is_text = matches!(input.dtype(), String | Binary | Null | Categorical(..) | Enum(..));
    if !is_text {
        return Err(polars_err!(
            ComputeError: "column `{}` is {}, expected a string column: cast it with .cast(pl.String)", input.name(), input.dtype()
        ));
    }
    Ok(())
}

/// Type of the entities: known without loading a model.
fn entities_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    text(&fields[0])?;
    bridge::polars_field(fields[0].name().as_str(), &schema::data_type(options.layout))
}

/// Type of the diagnostics.
fn diagnostics_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    options(kwargs).map_err(|e| polars(&e))?;
    text(&fields[0])?;
    bridge::polars_field(fields[0].name().as_str(), &schema::diagnostics_type())
}

/// Annotates one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=entities_type)]
fn extract(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let series = &inputs[0];
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let column = bridge::from_polars(series)?;
    let chunks = engine.annotate_chunks(&column).map_err(|e| polars(&e))?;
    bridge::to_polars(series.name().as_str(), chunks)
}

/// What reading one chunk of a column takes.
#[polars_expr(output_type_func_with_kwargs=diagnostics_type)]
fn diagnose(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let series = &inputs[0];
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let found = engine.diagnose(&bridge::from_polars(series)?).map_err(|e| polars(&e))?;
    bridge::to_polars(series.name().as_str(), vec![found])
}
