//! The catalogue and installed models for Python.

use std::path::PathBuf;

use pyo3::{
    prelude::*,
    types::{PyDict, PyList},
};
use spanframe_engine::{RawOptions, catalogue};
use spanframe_install::{InstallError, Installed, ModelSource, Models, Naming, StopCheck, Token};

use crate::{
    error::{install, python},
    interruptible::{StopFlag, interruptible},
    warn,
};

/// Returns one dict for each model that has a name.
#[pyfunction]
pub fn models(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let models = py.detach(catalogue::list).map_err(|e| python(&e))?;
    let rows = models.into_iter().map(|model| {
        let row = PyDict::new(py);
        let strict = model.score.as_ref().map(|score| score.strict);
        row.set_item("name", model.name)?;
        row.set_item("languages", model.languages)?;
        row.set_item("entities", model.entities)?;
        row.set_item("architecture", model.architecture)?;
        row.set_item("bytes", model.bytes)?;
        row.set_item("licence", model.licence)?;
        row.set_item("f1", strict.map(|figures| figures.f1))?;
        row.set_item("f1_low", strict.map(|figures| figures.f1_low))?;
        row.set_item("f1_high", strict.map(|figures| figures.f1_high))?;
        row.set_item("annotation", model.score.map(|score| score.annotation))?;
        row.set_item("installed", model.installed)?;
        row.set_item("model", model.model)?;
        Ok(row)
    });
    PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
}

/// Returns the models in the user's folder.
fn home() -> PyResult<Models> {
    let options = crate::options(RawOptions::default()).map_err(|e| python(&e))?;
    Models::home(options.runtime, catalogue::BUNDLED).map_err(|e| install(&e))
}

/// Runs `work` on the models in the user's folder, without the interpreter's lock. A signal ends it.
fn at_home<T: Send + 'static>(
    py: Python<'_>, work: impl FnOnce(Models) -> Result<T, InstallError> + Send + 'static,
) -> PyResult<T> {
    let mut models = home()?;
    let work = move |stop: StopFlag, _updates| {
        models.stop = StopCheck::new(move || stop.is_set());
        work(models).map_err(|e| install(&e))
    };
    interruptible(py, work, |_, ()| Ok(()))
}

fn installed_dict(py: Python<'_>, installed: Installed) -> PyResult<Bound<'_, PyDict>> {
    for warning in &installed.card.warnings {
        warn(&format!("model `{}`: {warning}", installed.folder.display()));
    }
    let row = PyDict::new(py);
    row.set_item("name", installed.name)?;
    row.set_item("folder", installed.folder)?;
    row.set_item("source", installed.manifest.source)?;
    row.set_item("commit", installed.manifest.commit)?;
    row.set_item("entities", installed.card.entities)?;
    Ok(row)
}

/// Installs a model and returns its name, folder, source, commit and entities. `endpoint`, `token` and `offline` take
/// precedence over the environment.
#[pyfunction]
#[pyo3(signature = (source, *, name, replace, endpoint, token, offline))]
pub fn add_model<'py>(
    py: Python<'py>, source: String, name: Option<String>, replace: bool, endpoint: Option<String>,
    token: Option<String>, offline: Option<bool>,
) -> PyResult<Bound<'py, PyDict>> {
    let naming = Naming { name, replace };
    let installed = at_home(py, move |mut models| {
        models.hub.endpoint = endpoint.or(models.hub.endpoint);
        models.hub.token = token.and_then(|token| Token::new(&token)).or(models.hub.token);
        models.hub.offline = offline.unwrap_or(models.hub.offline);
        models.add(&ModelSource::parse(&source)?, &naming)
    })?;
    installed_dict(py, installed)
}

/// Installs a model that Spark NLP saved.
#[pyfunction]
#[pyo3(signature = (path, *, name, replace))]
pub fn import_model(py: Python<'_>, path: PathBuf, name: Option<String>, replace: bool) -> PyResult<Bound<'_, PyDict>> {
    let naming = Naming { name, replace };
    let installed = at_home(py, move |models| models.import(&path, &naming))?;
    installed_dict(py, installed)
}

/// Installs a model that Spark NLP saved under a name made from its content. The same content is imported once.
#[pyfunction]
pub fn import_once(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyDict>> {
    let installed = at_home(py, move |models| models.import_once(&path))?;
    installed_dict(py, installed)
}

/// Writes a model to an archive.
#[pyfunction]
pub fn pack_model(py: Python<'_>, model: String, archive: PathBuf) -> PyResult<()> {
    at_home(py, move |models| models.pack(&model, &archive).map(drop))
}

/// Copies an ONNX file and the other files of its model into an empty folder. Returns the paths of the file and its
/// external data there.
#[pyfunction]
pub fn copy_model(py: Python<'_>, onnx: PathBuf, folder: PathBuf) -> PyResult<Vec<PathBuf>> {
    py.detach(|| Models::copy(&onnx, &folder)).map_err(|e| install(&e))
}

/// Writes the manifest of a model folder that was made from `source`.
#[pyfunction]
pub fn seal(py: Python<'_>, folder: PathBuf, source: &str) -> PyResult<()> {
    py.detach(|| Models::seal(&folder, source).map(drop)).map_err(|e| install(&e))
}

/// Removes an installed model.
#[pyfunction]
pub fn remove_model(py: Python<'_>, name: String) -> PyResult<()> {
    at_home(py, move |models| models.remove(&name).map(drop))
}

/// True if the model has a manifest. Files that do not match it are an error.
#[pyfunction]
pub fn verify_model(py: Python<'_>, model: String) -> PyResult<bool> {
    at_home(py, move |models| Ok(models.verify(&model)?.manifest.is_some()))
}
