//! [`import`]: writes a model folder from what Spark NLP saved.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use spanframe_model::ModelError;

use super::{
    card::card,
    classifier::Classifier,
    metadata::is_saved,
    object_file::{Numbered, elements},
    onnx_zip,
    saved_folder::refused,
    tokenizer,
};
use crate::{InstallError, Limits, StopCheck};

/// Positions of a model whose graph does not tell them: the most tokens that Spark NLP gives to a model.
const DEFAULT_POSITIONS: u64 = 512;

/// Writes the token classifier that Spark NLP saved at `folder`, by itself or in a pipeline, into the empty folder
/// `target`.
///
/// # Errors
/// [`InstallError::WrongKind`] if Spark did not save `folder`, else [`InstallError::Spark`] with the file and the byte in it.
pub(crate) fn import(folder: &Path, target: &Path, limits: Limits, stop: &StopCheck) -> Result<(), InstallError> {
    if !is_saved(folder) {
        return Err(InstallError::WrongKind {
            path: folder.display().to_string(),
            reason: "was not saved by Spark NLP (it has no folder metadata): use `spanframe model add` for a model folder",
        });
    }
    let classifier = Classifier::find(folder)?;
    let Classifier { folder, metadata, family } = &classifier;
    let is_cased = metadata.param("caseSensitive").and_then(Value::as_bool).unwrap_or(true);
    let labels = labels(folder)?;
    let tokenizer = tokenizer::read(folder, family, is_cased)?;
    let graph = onnx_zip::unpack(folder, target, limits, stop)?;
    let id2label: Map<_, _> = labels.iter().enumerate().map(|(id, label)| (id.to_string(), json!(label))).collect();
    let label2id: Map<_, _> = labels.iter().enumerate().map(|(id, label)| (label.clone(), json!(id))).collect();
    let config = json!({
        "model_type": family.model_type,
        "architectures": [family.architecture],
        "id2label": id2label,
        "label2id": label2id,
        "max_position_embeddings": graph.positions.unwrap_or(DEFAULT_POSITIONS + family.first_position),
        "pad_token_id": tokenizer.pad,
    });
    write_json(target, "config.json", &config)?;
    write_json(target, "tokenizer.json", &tokenizer.json)?;
    let readme = target.join("README.md");
    fs::write(&readme, card(&classifier)).map_err(InstallError::file(readme))
}

/// Labels in the order of the logits.
fn labels(folder: &Path) -> Result<Vec<String>, InstallError> {
    let field = folder.join("fields/labels");
    let mut found = elements(&field, Numbered::of)?;
    found.sort_by_key(|label| label.number);
    let is_complete = found.iter().zip(0..).all(|(label, expected)| label.number == expected);
    match is_complete && !found.is_empty() {
        true => Ok(found.into_iter().map(|label| label.text).collect()),
        false => Err(refused(
            &field,
            "its labels do not have the numbers 0, 1, 2 and so on, each once: copy the folder again",
        )),
    }
}

fn write_json(folder: &Path, name: &str, value: &Value) -> Result<(), InstallError> {
    let path = folder.join(name);
    let failed = |e: serde_json::Error| ModelError::Config {
        file: path.display().to_string(),
        reason: format!("it cannot be written as JSON ({e}), please report it"),
    };
    let text = serde_json::to_string(value).map_err(failed)?;
    fs::write(&path, text + "\n").map_err(InstallError::file(&path))
}
