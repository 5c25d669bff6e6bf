//! [`Routes`]: which models read each row of a column, by its language.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    RowErrorKind,
    documents::Documents,
    language::{OTHER, UnknownLanguage, primary},
    model_set::ModelSet,
    route::Route,
};

/// The route of each row of a column.
pub(crate) struct Routes<'a> {
    /// One language for each row, or one for all.
    languages: Option<Documents<'a>>,
    by_code: BTreeMap<String, Route>,
    /// The route of rows without a known language. `None` if such a row is an error.
    other: Option<Route>,
    /// Codes that models name, for messages.
    known: Arc<str>,
}

impl<'a> Routes<'a> {
    /// Plans the routes of rows with these languages.
    ///
    /// [`ModelSet::check_language`] was called before.
    pub(crate) fn new(set: &ModelSet, languages: Option<Documents<'a>>) -> Self {
        let all: Vec<usize> = (0..set.members.len()).collect();
        let mut by_code = BTreeMap::new();
        let mut other = Some(set.route(&all));
        if languages.is_some() && set.has_languages() {
            let named: BTreeSet<&String> = set.members.iter().flat_map(|m| m.languages.iter().flatten()).collect();
            for code in set.members.iter().flat_map(|member| &member.known) {
                let reads = |&&i: &&usize| set.members[i].reads(code, named.contains(code));
                let members: Vec<usize> = all.iter().filter(reads).copied().collect();
                by_code.insert(code.clone(), set.route(&members));
            }
            let rest: Vec<usize> = all.iter().filter(|&&i| set.members[i].reads(OTHER, false)).copied().collect();
            let members = match set.unknown_language {
                _ if named.contains(&OTHER.to_string()) => Some((rest, false)),
                UnknownLanguage::Error => None,
                UnknownLanguage::All => Some((all, true)),
                UnknownLanguage::Skip => Some((rest, true)),
            };
            other = members.map(|(members, is_unknown)| Route { is_unknown, ..set.route(&members) });
        }
        let known = by_code.keys().cloned().collect::<Vec<_>>().join(", ").into();
        Self { languages, by_code, other, known }
    }

    /// The route of `row`.
    ///
    /// # Errors
    /// [`RowErrorKind::UnknownLanguage`] if no model names its language and [`UnknownLanguage::Error`] is set.
    pub(crate) fn of(&self, row: usize) -> Result<&Route, RowErrorKind> {
        let route = self.language(row).and_then(|code| self.by_code.get(&code));
        let unknown = || RowErrorKind::UnknownLanguage { known: Arc::clone(&self.known) };
        route.or(self.other.as_ref()).ok_or_else(unknown)
    }

    /// The primary subtag of the language of `row`; `None` for a null, and for a code that is not UTF-8.
    pub(crate) fn language(&self, row: usize) -> Option<String> {
        let languages = self.languages.as_ref()?;
        let row = if languages.len() == 1 { 0 } else { row };
        languages.get(row).ok().flatten().map(primary)
    }
}
