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

use std::{collections::BTreeMap, fmt, fs, marker::PhantomData, path::Path};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor},
    ser::{SerializeMap, Serializer},
};

use crate::{EngineError, OptionSpec, OptionTable, OptionValue, RawOptions, option_table::Scope};

/// The content of a pipeline file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PipelineFile {
    /// The models, in their order.
    models: Vec<MemberOptions>,
    /// Options of scope [`Scope::Set`].
    options: RawOptions,
}

/// One model of a set. An option left out is that of the call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct MemberOptions {
    /// A name of the catalogue, or a path; in a file, relative to it.
    pub(crate) model: String,
    /// The name that its entities carry; the model's own where left out.
    pub(crate) name: Option<String>,
    /// Codes of the languages whose rows it takes, or `other` for those that no model names; all rows where left out.
    pub(crate) languages: Option<Vec<String>>,
    /// Options of scope [`Scope::Model`].
    pub(crate) options: RawOptions,
}

impl MemberOptions {
    /// A model without options of its own.
    pub(crate) fn of(model: &str) -> Self {
        Self { model: model.to_string(), ..Self::default() }
    }

    /// The options of the call, with those of this model in their place.
    pub(crate) fn over(&self, call: &RawOptions) -> RawOptions {
        let own = RawOptions { model: Some(self.model.clone().into()), ..self.options.clone() };
        let mut call = call.clone();
        if own.entities.is_some() {
            // the other name of the same option
            call.white_list = None;
        }
        own.or(call)
    }
}

impl PipelineFile {
    /// Reads the file at `path`. A model at a relative path gets its path from here.
    ///
    /// # Errors
    /// [`EngineError::Pipeline`] with the place of the error in the file.
    pub(crate) fn read(path: &Path) -> Result<Self, EngineError> {
        let wrong = |reason: String| EngineError::Pipeline { path: path.display().to_string(), reason };
        let text = fs::read_to_string(path)
            .map_err(|e| wrong(format!("cannot be read ({e}): check the path and its permissions")))?;
        let mut file: Self = if path.extension().is_some_and(|e| e == "json") {
            serde_json::from_str(&text).map_err(|e| wrong(format!("is wrong: {e}")))?
        } else {
            toml::from_str(&text).map_err(|e| wrong(toml_error(&e, &text)))?
        };
        if file.models.is_empty() {
            return Err(wrong("names no model: write a table [[model]] for each".to_string()));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        for member in &mut file.models {
            let beside = folder.join(&member.model);
            // a missing path stays a path, so that the error names the place; `hf:org/name` is no path
            let is_path = Path::new(&member.model).components().count() > 1 && !member.model.contains(':');
            if beside.exists() || is_path {
                member.model = beside.display().to_string();
            }
        }
        let RawOptions { assertion_rules, link, .. } = &mut file.options;
        for path in [assertion_rules, link].into_iter().flatten().flatten() {
            *path = folder.join(&path);
        }
        Ok(file)
    }

    /// The models, and the options of the call with those of the file where the call has none.
    pub(crate) fn into_parts(self, call: &RawOptions) -> (Vec<MemberOptions>, RawOptions) {
        (self.models, call.clone().or(self.options))
    }
}

/// A table of the file: fields of its own, and options of one scope.
trait Section: Default {
    const SCOPE: Scope;
    /// Names of its own fields.
    const FIELDS: &'static [&'static str];

    /// Reads the value of a field.
    fn read_field<'de, A: MapAccess<'de>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error>;

    fn set_options(&mut self, options: RawOptions);
}

impl Section for PipelineFile {
    const SCOPE: Scope = Scope::Set;
    const FIELDS: &'static [&'static str] = &["model"];

    fn read_field<'de, A: MapAccess<'de>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        self.models = map.next_value()?;
        Ok(())
    }

    fn set_options(&mut self, options: RawOptions) {
        self.options = options;
    }
}

impl Section for MemberOptions {
    const SCOPE: Scope = Scope::Model;
    const FIELDS: &'static [&'static str] = &["model", "name", "languages"];

    fn read_field<'de, A: MapAccess<'de>>(&mut self, field: &str, map: &mut A) -> Result<(), A::Error> {
        match field {
            "model" => self.model = map.next_value()?,
            "name" => self.name = map.next_value()?,
            _ => self.languages = map.next_value()?,
        }
        Ok(())
    }

    fn set_options(&mut self, options: RawOptions) {
        self.options = options;
    }
}

impl<'de> Deserialize<'de> for PipelineFile {
    fn deserialize<D: Deserializer<'de>>(file: D) -> Result<Self, D::Error> {
        file.deserialize_map(SectionVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for MemberOptions {
    fn deserialize<D: Deserializer<'de>>(table: D) -> Result<Self, D::Error> {
        table.deserialize_map(SectionVisitor(PhantomData))
    }
}

struct SectionVisitor<S>(PhantomData<S>);

impl<'de, S: Section> Visitor<'de> for SectionVisitor<S> {
    type Value = S;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table of options")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S, A::Error> {
        let mut section = S::default();
        let mut seen = Vec::new();
        let mut values: BTreeMap<&str, Option<OptionValue>> = BTreeMap::new();
        while let Some(key) = map.next_key_seed(SectionKey::<S>(PhantomData))? {
            let name = match key {
                Key::Field(name) => name,
                Key::Option(option) => option.name,
            };
            if seen.contains(&name) {
                return Err(A::Error::duplicate_field(name));
            }
            seen.push(name);
            match key {
                Key::Field(name) => section.read_field(name, &mut map)?,
                Key::Option(option) => drop(values.insert(name, map.next_value_seed(option.option_type)?)),
            }
        }
        if !seen.contains(&"model") {
            return Err(A::Error::missing_field("model"));
        }
        section.set_options(RawOptions::read(|option| Ok::<_, A::Error>(values.remove(option.name).flatten()))?);
        Ok(section)
    }
}

/// A key of a section.
#[derive(Clone, Copy)]
enum Key {
    Field(&'static str),
    Option(&'static OptionSpec),
}

/// Reads a key, so that the error for an unknown key has its place in the file.
struct SectionKey<S>(PhantomData<S>);

impl<'de, S: Section> DeserializeSeed<'de> for SectionKey<S> {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Key, D::Error> {
        let typed = String::deserialize(key)?;
        let mut options = RawOptions::OPTIONS.iter().filter(|option| option.scope == S::SCOPE);
        let field = S::FIELDS.iter().find(|field| **field == typed).map(|field| Key::Field(field));
        field.or_else(|| options.find(|option| option.name == typed).map(Key::Option)).ok_or_else(|| {
            let options = RawOptions::OPTIONS.iter().filter(|option| option.scope == S::SCOPE);
            let known = S::FIELDS.iter().copied().chain(options.map(|option| option.name));
            let known: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            D::Error::custom(format!("unknown field `{typed}`, expected one of {}", known.join(", ")))
        })
    }
}

/// Options that [`MemberOptions`] is always written with, as null where they were left out.
const ALWAYS_WRITTEN: [&str; 12] = [
    "entities",
    "black_list",
    "ignore_labels",
    "replace_labels",
    "threshold",
    "aggregation_strategy",
    "decoding",
    "grouping",
    "greedy_mode",
    "ner_has_no_schema",
    "max_length",
    "stride",
];

/// Jobs store a digest of this text. An option that is added later is written only where it is given, so that a job
/// which began without the option still resumes.
impl Serialize for MemberOptions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = serde_json::to_value(&self.options).map_err(serde::ser::Error::custom)?;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &self.model)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("languages", &self.languages)?;
        for option in RawOptions::OPTIONS.iter().filter(|option| option.scope == Scope::Model) {
            let value = &options[option.name];
            if !value.is_null() || ALWAYS_WRITTEN.contains(&option.name) {
                map.serialize_entry(option.name, value)?;
            }
        }
        map.end()
    }
}

/// The error in one line; the parser's own message shows part of the file over several lines.
fn toml_error(error: &toml::de::Error, text: &str) -> String {
    let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let place = line.map_or(String::new(), |line| format!(" in line {line}"));
    format!("is wrong{place}: {}", error.message().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text behind the digest of a set in job records.
    #[test]
    fn a_model_of_a_set_is_written_as_older_builds_wrote_it() {
        let member: MemberOptions = toml::from_str(
            "model = \"a\"\nlanguages = [\"es\"]\nthreshold = 0.1\nreplace_labels = { A = \"B\" }\ngreedy_mode = true",
        )
        .unwrap();
        assert_eq!(
            serde_json::to_string(&member).unwrap(),
            "{\"model\":\"a\",\"name\":null,\"languages\":[\"es\"],\"entities\":null,\"black_list\":null,\
             \"ignore_labels\":null,\"replace_labels\":{\"A\":\"B\"},\"threshold\":0.1,\"aggregation_strategy\":null,\
             \"decoding\":null,\"grouping\":null,\"greedy_mode\":true,\"ner_has_no_schema\":null,\"max_length\":null,\
             \"stride\":null}"
        );
    }

    #[test]
    fn a_key_that_stands_twice_is_refused() {
        let error = serde_json::from_str::<MemberOptions>(r#"{"model": "a", "model": "b"}"#).unwrap_err();
        assert!(error.to_string().contains("duplicate field `model`"), "{error}");
    }
}
