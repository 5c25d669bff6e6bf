//! The Python extension module: Polars expressions, and the engine over the Arrow PyCapsule interface.
//!
//! Everything is a thin layer over the crates below. All unsafe code is in `bridge` and the files below it.

mod annotate;
#[allow(unsafe_code)] // the borders to Polars and Python
mod bridge;
mod diff;
mod display;
mod engine;
mod entity_column;
mod error;
mod export;
mod expressions;
mod field;
mod input;
mod interruptible;
mod keywords;
mod link;
mod models;
mod polars_type;
mod query;
mod run;
mod strings;
mod table;

use std::{
    ffi::{CString, OsString},
    io::{Write, stderr},
    path::PathBuf,
    sync::OnceLock,
};

use pyo3::{exceptions::PyUserWarning, prelude::*};
use spanframe_cli::Host;
use spanframe_engine::{EngineOptions, OptionTable, RawOptions, shown_name};
use spanframe_jobs::RawJob;

/// The ONNX Runtime library of this Python. The package sets it once.
static PYTHON_LIBRARY: OnceLock<PathBuf> = OnceLock::new();

/// Checks options from Python, and adds the library of this Python.
fn options(raw: RawOptions) -> Result<EngineOptions, spanframe_engine::EngineError> {
    let mut options = EngineOptions::new(raw)?;
    options.runtime.python = PYTHON_LIBRARY.get().cloned();
    Ok(options)
}

/// Sets the path of the library in the `onnxruntime` package of this Python.
#[pyfunction]
fn set_library(path: PathBuf) {
    PYTHON_LIBRARY.get_or_init(|| path);
}

/// Returns the names of all options of the engine.
#[pyfunction]
fn option_names() -> Vec<&'static str> {
    EngineOptions::names().collect()
}

/// Returns the names of the options of a job.
#[pyfunction]
fn job_option_names() -> Vec<&'static str> {
    RawJob::OPTIONS.iter().map(|option| option.name).collect()
}

/// Refuses a name that is not an option; the message suggests the nearest one.
#[pyfunction]
fn check_option(name: &str) -> PyResult<()> {
    EngineOptions::check_name(name).map_err(|e| error::python(&e.into()))
}

/// Lists columns for a message, or counts them if a name may be data.
#[pyfunction]
fn column_list(names: Vec<String>) -> String {
    shown_name::column_list(names.iter().map(String::as_str))
}

/// Runs the command line and returns its exit code.
#[pyfunction]
fn cli(py: Python<'_>, args: Vec<OsString>) -> u8 {
    let host = Host { library: PYTHON_LIBRARY.get().cloned(), export: Some(export::export) };
    py.detach(|| spanframe_cli::run(args, &host))
}

/// Gives a warning about a model as a `UserWarning`, or on standard error where Python cannot take it.
fn warn(warning: &str) {
    let given = Python::try_attach(|py| {
        let message = CString::new(warning.replace('\0', " "))?;
        // a filter may turn it into an exception, which nobody would catch on a thread of Polars
        PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1)
    });
    if !matches!(given, Some(Ok(()))) {
        let _ = writeln!(stderr(), "warning: {warning}");
    }
}

#[pymodule]
fn _internal(module: &Bound<'_, PyModule>) -> PyResult<()> {
    spanframe_engine::set_warning_hook(warn);
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<table::Entities>()?;
    module.add_class::<table::Table>()?;
    module.add_function(wrap_pyfunction!(set_library, module)?)?;
    module.add_function(wrap_pyfunction!(option_names, module)?)?;
    module.add_function(wrap_pyfunction!(job_option_names, module)?)?;
    module.add_function(wrap_pyfunction!(check_option, module)?)?;
    module.add_function(wrap_pyfunction!(keywords::check_options, module)?)?;
    module.add_function(wrap_pyfunction!(field::entity_fields, module)?)?;
    module.add_function(wrap_pyfunction!(field::annotation_fields, module)?)?;
    module.add_function(wrap_pyfunction!(field::no_entities, module)?)?;
    module.add_function(wrap_pyfunction!(keywords::plain_options, module)?)?;
    module.add_function(wrap_pyfunction!(keywords::plain_link, module)?)?;
    module.add_function(wrap_pyfunction!(diff::diff, module)?)?;
    module.add_function(wrap_pyfunction!(display::display, module)?)?;
    module.add_function(wrap_pyfunction!(models::models, module)?)?;
    module.add_function(wrap_pyfunction!(models::add_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::import_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::import_once, module)?)?;
    module.add_function(wrap_pyfunction!(models::pack_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::remove_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::copy_model, module)?)?;
    module.add_function(wrap_pyfunction!(models::seal, module)?)?;
    module.add_function(wrap_pyfunction!(models::verify_model, module)?)?;
    module.add_function(wrap_pyfunction!(run::run, module)?)?;
    module.add_function(wrap_pyfunction!(column_list, module)?)?;
    module.add_function(wrap_pyfunction!(cli, module)?)?;
    error::register(module)
}
