//! Reads a pipeline file: a set of models with their options, as TOML or JSON.
//!
//! ```toml
//! merge = "longest"
//! unknown_language = "skip"
//!
//! [[model]]
//! model = "roberta_disease_ner_es_onnx"
//! languages = ["es"]
//!
//! [[model]]
//! model = "models/symptoms"  # beside this file
//! name = "symptoms"
//! threshold = 0.6
//! ```

use std::{collections::BTreeMap, fs, path::Path};

use serde::{Deserialize, Serialize};

use crate::{EngineError, RawOptions};

/// What a pipeline file says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PipelineFile {
    /// The members, in their order.
    model: Vec<MemberOptions>,
    merge: Option<String>,
    merge_within: Option<String>,
    unknown_language: Option<String>,
}

/// What is said of one member of a set. An option that is left out is that of the call.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberOptions {
    /// A name of the catalogue, or a path: of a file, relative to it.
    pub(crate) model: String,
    /// What entities call it; its own name where left out.
    pub(crate) name: Option<String>,
    /// Codes of the languages whose rows it takes; all rows where left out.
    pub(crate) languages: Option<Vec<String>>,
    pub(crate) entities: Option<Vec<String>>,
    pub(crate) black_list: Option<Vec<String>>,
    pub(crate) ignore_labels: Option<Vec<String>>,
    pub(crate) replace_labels: Option<BTreeMap<String, String>>,
    pub(crate) threshold: Option<f64>,
    pub(crate) aggregation_strategy: Option<String>,
    pub(crate) decoding: Option<String>,
    pub(crate) grouping: Option<String>,
    pub(crate) greedy_mode: Option<bool>,
    pub(crate) ner_has_no_schema: Option<bool>,
    pub(crate) max_length: Option<i64>,
    pub(crate) stride: Option<i64>,
}

impl MemberOptions {
    /// A member of which nothing else is said.
    pub(crate) fn of(model: &str) -> Self {
        Self { model: model.to_string(), ..Self::default() }
    }

    /// The options of the call, where the member says nothing else.
    pub(crate) fn over(&self, call: &RawOptions) -> RawOptions {
        let own = self.clone();
        RawOptions {
            model: Some(own.model.into()),
            // the two names of one option: the member's own takes the place of either
            white_list: call.white_list.clone().filter(|_| own.entities.is_none()),
            entities: own.entities.or_else(|| call.entities.clone()),
            black_list: own.black_list.or_else(|| call.black_list.clone()),
            ignore_labels: own.ignore_labels.or_else(|| call.ignore_labels.clone()),
            replace_labels: own.replace_labels.or_else(|| call.replace_labels.clone()),
            threshold: own.threshold.or(call.threshold),
            aggregation_strategy: own.aggregation_strategy.or_else(|| call.aggregation_strategy.clone()),
            decoding: own.decoding.or_else(|| call.decoding.clone()),
            grouping: own.grouping.or_else(|| call.grouping.clone()),
            greedy_mode: own.greedy_mode.or(call.greedy_mode),
            ner_has_no_schema: own.ner_has_no_schema.or(call.ner_has_no_schema),
            max_length: own.max_length.or(call.max_length),
            stride: own.stride.or(call.stride),
            ..call.clone()
        }
    }
}

impl PipelineFile {
    /// Reads the file at `path`. A model that lies beside it, by its relative path, gets that path.
    ///
    /// # Errors
    /// [`EngineError::Pipeline`] that says where in the file it is wrong.
    pub(crate) fn read(path: &Path) -> Result<Self, EngineError> {
        let wrong = |reason: String| EngineError::Pipeline { path: path.display().to_string(), reason };
        let text = fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read: {e}")))?;
        let mut file: Self = if path.extension().is_some_and(|e| e == "json") {
            serde_json::from_str(&text).map_err(|e| wrong(format!("is wrong: {e}")))?
        } else {
            toml::from_str(&text).map_err(|e| wrong(toml_error(&e, &text)))?
        };
        if file.model.is_empty() {
            return Err(wrong("names no model: write a table [[model]] for each".to_string()));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for member in &mut file.model {
            let beside = folder.join(&member.model);
            // what is written as a path is one, so that the message names the place that was looked at; `hf:org/name` is none
            let is_path = Path::new(&member.model).components().count() > 1 && !member.model.contains(':');
            if beside.exists() || is_path {
                member.model = beside.display().to_string();
            }
        }
        Ok(file)
    }

    /// The members, and the options of the call with what the file says for all of them where the call says nothing.
    pub(crate) fn into_parts(self, call: &RawOptions) -> (Vec<MemberOptions>, RawOptions) {
        let options = RawOptions {
            merge: call.merge.clone().or(self.merge),
            merge_within: call.merge_within.clone().or(self.merge_within),
            unknown_language: call.unknown_language.clone().or(self.unknown_language),
            ..call.clone()
        };
        (self.model, options)
    }
}

/// One line: the parser's own message shows a piece of the file over several.
fn toml_error(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let place = line.map_or(String::new(), |line| format!(" in line {line}"));
    format!("is wrong{place}: {}", error.message().replace('\n', " "))
}
