//! The ONNX graph of a saved annotator: a zip file `*_onnx`, with its external data inside or beside it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use spanframe_model::Graph;

use super::saved_folder::{entries, name, refused};
use crate::{InstallError, Limits, StopCheck, archive};

const ENDING: &str = "_onnx";
/// Endings of the files of other engines.
const OTHER_ENGINES: [(&str, &str); 2] = [("_tensorflow", "TensorFlow"), ("_openvino", "OpenVINO")];
/// Folder in the target for the unpacked zip file.
const UNPACKED: &str = ".unpacked";
const MODEL: &str = "model.onnx";

/// Writes `model.onnx` and its external data from the saved folder `folder` into `target`. Returns the graph.
///
/// # Errors
/// [`InstallError::Spark`] for a model of another engine and for external data that is missing, [`InstallError::Archive`]
/// for an unsafe zip file, and those of [`Graph::check`].
pub(super) fn unpack(folder: &Path, target: &Path, limits: Limits, stop: &StopCheck) -> Result<Graph, InstallError> {
    let files = entries(folder)?;
    let Some(zip) = files.iter().find(|path| name(path).ends_with(ENDING)) else {
        return Err(refused(folder, why_no_graph(&files)));
    };
    let unpacked = target.join(UNPACKED);
    fs::create_dir(&unpacked).map_err(InstallError::file(&unpacked))?;
    archive::unpack_zip(zip, &unpacked, limits, stop)?;
    let inside = entries(&unpacked)?;
    let mut found = inside.iter().filter(|path| path.extension().is_some_and(|e| e == "onnx"));
    let (Some(onnx), None) = (found.next(), found.next()) else {
        return Err(refused(zip, "it does not hold exactly one .onnx file: save the model again with Spark NLP"));
    };
    let model = target.join(MODEL);
    fs::rename(onnx, &model).map_err(InstallError::file(&model))?;
    // the check refuses names that lead out of the folder, before any file is copied by such a name
    let graph = Graph::check(&model)?;
    for data in &graph.external {
        let places = [unpacked.join(data), folder.join(data)];
        let from = find_data(data, &places, &files);
        let from = from.ok_or_else(|| {
            let reason =
                "which is not there. Some versions of Spark NLP leave it out when they save: copy it into the folder";
            refused(folder, format!("the weights of its ONNX graph are in `{data}`, {reason}"))
        })?;
        fs::copy(from, target.join(data)).map_err(InstallError::file(from))?;
    }
    fs::remove_dir_all(&unpacked).map_err(InstallError::file(&unpacked))?;
    Ok(graph)
}

/// The file with the external data `data`: at one of `places`, else a file of the saved folder whose name ends with it.
fn find_data<'a>(data: &str, places: &'a [PathBuf], files: &'a [PathBuf]) -> Option<&'a PathBuf> {
    let by_ending = || files.iter().find(|path| name(path).ends_with(data));
    places.iter().find(|path| path.is_file()).or_else(by_ending)
}

fn why_no_graph(files: &[PathBuf]) -> String {
    let other = files.iter().find_map(|path| OTHER_ENGINES.iter().find(|(ending, _)| name(path).contains(ending)));
    match other {
        Some((_, engine)) => format!(
            "it was saved with the engine {engine}, and only ONNX is supported: export the Hugging Face checkpoint behind it \
             with `spanframe model export`, or take the model's `_onnx` version"
        ),
        None => format!("it has no file that ends in {ENDING}: copy the whole folder that Spark NLP saved"),
    }
}
