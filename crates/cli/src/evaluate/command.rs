//! The command that reproduces an evaluation.

use std::path::{Path, PathBuf};

use serde_json::Value;
use spanframe_engine::{EngineOptions, ModelChoice, RawOptions};

use super::sets::Corpus;
use crate::flags::EvaluateFlags;

/// The command line without folders, so that it fits any machine. `model` is the name of a single model; `None` if no
/// model was run.
pub fn command(flags: &EvaluateFlags, corpora: &[Corpus], options: &EngineOptions, model: Option<&str>) -> String {
    let mut words = vec!["spanframe evaluate".to_string()];
    words.extend(corpora.iter().map(Corpus::name));
    let mut add_flag = |name: &str, value: String| {
        words.push(format!("--{} {value}", name.replace('_', "-")).trim_end().to_string());
    };
    let name = match &options.model {
        ModelChoice::One(_) => model.map(String::from),
        ModelChoice::List(_) if model.is_none() => None,
        ModelChoice::List(names) => Some(names.iter().map(|name| file_name(name)).collect::<Vec<_>>().join(",")),
        // its rules count without a model too
        ModelChoice::File(path) => Some(file_name(&path.display().to_string())),
    };
    if let Some(name) = name {
        add_flag("model", name);
    }
    let variants: Vec<&str> = flags.variants.iter().map(|v| v.name()).collect();
    add_flag("variant", variants.join(","));
    if let Some(limit) = flags.limit {
        add_flag("limit", limit.to_string());
    }
    if flags.attributes_only {
        add_flag("attributes_only", String::new());
    }
    if !flags.rename.is_empty() {
        add_flag("rename", flags.rename.join(","));
    }
    // the model is added above, the library is elsewhere on another machine, and the others do not change scores
    let of_names = |files: &Option<Vec<PathBuf>>| {
        files.as_ref().map(|files| files.iter().map(|file| without_folders(file)).collect())
    };
    let typed = RawOptions {
        model: None,
        onnxruntime: None,
        layout: None,
        offsets: None,
        cleaned_offsets: None,
        assertion_rules: of_names(&options.typed.assertion_rules),
        link: of_names(&options.typed.link),
        ..options.typed.clone()
    };
    // options of strings, numbers and lists always have a JSON value
    let typed = serde_json::to_value(typed).unwrap_or_default();
    for name in EngineOptions::names().filter(|name| !typed[name].is_null()) {
        add_flag(name, typed_after_flag(&typed[name]));
    }
    words.join(" ")
}

/// The name of a model, without folders if it is a path.
fn file_name(model: &str) -> String {
    let path = Path::new(model);
    path.file_name()
        .filter(|_| path.exists())
        .map_or_else(|| model.to_string(), |name| name.to_string_lossy().into_owned())
}

/// The name of a file, without folders.
fn without_folders(path: &Path) -> PathBuf {
    path.file_name().map_or_else(|| path.to_path_buf(), PathBuf::from)
}

/// A JSON value as it is typed after its flag.
fn typed_after_flag(value: &Value) -> String {
    let list = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(",");
    match value {
        Value::String(word) => word.clone(),
        Value::Array(items) => list(&mut items.iter().map(typed_after_flag)),
        Value::Object(pairs) => list(&mut pairs.iter().map(|(old, new)| format!("{old}={}", typed_after_flag(new)))),
        other => other.to_string(),
    }
}
