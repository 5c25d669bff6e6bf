//! The Polars expression.

use arrow_array::{Array, ArrayRef};
use polars::prelude::{DataType, Field, PolarsResult, Series, polars_err};
use pyo3_polars::derive::polars_expr;
use spanframe_engine::{Engine, Notes, RawOptions, schema};

use crate::{
    bridge,
    error::{polars, polars_rows},
    options, strings,
};

/// Refuses a column that is no text, and languages that are none.
fn texts(fields: &[Field]) -> PolarsResult<()> {
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

/// Type of the entities: known without loading a model.
fn entities_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    let options = options(kwargs).map_err(|e| polars(&e))?;
    texts(fields)?;
    bridge::polars_field(fields[0].name().as_str(), &options.data_type())
}

/// Type of the diagnostics.
fn diagnostics_type(fields: &[Field], kwargs: RawOptions) -> PolarsResult<Field> {
    options(kwargs).map_err(|e| polars(&e))?;
    texts(fields)?;
    bridge::polars_field(fields[0].name().as_str(), &schema::diagnostics_type())
}

/// Texts and, where there is a second input, their languages.
fn columns(inputs: &[Series]) -> PolarsResult<(ArrayRef, Option<ArrayRef>)> {
    // Polars does not look at strings that come from Arrow either
    let column = |series| strings::bytes(&bridge::from_polars(series)?).map_err(|e| polars(&e));
    Ok((column(&inputs[0])?, inputs.get(1).map(column).transpose()?))
}

fn notes<'a>((texts, languages): &'a (ArrayRef, Option<ArrayRef>)) -> Notes<'a> {
    Notes { texts, languages: languages.as_ref().map(|codes| codes as &dyn Array) }
}

/// Annotates one chunk of a column.
#[polars_expr(output_type_func_with_kwargs=entities_type)]
fn extract(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let chunks = engine.annotate_chunks(notes(&columns(inputs)?)).map_err(|e| polars_rows(&e, inputs[0].len()))?;
    bridge::to_polars(inputs[0].name().as_str(), chunks)
}

/// What reading one chunk of a column takes.
#[polars_expr(output_type_func_with_kwargs=diagnostics_type)]
fn diagnose(inputs: &[Series], kwargs: RawOptions) -> PolarsResult<Series> {
    let engine = Engine::new(&options(kwargs).map_err(|e| polars(&e))?).map_err(|e| polars(&e))?;
    let found = engine.diagnose(notes(&columns(inputs)?)).map_err(|e| polars(&e))?;
    bridge::to_polars(inputs[0].name().as_str(), vec![found])
}
