//! `spanframe model list`: the models that have a name.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use serde_json::{Value, json};
use spanframe_engine::{
    EngineError,
    catalogue::{self, Listed},
};
use spanframe_view::character::line;

use crate::{
    console::{print, print_json},
    error::CliError,
};

/// Prints the catalogue as a table, or as a JSON array.
pub fn list(as_json: bool) -> Result<(), CliError> {
    let models = catalogue::list()?;
    if as_json {
        return print_json(format_args!("{:#}", models.iter().map(value).collect::<Value>()));
    }
    let table = table(&models).and_then(|rows| pretty_format_batches(&[rows])).map_err(EngineError::from)?;
    let folder = spanframe_engine::models_folder();
    let folder = folder.map_or_else(|| "$SPANFRAME_HOME/models".to_string(), |folder| folder.display().to_string());
    print(&format!(
        "{table}\nF1: exact span and type on clean test texts of the first language, with the 95 % interval. Silver scores \
         compare with projected annotations.\nA name that is not installed runs the bundled model, whose weights are not \
         those published under that name.\nInstalled models are folders in {folder}\n"
    ))
}

fn value(model: &Listed) -> Value {
    let strict = model.score.as_ref().map(|score| score.strict);
    json!({
        "name": model.name,
        "languages": model.languages,
        "entities": model.entities,
        "architecture": model.architecture,
        "bytes": model.bytes,
        "licence": model.licence,
        "f1": strict.map(|s| s.f1),
        "f1_low": strict.map(|s| s.f1_low),
        "f1_high": strict.map(|s| s.f1_high),
        "annotation": model.score.as_ref().map(|score| score.annotation.as_str()),
        "installed": model.installed,
        "model": model.model,
    })
}

fn table(models: &[Listed]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let column = |cell: fn(&Listed) -> String| -> ArrayRef {
        Arc::new(models.iter().map(|model| Some(line(&cell(model)))).collect::<StringArray>())
    };
    RecordBatch::try_from_iter([
        ("name", column(|m| m.name.clone())),
        ("language", column(|m| m.languages.join(", "))),
        ("entities", column(|m| m.entities.join(", "))),
        ("architecture", column(|m| m.architecture.clone())),
        ("MB", column(|m| m.bytes.map_or(String::new(), |bytes| format!("{:.1}", bytes as f64 / 1e6)))),
        ("licence", column(|m| m.licence.clone().unwrap_or_default())),
        ("F1", column(f1)),
        ("installed", column(|m| if m.installed { "yes" } else { "no" }.to_string())),
        ("runs", column(|m| m.model.clone())),
    ])
}

/// F1 with its interval and kind of annotation: `0.877 [0.850, 0.901] gold`. Empty for a model without a score.
fn f1(model: &Listed) -> String {
    let Some(score) = &model.score else { return String::new() };
    let strict = score.strict;
    let [f1, low, high] = [strict.f1, strict.f1_low, strict.f1_high].map(|value| format!("{value:.3}"));
    format!("{f1} [{low}, {high}] {}", score.annotation)
}
