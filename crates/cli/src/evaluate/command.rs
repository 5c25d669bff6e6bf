//! The command that gives the same numbers.

use std::path::Path;

use serde_json::Value;
use spanframe_engine::{EngineOptions, ModelChoice, RawOptions};

use super::sets::Corpus;
use crate::flags::EvaluateFlags;

/// In words, without the folders of this machine. `model` is the name of the only one.
pub fn command(flags: &EvaluateFlags, corpora: &[Corpus], options: &EngineOptions, model: &str) -> String {
    let mut words = vec!["spanframe evaluate".to_string()];
    words.extend(corpora.iter().map(Corpus::name));
    let mut say = |name: &str, value: String| {
        words.push(format!("--{} {value}", name.replace('_', "-")).trim_end().to_string());
    };
    say(
        "model",
        match &options.model {
            ModelChoice::One(_) => model.to_string(),
            ModelChoice::List(names) => names.iter().map(|name| file_name(name)).collect::<Vec<_>>().join(","),
            ModelChoice::File(path) => file_name(&path.display().to_string()),
        },
    );
    let variants: Vec<&str> = flags.variants.iter().map(|v| v.name()).collect();
    say("variant", variants.join(","));
    if let Some(limit) = flags.limit {
        say("limit", limit.to_string());
    }
    if !flags.rename.is_empty() {
        say("rename", flags.rename.join(","));
    }
    // the model has been said, the library lies elsewhere on another machine, and the others change nothing here
    let told = RawOptions {
        model: None,
        onnxruntime: None,
        layout: None,
        offsets: None,
        cleaned_offsets: None,
        ..options.typed.clone()
    };
    // names, numbers and lists: there is nothing that cannot be written
    let typed = serde_json::to_value(told).unwrap_or_default();
    for name in EngineOptions::NAMES.into_iter().filter(|name| !typed[name].is_null()) {
        say(name, typed_after_flag(&typed[name]));
    }
    words.join(" ")
}

/// The name of a model without its folders, if it lies in any.
fn file_name(model: &str) -> String {
    let path = Path::new(model);
    path.file_name()
        .filter(|_| path.exists())
        .map_or_else(|| model.to_string(), |name| name.to_string_lossy().into_owned())
}

fn typed_after_flag(value: &Value) -> String {
    let list = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(",");
    match value {
        Value::String(word) => word.clone(),
        Value::Array(items) => list(&mut items.iter().map(typed_after_flag)),
        Value::Object(pairs) => list(&mut pairs.iter().map(|(old, new)| format!("{old}={}", typed_after_flag(new)))),
        other => other.to_string(),
    }
}
