//! The ONNX file of a saved annotator: a zip under a name of its own, with or without external data.

use std::{
    fs,
    path::{Path, PathBuf},
};

use spanframe_model::Graph;

use super::object_file::wrong;
use crate::{InstallError, Limits, archive};

const ENDING: &str = "_onnx";
/// Files of engines that are not read, by how their names end.
const OTHERS: [(&str, &str); 2] = [("_tensorflow", "TensorFlow"), ("_openvino", "OpenVINO")];
const SCRATCH: &str = ".unpacked";
pub(crate) const ONNX: &str = "model.onnx";

/// Writes `model.onnx` and its external data into `target`, and gives what the file says of itself.
///
/// # Errors
/// [`InstallError::Spark`] for other engines, [`InstallError::Archive`] for a zip that is not harmless.
pub(crate) fn bring(folder: &Path, target: &Path, limits: Limits) -> Result<Graph, InstallError> {
    let files = files(folder)?;
    let Some(zip) = files.iter().find(|path| name(path).ends_with(ENDING)) else {
        return Err(wrong(folder, missing(&files)));
    };
    let scratch = target.join(SCRATCH);
    fs::create_dir(&scratch).map_err(InstallError::file(&scratch))?;
    archive::unpack_zip(zip, &scratch, limits)?;
    let inside = self::files(&scratch)?;
    let mut found = inside.iter().filter(|path| path.extension().is_some_and(|e| e == "onnx"));
    let (Some(onnx), None) = (found.next(), found.next()) else {
        return Err(wrong(zip, "it does not hold one .onnx file"));
    };
    let moved = target.join(ONNX);
    fs::rename(onnx, &moved).map_err(InstallError::file(&moved))?;
    // names in the graph are checked for leading out before any is followed
    let graph = Graph::check(&moved)?;
    for data in &graph.external {
        let beside = [scratch.join(data), folder.join(data)];
        let ends = |path: &&PathBuf| name(path).ends_with(data.as_str());
        let from = beside.iter().find(|path| path.is_file()).or_else(|| files.iter().find(ends));
        let from = from.ok_or_else(|| {
            let reason = "which is not there: some versions of Spark NLP leave it behind when they save; copy it into the folder";
            wrong(folder, format!("the weights of its ONNX file are in `{data}`, {reason}"))
        })?;
        fs::copy(from, target.join(data)).map_err(InstallError::file(from))?;
    }
    fs::remove_dir_all(&scratch).map_err(InstallError::file(&scratch))?;
    Ok(graph)
}

/// The first file of `folder` whose name ends with `ending`.
pub(crate) fn find(folder: &Path, ending: &str) -> Result<Option<PathBuf>, InstallError> {
    Ok(files(folder)?.into_iter().find(|path| path.is_file() && name(path).ends_with(ending)))
}

fn missing(files: &[PathBuf]) -> String {
    let other = files.iter().find_map(|path| OTHERS.iter().find(|(ending, _)| name(path).contains(ending)));
    match other {
        Some((_, engine)) => format!(
            "it is of the engine {engine}, and ONNX alone is read: make a model of the Hugging Face checkpoint that it was made \
             from with `spanframe model export`, or take the model's `_onnx` version"
        ),
        None => format!("it has no file that ends in {ENDING}: copy the whole folder that Spark NLP saved"),
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let entries = fs::read_dir(folder).map_err(InstallError::file(folder))?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.sort();
    Ok(found)
}
