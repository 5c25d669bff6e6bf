//! [`OutputSettings`]: everything that decides the content of an output, so that outputs of two kinds are never mixed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use spanframe_engine::{Engine, EngineError, Linker, RawOptions};

use crate::{JobError, JobOptions, OnError, csv_dialect::Quote};

/// Engine options that change speed alone, or that the settings hold in another form.
const NOT_IN_SETTINGS: [&str; 9] = [
    "model",
    "batch_tokens",
    "device",
    "sessions",
    "intra_threads",
    "on_error",
    "onnxruntime",
    "assertion_rules",
    "link",
];

/// Prefix of our keys in the footer of an output.
pub const FOOTER: &str = "spanframe.";

/// Model, options and version by name, as in `{"column": "note", "model": "clinical-ner-small", ...}`.
///
/// Names and values are part of the job's records and of the digest: changing one makes every older job another job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputSettings(BTreeMap<String, Value>);

/// A setting that differs between two runs.
pub struct SettingChange {
    pub name: String,
    pub was: String,
    pub is: String,
}

impl From<SettingChange> for JobError {
    fn from(SettingChange { name, was, is }: SettingChange) -> Self {
        Self::Changed { name, was, is }
    }
}

impl OutputSettings {
    /// The settings of a job. An option that was not given has no entry.
    ///
    /// # Errors
    /// [`EngineError::Model`] if a file of the model cannot be read.
    pub fn new(job: &JobOptions, engine: &Engine, typed: &RawOptions) -> Result<Self, EngineError> {
        let typed = serde_json::to_value(typed).map_err(|e| EngineError::Internal(e.to_string()))?;
        let mut all: BTreeMap<String, Value> = BTreeMap::new();
        for (name, value) in typed.as_object().into_iter().flatten() {
            if !value.is_null() && !NOT_IN_SETTINGS.contains(&name.as_str()) {
                all.insert(name.clone(), value.clone());
            }
        }
        let linker = engine.linker();
        let own = [
            ("spanframe", json!(env!("CARGO_PKG_VERSION"))),
            ("model", json!(engine.card().name)),
            ("model_sha256", json!(engine.model_digest()?)),
            ("assertion_sha256", json!(engine.assertion_digest())),
            ("link_sha256", json!(linker.map(|linker| linker.digests().collect::<Vec<_>>()))),
            // a pipeline file may have them, and a default may change
            ("link_similarity", json!(linker.map(Linker::similarity))),
            ("link_candidates", json!(linker.and_then(Linker::candidates))),
            ("column", json!(job.column)),
            ("language_column", json!(job.language_column)),
            ("output_column", json!(job.output_column)),
            ("select", json!(job.select)),
            ("id", json!(job.id)),
            ("form", json!(format!("{:?}", job.form))),
            ("diagnostics_column", json!(job.diagnostics_column)),
            ("separator", json!(job.separator)),
            ("quote", json!((job.quote != Quote::default()).then(|| job.quote.text()))),
            ("escape", json!(job.escape)),
            ("header", json!((!job.header).then_some(false))),
            // `reject` and `raise` write the same rows, so that a job may go on with the other
            ("on_error", json!((job.on_error == OnError::Null).then_some("null"))),
        ];
        all.extend(own.into_iter().filter(|(_, v)| !v.is_null()).map(|(name, value)| (name.to_string(), value)));
        Ok(Self(all))
    }

    /// SHA-256 of the settings as JSON, in hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Returns the first setting that `now` changes.
    #[must_use]
    pub fn change_to(&self, now: &Self) -> Option<SettingChange> {
        let names = self.0.keys().chain(now.0.keys());
        let show = |value: Option<&Value>| value.map_or("left out".to_string(), Value::to_string);
        names
            .map(|name| (name, self.0.get(name), now.0.get(name)))
            .find(|(_, was, is)| was != is)
            .map(|(name, was, is)| SettingChange { name: name.clone(), was: show(was), is: show(is) })
    }

    /// The settings as keys and values of a footer, as in `spanframe.column`: `note`.
    #[must_use]
    pub fn metadata(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_string);
        self.0.iter().map(|(name, value)| (format!("{FOOTER}{name}"), text(value))).collect()
    }
}
