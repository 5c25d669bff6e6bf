//! Which models take a row, by its language.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use strum::{IntoStaticStr, VariantArray};

use crate::{EngineError, Fault, document::Documents, model_set::ModelSet};

/// What becomes of a row whose language no model names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum UnknownLanguage {
    /// It cannot be annotated, and follows `on_error`.
    #[default]
    Error,
    /// All models take it.
    All,
    /// The models that have languages pass it over.
    Skip,
}

/// The models that take a row, as the pipeline goes through them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Route {
    /// Readings of the text, each by its place among those of the set.
    pub(crate) readings: Vec<usize>,
    /// Inferences over them.
    pub(crate) runs: Vec<Run>,
    /// No model names the language of the row.
    pub(crate) unknown: bool,
}

/// One inference of a row, and the models that read its logits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// Place of the group in the set.
    pub(crate) group: usize,
    /// Place of its reading in [`Route::readings`].
    pub(crate) reading: usize,
    /// Places of the models in the set.
    pub(crate) members: Vec<usize>,
}

/// The route of each row of a column.
pub(crate) struct Routes<'a> {
    languages: Option<Documents<'a>>,
    by_code: BTreeMap<String, Route>,
    /// Of rows without or of unknown language; none where these are an error.
    other: Option<Route>,
    known: Arc<str>,
}

impl<'a> Routes<'a> {
    /// Plans the routes of rows whose languages are told, one for each or one for all, or not.
    ///
    /// # Errors
    /// [`EngineError::LanguageMissing`] if models choose among languages that are not told.
    pub(crate) fn new(set: &ModelSet, languages: Option<Documents<'a>>) -> Result<Self, EngineError> {
        set.check_language(languages.is_some())?;
        let all: Vec<usize> = (0..set.members.len()).collect();
        let mut by_code = BTreeMap::new();
        let mut other = Some(set.route(&all));
        if languages.is_some() {
            let codes: BTreeSet<&String> = set.members.iter().flat_map(|m| m.languages.iter().flatten()).collect();
            for code in codes {
                let takes = |&&i: &&usize| set.members[i].languages.as_ref().is_none_or(|own| own.contains(code));
                let members: Vec<usize> = all.iter().filter(takes).copied().collect();
                by_code.insert(code.clone(), set.route(&members));
            }
            let members = match set.unknown_language {
                UnknownLanguage::Error => None,
                UnknownLanguage::All => Some(all),
                UnknownLanguage::Skip => {
                    Some(all.into_iter().filter(|&i| set.members[i].languages.is_none()).collect::<Vec<_>>())
                }
            };
            other = members.map(|members| Route { unknown: true, ..set.route(&members) });
        }
        let known = by_code.keys().cloned().collect::<Vec<_>>().join(", ").into();
        Ok(Self { languages, by_code, other, known })
    }

    /// The route of `row`.
    pub(crate) fn of(&self, row: usize) -> Result<&Route, Fault> {
        let route = self.languages.as_ref().and_then(|languages| {
            let row = if languages.len() == 1 { 0 } else { row };
            // a language that is no text is one that nobody knows
            let code = languages.get(row).ok().flatten()?;
            self.by_code.get(&primary(code))
        });
        let unknown = || Fault::UnknownLanguage { known: Arc::clone(&self.known) };
        route.or(self.other.as_ref()).ok_or_else(unknown)
    }
}

/// The primary subtag of a language code, by which codes are compared: `es` of `es-MX` and of `ES_es`.
pub(crate) fn primary(code: &str) -> String {
    code.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase()
}
