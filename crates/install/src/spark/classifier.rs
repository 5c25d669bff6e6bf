//! [`Classifier`]: the one token classifier in what Spark NLP saved.

use std::path::{Path, PathBuf};

use super::{
    family::Family,
    metadata::Metadata,
    saved_folder::{entries, refused},
};
use crate::InstallError;

const PIPELINE: &str = "PipelineModel";
const STAGES: &str = "stages";

/// A saved token classifier.
pub(super) struct Classifier {
    pub folder: PathBuf,
    pub metadata: Metadata,
    pub family: &'static Family,
}

impl Classifier {
    /// Finds the token classifier saved at `folder`, by itself or as the only one of a pipeline.
    ///
    /// # Errors
    /// [`InstallError::Spark`] for any other class, and for a pipeline with none or several.
    pub(super) fn find(folder: &Path) -> Result<Self, InstallError> {
        let metadata = Metadata::read(folder)?;
        if let Some(family) = Family::find(&metadata.class) {
            return Ok(Self { folder: folder.to_path_buf(), metadata, family });
        }
        if metadata.short_class() != PIPELINE {
            let (class, classes) = (metadata.short_class(), Family::classes());
            return Err(refused(
                folder,
                format!(
                    "it is a {class}, and the supported classes are {classes}: use `spanframe model export` on its checkpoint"
                ),
            ));
        }
        Self::find_in_pipeline(folder)
    }

    fn find_in_pipeline(pipeline: &Path) -> Result<Self, InstallError> {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for folder in entries(&pipeline.join(STAGES))?.into_iter().filter(|path| path.is_dir()) {
            let metadata = Metadata::read(&folder)?;
            match Family::find(&metadata.class) {
                Some(family) => found.push(Self { folder, metadata, family }),
                None => others.push(metadata.short_class().to_string()),
            }
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => {
                let (others, classes) = (others.join(", "), Family::classes());
                Err(refused(
                    pipeline,
                    format!("no stage of the pipeline ({others}) is one of {classes}: import a pipeline that has one"),
                ))
            }
            _ => {
                let folders: Vec<String> = found.iter().map(|c| format!("`{}`", c.folder.display())).collect();
                let reason =
                    format!("the pipeline has several token classifiers: import one of {}", folders.join(", "));
                Err(refused(pipeline, reason))
            }
        }
    }
}
