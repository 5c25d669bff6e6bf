//! [`OutputSettings`]: what decides the content of an output, so that two of a kind are never mixed by chance.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spanframe_engine::{Engine, EngineError, RawOptions};

use crate::{JobOptions, OnError};

/// Options of the engine that change speed alone, or that the settings hold in another way.
const NOT_IN_RESULT: [&str; 7] =
    ["model", "batch_tokens", "device", "sessions", "intra_threads", "on_error", "onnxruntime"];

/// Begins our keys in the footer of an output.
pub const FOOTER: &str = "spanframe.";

/// Model, options and version, by name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputSettings(BTreeMap<String, Value>);

impl OutputSettings {
    /// Those of a job. Options that were left out are left out here too.
    ///
    /// # Errors
    /// [`EngineError::Model`] if a file of the model cannot be read.
    pub fn new(job: &JobOptions, engine: &Engine, typed: &RawOptions) -> Result<Self, EngineError> {
        let typed = serde_json::to_value(typed).map_err(|e| EngineError::Internal(e.to_string()))?;
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in typed.as_object().into_iter().flatten() {
            if !value.is_null() && !NOT_IN_RESULT.contains(&name.as_str()) {
                all.insert(name.clone(), value.clone());
            }
        }
        let own = [
            ("spanframe", json!(env!("CARGO_PKG_VERSION"))),
            ("model", json!(engine.card().name)),
            ("model_sha256", json!(engine.model_digest()?)),
            ("column", json!(job.column)),
            ("language_column", json!(job.language_column)),
            ("output_column", json!(job.output_column)),
            ("select", json!(job.select)),
            ("id", json!(job.id)),
            ("form", json!(format!("{:?}", job.form))),
            ("diagnostics_column", json!(job.diagnostics_column)),
            // rows are left out or end the job: what is written of the others is the same
            ("on_error", json!((job.on_error == OnError::Null).then_some("null"))),
        ];
        all.extend(own.into_iter().filter(|(_, v)| !v.is_null()).map(|(name, value)| (name.to_string(), value)));
        Ok(Self(all))
    }

    /// SHA-256, as hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first that differs: its name, what it was, and what it is.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<(String, String, String)> {
        let names = self.0.keys().chain(now.0.keys());
        let show = |value: Option<&Value>| value.map_or("left out".to_string(), Value::to_string);
        names
            .map(|name| (name, self.0.get(name), now.0.get(name)))
            .find(|(_, was, is)| was != is)
            .map(|(name, was, is)| (name.clone(), show(was), show(is)))
    }

    /// As keys and values for the footer of an output.
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        self.0.iter().map(|(name, value)| (format!("{FOOTER}{name}"), text(value))).collect()
    }
}
