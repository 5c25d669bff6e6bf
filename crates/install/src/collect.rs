//! [`collect`]: brings the files that a model consists of, and no others, into one folder.

use std::path::{Component, Path};

use spanframe_model::{Graph, ModelError};

use crate::{InstallError, file_provider::FileProvider};

/// Files that a model must have beside the ONNX file, each with the way to get it.
const REQUIRED: [(&str, &str); 2] = [
    ("config.json", "it lists the labels; copy it from where the model came from"),
    ("tokenizer.json", "save it with `AutoTokenizer.from_pretrained(...).save_pretrained(folder)`"),
];
const OPTIONAL: [&str; 5] =
    ["tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "scores.json", "README.md"];
/// First letters of the names of legal texts, which must go wherever the weights go.
const LEGAL: [&str; 4] = ["LICENSE", "LICENCE", "NOTICE", "COPYING"];
const EXPORT: &str = "make one from the checkpoint with `spanframe model export`";

/// Fetches the files of a model from `provider` into `folder`, the small ones first. `onnx` is the path of the ONNX
/// file if the user named one. Returns the paths of the ONNX file and of its external data.
///
/// # Errors
/// [`ModelError::MissingFile`] before anything large is fetched, [`ModelError::Ambiguous`], and [`ModelError::Refused`]
/// before the weights are fetched.
pub(crate) fn collect(
    provider: &dyn FileProvider, onnx: Option<&str>, folder: &Path,
) -> Result<Vec<String>, InstallError> {
    let listed = provider.list()?;
    let has = |path: &str| listed.iter().any(|known| known == path);
    if let Some((file, hint)) = REQUIRED.into_iter().find(|(file, _)| !has(file)) {
        return Err(ModelError::MissingFile { folder: provider.describe().into(), file, hint }.into());
    }
    let onnx = match onnx {
        Some(onnx) => onnx,
        None => find_onnx(&listed, provider)?,
    };
    let small = REQUIRED.iter().map(|(file, _)| *file).chain(OPTIONAL).filter(|file| has(file));
    let legal = listed.iter().map(String::as_str).filter(|path| is_legal_text(path));
    for path in small.chain(legal).chain([onnx]) {
        fetch(provider, path, folder)?;
    }
    let mut weights = vec![onnx.to_string()];
    // the graph names its external data relative to itself
    for data in Graph::check(&folder.join(onnx))?.external {
        let path = match onnx.rsplit_once('/') {
            Some((parent, _)) => format!("{parent}/{data}"),
            None => data.clone(),
        };
        if !has(&path) {
            let reason = format!(
                "its weights are in `{data}`, which `{}` does not have: copy that file to where the .onnx file is",
                provider.describe()
            );
            return Err(ModelError::Refused { file: onnx.into(), reason }.into());
        }
        fetch(provider, &path, folder)?;
        weights.push(path);
    }
    Ok(weights)
}

fn is_legal_text(path: &str) -> bool {
    !path.contains('/') && LEGAL.iter().any(|name| path.to_uppercase().starts_with(name))
}

fn fetch(provider: &dyn FileProvider, path: &str, folder: &Path) -> Result<(), InstallError> {
    // the hub lists the paths, and must not decide where on this machine they are written
    if !Path::new(path).components().all(|part| matches!(part, Component::Normal(_))) {
        let reason =
            "is listed as a file of the model, and its path leads out of the model's folder: do not trust this model";
        return Err(InstallError::WrongKind { path: path.to_string(), reason });
    }
    let target = folder.join(path);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent).map_err(InstallError::file(parent))?;
    }
    provider.fetch(path, &target)
}

/// The ONNX file, by the rule for folders that are loaded: model.onnx, then onnx/model.onnx, then the only other one.
fn find_onnx<'a>(listed: &'a [String], provider: &dyn FileProvider) -> Result<&'a str, ModelError> {
    let is_onnx = |path: &&String| path.ends_with(".onnx") && matches!(path.split_once('/'), None | Some(("onnx", _)));
    let found: Vec<&String> = listed.iter().filter(is_onnx).collect();
    let usual =
        ["model.onnx", "onnx/model.onnx"].iter().find_map(|usual| found.iter().find(|path| path.as_str() == *usual));
    match (usual, found.as_slice()) {
        (Some(usual), _) => Ok(usual),
        (None, [only]) => Ok(only),
        (None, []) => {
            Err(ModelError::MissingFile { folder: provider.describe().into(), file: "model.onnx", hint: EXPORT })
        }
        (None, several) => Err(ModelError::Ambiguous {
            folder: provider.describe().into(),
            found: several.iter().map(|path| path.as_str()).collect::<Vec<_>>().join(", "),
        }),
    }
}
