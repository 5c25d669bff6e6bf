//! Folders that Spark NLP saved: found, told apart, and turned into model folders.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spanframe_model::ModelError;

use super::{
    family::Family,
    object_file::{elements, numbered, parts, read, wrong},
    onnx_zip, tokenizer,
};
use crate::{InstallError, Limits};

const METADATA: &str = "metadata";
const STAGES: &str = "stages";
const LONGEST_METADATA: u64 = 16 << 20;
/// Positions of a model whose ONNX file does not tell them: as many tokens as Spark NLP ever gives.
const POSITIONS: u64 = 512;
/// Digits of the digest in a name that is made of it.
const DIGITS: usize = 12;

/// What Spark writes of a stage.
#[derive(Deserialize)]
struct Metadata {
    class: String,
    uid: String,
    #[serde(rename = "sparkVersion", default)]
    spark_version: String,
    #[serde(rename = "paramMap", default)]
    params: serde_json::Map<String, Value>,
    #[serde(rename = "defaultParamMap", default)]
    defaults: serde_json::Map<String, Value>,
}

impl Metadata {
    fn read(folder: &Path) -> Result<Self, InstallError> {
        let Some(part) = parts(&folder.join(METADATA))?.into_iter().next() else {
            return Err(wrong(folder, "it has no metadata"));
        };
        let bytes = read(&part, LONGEST_METADATA)?;
        serde_json::from_slice(&bytes).map_err(|e| wrong(&part, format!("it is no metadata of Spark: {e}")))
    }

    fn param(&self, name: &str) -> Option<&Value> {
        self.params.get(name).or_else(|| self.defaults.get(name))
    }

    /// Its class without the package.
    fn short_class(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }
}

/// Whether `folder` is one that Spark saved and no model folder.
pub(crate) fn is_saved(folder: &Path) -> bool {
    folder.join(METADATA).is_dir() && !folder.join("config.json").exists()
}

/// A name made of the class and the content of the classifier saved at `folder`.
///
/// # Errors
/// As [`import`].
pub(crate) fn name(folder: &Path) -> Result<String, InstallError> {
    let (folder, _, family) = classifier(folder)?;
    let mut hasher = Sha256::new();
    add(&folder, &folder, &mut hasher)?;
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sparknlp-{}-{}", family.model_type, &digest[..DIGITS]))
}

/// Adds names and contents of all files below `folder`, without hidden ones, which are checksums.
fn add(root: &Path, folder: &Path, hasher: &mut Sha256) -> Result<(), InstallError> {
    let entries = fs::read_dir(folder).map_err(InstallError::file(folder))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| !path.file_name().unwrap_or_default().to_string_lossy().starts_with('.'));
    paths.sort();
    for path in paths {
        if path.is_dir() {
            add(root, &path, hasher)?;
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let mut file = fs::File::open(&path).map_err(InstallError::file(&path))?;
        let length = file.metadata().map_err(InstallError::file(&path))?.len();
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name);
        hasher.update(length.to_le_bytes());
        std::io::copy(&mut file, &mut HashWriter(hasher)).map_err(InstallError::file(&path))?;
    }
    Ok(())
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes the token classifier that Spark NLP saved at `folder`, by itself or in a pipeline, as a model folder into
/// `target`.
///
/// # Errors
/// [`InstallError::Spark`] that names the file and the place in it.
pub(crate) fn import(folder: &Path, target: &Path, limits: Limits) -> Result<(), InstallError> {
    if !is_saved(folder) {
        return Err(InstallError::WrongKind {
            path: folder.display().to_string(),
            reason: "was not saved by Spark NLP (it has no folder metadata): `spanframe model add` takes model folders",
        });
    }
    let (folder, metadata, family) = classifier(folder)?;
    let cased = metadata.param("caseSensitive").and_then(Value::as_bool).unwrap_or(true);
    let labels = labels(&folder)?;
    let tokenizer = tokenizer::read(&folder, family, cased)?;
    let graph = onnx_zip::bring(&folder, target, limits)?;
    let config = json!({
        "model_type": family.model_type,
        "architectures": [family.architecture],
        "id2label": labels.iter().enumerate().map(|(id, label)| (id.to_string(), json!(label))).collect::<serde_json::Map<_, _>>(),
        "label2id": labels.iter().enumerate().map(|(id, label)| (label.clone(), json!(id))).collect::<serde_json::Map<_, _>>(),
        "max_position_embeddings": graph.positions.unwrap_or(POSITIONS + family.first_position),
        "pad_token_id": tokenizer.pad,
    });
    write(target, "config.json", &config)?;
    write(target, "tokenizer.json", &tokenizer.json)?;
    let readme = target.join("README.md");
    fs::write(&readme, card(&folder, &metadata, family)).map_err(InstallError::file(readme))
}

/// The classifier at `folder`: that folder, or the one stage of a pipeline that is one.
fn classifier(folder: &Path) -> Result<(PathBuf, Metadata, &'static Family), InstallError> {
    let metadata = Metadata::read(folder)?;
    if let Some(family) = Family::find(&metadata.class) {
        return Ok((folder.to_path_buf(), metadata, family));
    }
    if metadata.short_class() != "PipelineModel" {
        let classes = Family::classes();
        return Err(wrong(folder, format!("it is a {}, and what is read is {classes}", metadata.short_class())));
    }
    let stages = folder.join(STAGES);
    let entries = fs::read_dir(&stages).map_err(InstallError::file(&stages))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    paths.sort();
    let (mut found, mut others) = (Vec::new(), Vec::new());
    for path in paths {
        let stage = Metadata::read(&path)?;
        match Family::find(&stage.class) {
            Some(family) => found.push((path, stage, family)),
            None => others.push(stage.short_class().to_string()),
        }
    }
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(wrong(
            folder,
            format!("no stage of the pipeline ({}) is one of {}", others.join(", "), Family::classes()),
        )),
        _ => {
            let names: Vec<String> = found.iter().map(|(path, ..)| format!("`{}`", path.display())).collect();
            Err(wrong(
                folder,
                format!("the pipeline has several token classifiers: import one of {}", names.join(", ")),
            ))
        }
    }
}

/// Labels in the order of the logits.
fn labels(folder: &Path) -> Result<Vec<String>, InstallError> {
    let place = folder.join("fields/labels");
    let mut found = elements(&place, numbered)?;
    found.sort_by_key(|(_, id)| *id);
    let whole = found.iter().zip(0..).all(|((_, id), expect)| *id == expect);
    match whole && !found.is_empty() {
        true => Ok(found.into_iter().map(|(label, _)| label).collect()),
        false => Err(wrong(&place, "its labels are not numbered from 0 on, each once")),
    }
}

fn write(folder: &Path, name: &str, value: &Value) -> Result<(), InstallError> {
    let path = folder.join(name);
    let reason = |e: serde_json::Error| ModelError::Config { file: path.display().to_string(), reason: e.to_string() };
    let text = serde_json::to_string(value).map_err(reason)?;
    fs::write(&path, text + "\n").map_err(InstallError::file(&path))
}

/// A card that tells what was imported.
fn card(folder: &Path, metadata: &Metadata, family: &Family) -> String {
    let full = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let name = full.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut rows = vec![
        ("class", metadata.class.clone()),
        ("uid", metadata.uid.clone()),
        ("saved with Spark", metadata.spark_version.clone()),
    ];
    for param in ["caseSensitive", "maxSentenceLength", "batchSize", "engine"] {
        if let Some(value) = metadata.param(param) {
            rows.push((param, value.to_string()));
        }
    }
    let table: String = rows.iter().map(|(key, value)| format!("| {key} | {value} |\n")).collect();
    format!(
        "# {name}\n\nImported from a folder that Spark NLP saved; weights, labels and vocabulary are those of the folder.\n\n\
         | | |\n|---|---|\n{table}\n\
         tokenizer.json is written as Hugging Face writes it for {architecture}: texts are read whole, where Spark NLP gives \
         the model the first part of each word and at most maxSentenceLength pieces (`emulate=\"sparknlp\"` with \
         `max_length` does so too). Licence and languages are those of the model that was saved, and are not in the folder.\n",
        architecture = family.architecture,
    )
}
