//! Reads options from Python's keyword arguments.

use std::path::PathBuf;

use pyo3::{
    prelude::*,
    types::{PyDict, PyString},
};
use spanframe_engine::{OptionSpec, OptionTable, OptionValue, RawLink, RawOptions, option_table::OptionType};

use crate::error::{InputError, InternalError, python};

/// Checks options without loading a model.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn check_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
    crate::options(raw(options)?).map(drop).map_err(|e| python(&e))
}

/// Returns all options by name as JSON. Checks their types, not their values.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn plain_options(options: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
    plain(serde_json::to_string(&raw(options)?))
}

/// Returns all options of linking by name as JSON. Checks their types, not their values.
#[pyfunction]
#[pyo3(signature = (**options))]
pub fn plain_link(options: Option<&Bound<'_, PyDict>>) -> PyResult<String> {
    let typed: RawLink = options.map(read).transpose()?.unwrap_or_default();
    plain(serde_json::to_string(&typed))
}

fn plain(json: serde_json::Result<String>) -> PyResult<String> {
    json.map_err(|error| InternalError::new_err(format!("internal error, please report it: {error}")))
}

/// Reads keyword arguments as options of the engine.
///
/// # Errors
/// `InputError` that names the option, for an unknown name and for a value of another type.
pub fn raw(options: Option<&Bound<'_, PyDict>>) -> PyResult<RawOptions> {
    let Some(options) = options else { return Ok(RawOptions::default()) };
    for name in options.keys() {
        crate::check_option(&name.extract::<String>()?)?;
    }
    read(options)
}

/// Reads the options of a table from a dict that has no other names.
///
/// # Errors
/// `InputError` that names the option, for a value of another type.
pub fn read<T: OptionTable>(options: &Bound<'_, PyDict>) -> PyResult<T> {
    T::read(|option| options.get_item(option.name)?.map_or(Ok(None), |value| read_value(option, &value)))
}

fn read_value(option: &OptionSpec, value: &Bound<'_, PyAny>) -> PyResult<Option<OptionValue>> {
    Ok(match option.option_type {
        OptionType::Text => typed(option.name, "a string", value)?.map(OptionValue::Text),
        OptionType::Path => typed::<PathBuf>(option.name, "a path", value)?.map(OptionValue::Path),
        OptionType::List => typed(option.name, "a list of strings", value)?.map(OptionValue::List),
        OptionType::Models => {
            typed(option.name, "a name, a path, or a list of them", value)?.map(|models: OneOrSeveral<String>| {
                match models {
                    OneOrSeveral::One(name) => OptionValue::Text(name),
                    OneOrSeveral::Several(names) => OptionValue::List(names),
                }
            })
        }
        OptionType::Paths => {
            typed(option.name, "a path, or a list of paths", value)?.map(|paths: OneOrSeveral<PathBuf>| match paths {
                OneOrSeveral::One(path) => OptionValue::Paths(vec![path]),
                OneOrSeveral::Several(paths) => OptionValue::Paths(paths),
            })
        }
        OptionType::Selection if value.is_instance_of::<PyString>() => {
            return Err(wrong_type(option.name, "True, or a list of names", value));
        }
        OptionType::Selection => {
            typed(option.name, "True, or a list of names", value)?.map(|selection| match selection {
                AllOrSome::All(all) => OptionValue::Bool(all),
                AllOrSome::Some(names) => OptionValue::List(names),
            })
        }
        OptionType::Pairs => typed(option.name, "a dict of strings", value)?.map(OptionValue::Pairs),
        OptionType::Bool => typed(option.name, "True or False", value)?.map(OptionValue::Bool),
        OptionType::Integer => typed(option.name, "an integer", value)?.map(OptionValue::Integer),
        OptionType::Float => typed(option.name, "a number", value)?.map(OptionValue::Float),
    })
}

/// One item, or a list of items.
#[derive(FromPyObject)]
enum OneOrSeveral<T> {
    One(T),
    Several(Vec<T>),
}

/// All or none, or a list of names.
#[derive(FromPyObject)]
enum AllOrSome {
    All(bool),
    Some(Vec<String>),
}

/// Reads the value of one option; `None` is an option that was left out. `allowed` is what it may be, for the error.
///
/// # Errors
/// `InputError` that names the option, for a value of another type.
pub fn typed<'py, T>(option: &str, allowed: &str, value: &Bound<'py, PyAny>) -> PyResult<Option<T>>
where
    Option<T>: for<'a> FromPyObject<'a, 'py>,
{
    value.extract().map_err(|_| wrong_type(option, allowed, value))
}

fn wrong_type(option: &str, allowed: &str, value: &Bound<'_, PyAny>) -> PyErr {
    let kind = value.get_type().name().map_or_else(|_| "?".to_string(), |name| name.to_string());
    InputError::new_err(format!("option `{option}` cannot be a {kind}; it may be {allowed}"))
}
