//! [`Needed`]: which files of a source a model consists of.

use std::path::{Component, Path};

use spanframe_model::{Graph, ModelError};

use crate::InstallError;

/// Files that a model must have beside the ONNX file.
const REQUIRED: [(&str, &str); 2] = [
    ("config.json", "it lists the labels; copy it from where the model came from"),
    ("tokenizer.json", "save it with `AutoTokenizer.from_pretrained(...).save_pretrained(folder)`"),
];
const OPTIONAL: [&str; 4] = ["tokenizer_config.json", "special_tokens_map.json", "scores.json", "README.md"];
/// Begins of names of texts that go with the weights wherever they go.
const LEGAL: [&str; 4] = ["LICENSE", "LICENCE", "NOTICE", "COPYING"];
const EXPORT: &str = "make one of the checkpoint with `spanframe model export`";

/// Where files come from: a folder or a repository.
pub(crate) trait Files {
    /// Paths with `/`, of all files that may be asked for.
    fn list(&self) -> Result<Vec<String>, InstallError>;
    /// Brings the file `path` to `target`.
    fn bring(&self, path: &str, target: &Path) -> Result<(), InstallError>;
    /// What it is, for messages.
    fn describe(&self) -> String;
}

/// Brings what a model consists of into `folder`, the small files first; `onnx` is the ONNX file where it is known.
/// Gives the paths of the ONNX file and of its external data.
///
/// # Errors
/// [`ModelError::MissingFile`] before anything large is brought, [`ModelError::Refused`] before its data is.
pub(crate) fn bring(files: &dyn Files, onnx: Option<&str>, folder: &Path) -> Result<Vec<String>, InstallError> {
    let listed = files.list()?;
    let has = |path: &str| listed.iter().any(|known| known == path);
    let missing = |file, hint| ModelError::MissingFile { folder: files.describe().into(), file, hint };
    if let Some((file, hint)) = REQUIRED.into_iter().find(|(file, _)| !has(file)) {
        return Err(missing(file, hint).into());
    }
    let onnx = match onnx {
        Some(onnx) => onnx,
        None => find_onnx(&listed, files)?,
    };
    let legal =
        |path: &&String| !path.contains('/') && LEGAL.iter().any(|begin| path.to_uppercase().starts_with(begin));
    let small = REQUIRED.iter().map(|(file, _)| *file).chain(OPTIONAL).filter(|file| has(file));
    for path in small.chain(listed.iter().filter(legal).map(String::as_str)).chain([onnx]) {
        bring_one(files, path, folder)?;
    }
    let above = Path::new(onnx).parent().and_then(Path::to_str).filter(|above| !above.is_empty());
    let mut weights = vec![onnx.to_string()];
    for data in Graph::check(&folder.join(onnx))?.external {
        let path = above.map_or_else(|| data.clone(), |above| format!("{above}/{data}"));
        if !has(&path) {
            let reason =
                format!("its weights are in `{data}`, which {} has not: copy it beside the file", files.describe());
            return Err(ModelError::Refused { file: onnx.into(), reason }.into());
        }
        bring_one(files, &path, folder)?;
        weights.push(path);
    }
    Ok(weights)
}

fn bring_one(files: &dyn Files, path: &str, folder: &Path) -> Result<(), InstallError> {
    // whoever lists files has no say in where they are written
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(InstallError::WrongKind { path: path.to_string(), reason: "is no path inside a model" });
    }
    let target = folder.join(path);
    if let Some(above) = target.parent() {
        std::fs::create_dir_all(above).map_err(InstallError::file(above))?;
    }
    files.bring(path, &target)
}

/// As in a folder that is opened: model.onnx, then onnx/model.onnx, then the only other one.
fn find_onnx<'a>(listed: &'a [String], files: &dyn Files) -> Result<&'a str, ModelError> {
    let is_onnx = |path: &&String| path.ends_with(".onnx") && matches!(path.split_once('/'), None | Some(("onnx", _)));
    let found: Vec<&String> = listed.iter().filter(is_onnx).collect();
    let usual =
        ["model.onnx", "onnx/model.onnx"].iter().find_map(|usual| found.iter().find(|path| path.as_str() == *usual));
    match (usual, found.as_slice()) {
        (Some(usual), _) => Ok(usual),
        (None, [only]) => Ok(only),
        (None, []) => {
            Err(ModelError::MissingFile { folder: files.describe().into(), file: "model.onnx", hint: EXPORT })
        }
        (None, several) => Err(ModelError::Ambiguous {
            folder: files.describe().into(),
            found: several.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}
