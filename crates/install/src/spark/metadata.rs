//! [`Metadata`]: what Spark writes about a stage in `metadata/part-00000`.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::saved_folder::{parts, read, refused};
use crate::InstallError;

const METADATA: &str = "metadata";
const LONGEST_METADATA: u64 = 16 << 20;

/// The metadata of a stage of Spark.
#[derive(Deserialize)]
pub(super) struct Metadata {
    /// Class with its package.
    pub class: String,
    pub uid: String,
    #[serde(rename = "sparkVersion", default)]
    pub spark_version: String,
    #[serde(rename = "paramMap", default)]
    params: Map<String, Value>,
    #[serde(rename = "defaultParamMap", default)]
    defaults: Map<String, Value>,
}

impl Metadata {
    /// Reads the metadata of the stage saved at `folder`.
    ///
    /// # Errors
    /// [`InstallError::Spark`] if it is missing or not Spark's JSON.
    pub(super) fn read(folder: &Path) -> Result<Self, InstallError> {
        let Some(part) = parts(&folder.join(METADATA))?.into_iter().next() else {
            return Err(refused(folder, "it has no metadata: copy the whole folder that Spark NLP saved"));
        };
        let bytes = read(&part, LONGEST_METADATA)?;
        serde_json::from_slice(&bytes)
            .map_err(|e| refused(&part, format!("it is not metadata of Spark ({e}): copy the folder again")))
    }

    /// Value of the parameter `name`, set or default.
    pub(super) fn param(&self, name: &str) -> Option<&Value> {
        self.params.get(name).or_else(|| self.defaults.get(name))
    }

    /// The class without its package.
    pub(super) fn short_class(&self) -> &str {
        self.class.rsplit('.').next().unwrap_or_default()
    }
}

/// True if Spark saved `folder` and it is not a model folder.
pub(crate) fn is_saved(folder: &Path) -> bool {
    folder.join(METADATA).is_dir() && !folder.join("config.json").exists()
}
