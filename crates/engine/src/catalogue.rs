//! Finds models by name: the bundled one, its aliases, and what a user has installed.
//!
//! A name is resolved in this order:
//!
//! 1. the bundled model's own name
//! 2. `hf:org/name[@revision]`: the installed copy (nothing is downloaded here)
//! 3. a path that exists
//! 4. an [installed](spanframe_model::models_folder) model of this name
//! 5. one of [`ALIASES`]

use std::path::Path;

pub use spanframe_bundled::NAME as BUNDLED;
use spanframe_model::{HubName, ModelCard, ModelError, ModelFiles, Score, Scores};

use crate::EngineError;

/// Names that an error offers instead of an unknown one.
const NAMES_TO_OFFER: usize = 4;

/// The name of a published model. The bundled model answers to it, with the entities of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The published name.
    pub name: &'static str,
    /// Language of the published model. The bundled model reads all its languages under every name.
    pub language: &'static str,
    /// The only entity type found under this name.
    pub entity: &'static str,
}

const fn alias(name: &'static str, language: &'static str, entity: &'static str) -> Alias {
    Alias { name, language, entity }
}

/// All aliases of the bundled model. The last Italian and the last Spanish one have no published original.
pub static ALIASES: [Alias; 12] = [
    alias("roberta_med_ner_onnx", "en", "MEDICATION"),
    alias("roberta_disease_ner_onnx", "en", "DISEASE"),
    alias("roberta_procedure_ner_onnx", "en", "PROCEDURE"),
    alias("roberta_symptom_ner_onnx", "en", "SYMPTOM"),
    alias("bert_token_classifier_medical_ner_it_onnx", "it", "MEDICATION"),
    alias("bert_token_classifier_disease_ner_it_onnx", "it", "DISEASE"),
    alias("bert_token_classifier_procedure_ner_it_onnx", "it", "PROCEDURE"),
    alias("bert_token_classifier_symptom_ner_it_onnx", "it", "SYMPTOM"),
    alias("roberta_disease_ner_es_onnx", "es", "DISEASE"),
    alias("roberta_procedure_ner_es_onnx", "es", "PROCEDURE"),
    alias("roberta_symptom_ner_es_onnx", "es", "SYMPTOM"),
    alias("roberta_med_ner_es_onnx", "es", "MEDICATION"),
];

/// The model behind a name.
pub(crate) struct Resolved {
    pub(crate) files: ModelFiles,
    /// Set if the name is an alias of the bundled model.
    pub(crate) alias: Option<&'static Alias>,
}

/// The files of `model`, or of the bundled model for `None`.
///
/// # Errors
/// [`ModelError::NotFound`] with the nearest names, [`ModelError::NotInstalled`] for a model of the hub, and those of
/// [`ModelFiles::find`].
pub(crate) fn resolve(model: Option<&str>) -> Result<Resolved, ModelError> {
    let name = model.unwrap_or(spanframe_bundled::NAME);
    if name == spanframe_bundled::NAME {
        return Ok(Resolved { files: bundled(), alias: None });
    }
    if let Some(hub_name) = HubName::parse(name)? {
        let folder =
            spanframe_model::installed_from(&hub_name).ok_or_else(|| ModelError::NotInstalled(name.to_string()))?;
        return Ok(Resolved { files: ModelFiles::find(&folder, "")?, alias: None });
    }
    if !Path::new(name).exists() {
        if let Some(folder) = spanframe_model::installed(name) {
            return Ok(Resolved { files: ModelFiles::find(&folder, "")?, alias: None });
        }
        if let Some(alias) = ALIASES.iter().find(|alias| alias.name == name) {
            return Ok(Resolved { files: bundled(), alias: Some(alias) });
        }
    }
    let files = ModelFiles::find(Path::new(name), "").map_err(|error| match error {
        ModelError::NotFound { path, .. } => ModelError::NotFound { known: nearest(&path).join(", "), path },
        other => other,
    })?;
    Ok(Resolved { files, alias: None })
}

fn bundled() -> ModelFiles {
    ModelFiles::Embedded { name: spanframe_bundled::NAME, files: spanframe_bundled::FILES }
}

/// Known names, the most similar first.
fn nearest(name: &str) -> Vec<String> {
    let aliases = ALIASES.iter().map(|alias| alias.name.to_string());
    let mut known: Vec<String> = [spanframe_bundled::NAME.to_string()].into_iter().chain(aliases).collect();
    known.extend(spanframe_model::installed_names());
    // model names share long parts in different places, so pairs of letters compare better than a common prefix
    let similarity = |known: &str| strsim::sorensen_dice(known, &name.to_lowercase());
    known.sort_by(|a, b| similarity(b).total_cmp(&similarity(a)).then(a.cmp(b)));
    known.dedup();
    known.truncate(NAMES_TO_OFFER);
    known
}

/// The card of the bundled model under an alias: with its entity type alone, and a note.
pub(crate) fn restrict(card: ModelCard, alias: Option<&'static Alias>) -> ModelCard {
    let Some(alias) = alias else { return card };
    let note = format!(
        "this name gives the entities of type {} of the bundled model {}, whose weights are spanframe's own: not those of \
         any model published under this name or a like one, whose scores do not hold here",
        alias.entity, card.name
    );
    let entities = card.entities.into_iter().filter(|entity| entity == alias.entity).collect();
    ModelCard { name: alias.name.to_string(), entities, note: Some(note), ..card }
}

/// One row of the catalogue.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The name to give as `model`.
    pub name: String,
    /// Language codes. Empty if unknown.
    pub languages: Vec<String>,
    /// Entity types found under this name. Empty for an installed folder that cannot be read.
    pub entities: Vec<String>,
    /// The architecture that config.json names.
    pub architecture: String,
    /// Size of the ONNX file in bytes.
    pub bytes: Option<u64>,
    /// `license` of the model's card.
    pub licence: Option<String>,
    /// Score on clean texts in the first language, if the row has one entity type and the model's scores.json has it.
    pub score: Option<Score>,
    /// True for an installed folder, false for the bundled model.
    pub installed: bool,
    /// The model that runs: the name of the bundled one, or the installed folder.
    pub model: String,
}

impl Listed {
    fn new(card: ModelCard, scores: &Scores, language: Option<&str>) -> Self {
        let languages = language.map_or(card.languages, |language| vec![language.to_string()]);
        let score = match (languages.first(), card.entities.as_slice()) {
            (Some(language), [entity]) => scores.clean(language, entity).cloned(),
            _ => None,
        };
        Self {
            name: card.name,
            languages,
            entities: card.entities,
            architecture: card.architecture,
            bytes: card.onnx_bytes,
            licence: card.licence,
            score,
            installed: false,
            model: card.location,
        }
    }

    fn installed(name: String, language: Option<&str>) -> Self {
        let Some(folder) = spanframe_model::installed(&name) else { return Self::unreadable(name) };
        let read = || {
            let files = ModelFiles::find(&folder, "")?;
            Ok::<_, ModelError>((ModelCard::read(&files)?, Scores::read(&files)?))
        };
        let Ok((card, scores)) = read() else {
            return Self { model: folder.display().to_string(), ..Self::unreadable(name) };
        };
        let language = language.filter(|_| card.languages.is_empty());
        Self { installed: true, ..Self::new(ModelCard { name, ..card }, &scores, language) }
    }

    fn unreadable(name: String) -> Self {
        Self {
            name,
            languages: Vec::new(),
            entities: Vec::new(),
            architecture: String::new(),
            bytes: None,
            licence: None,
            score: None,
            installed: true,
            model: String::new(),
        }
    }
}

/// All models with a name: the bundled one, its [`ALIASES`], then other installed ones.
///
/// An installed folder that cannot be read has its name alone.
///
/// # Errors
/// [`EngineError::Model`] if the bundled model cannot be read, which is an error of the build.
///
/// ```
/// let models = spanframe_engine::catalogue::list()?;
/// assert!(models.iter().any(|m| m.name == "roberta_med_ner_es_onnx" && m.entities == ["MEDICATION"]));
/// # Ok::<(), spanframe_engine::EngineError>(())
/// ```
pub fn list() -> Result<Vec<Listed>, EngineError> {
    let files = bundled();
    let (card, scores) = (ModelCard::read(&files)?, Scores::read(&files)?);
    let mut installed = spanframe_model::installed_names();
    let mut rows = vec![Listed::new(card.clone(), &scores, None)];
    for alias in &ALIASES {
        rows.push(match installed.iter().position(|name| name == alias.name) {
            Some(i) => Listed::installed(installed.remove(i), Some(alias.language)),
            None => Listed::new(restrict(card.clone(), Some(alias)), &scores, Some(alias.language)),
        });
    }
    // the bundled model's name always means the bundled model
    rows.extend(installed.into_iter().filter(|n| n != spanframe_bundled::NAME).map(|n| Listed::installed(n, None)));
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_types_of_the_bundled_model_in_its_languages() {
        let card = ModelCard::read(&bundled()).unwrap();
        for alias in &ALIASES {
            assert!(card.entities.iter().any(|e| e == alias.entity), "{}", alias.name);
            assert!(card.languages.iter().any(|l| l == alias.language), "{}", alias.name);
            let resolved = resolve(Some(alias.name)).unwrap();
            assert_eq!(restrict(card.clone(), resolved.alias).entities, [alias.entity]);
        }
        let mut rows: Vec<_> = ALIASES.iter().map(|a| (a.language, a.entity)).collect();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), 12, "every type in every language, once");
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let error = resolve(Some("roberta_symptoms_ner_es_onnx")).err().unwrap().to_string();
        assert!(error.starts_with("there is no model at `roberta_symptoms_ner_es_onnx`"), "{error}");
        assert!(error.contains("such as roberta_symptom_ner_es_onnx, "), "{error}");
    }
}
