//! [`LinkOptions`]: which vocabularies are searched, and what of them is given.

use std::path::PathBuf;

use crate::{
    EngineOptions, OptionError,
    option_check::{at_least, fraction},
};

crate::options! {
    /// Options of linking as users type them.
    pub struct RawLink;

    /// Options of linking, checked. No file is read.
    pub struct LinkOptions {
    }

    /// Search these vocabularies, in this order.
    vocabulary: Vec<PathBuf> => Vec<PathBuf> = vocabularies, Call, value "PATHS", default "required";

    /// Link entities of these types only; others have no concept.
    entities: Vec<String> => Option<Vec<String>> = types, Call, value "TYPES", default "all types";

    /// Link to concepts of at least this similarity, from 0 to 1.
    similarity: f64 => Option<f64> = fraction, Call, value "SIMILARITY", default "0.5";

    /// Give this many candidates of each entity, too.
    candidates: i64 => Option<usize> = at_least(1), Call, value "N", default "none";
}

impl LinkOptions {
    /// Checks what was typed.
    ///
    /// # Errors
    /// [`OptionError`] for a list without vocabularies or types, and for a value out of its range.
    pub fn new(typed: &RawLink) -> Result<Self, OptionError> {
        if typed.vocabulary.is_none() {
            return Err(no_vocabulary("vocabulary", "nothing"));
        }
        Self::check(typed)
    }

    /// The options of linking among those of an engine. Without the option `link` there are none.
    ///
    /// # Errors
    /// [`OptionError::Conflict`] for an option of linking without `link`.
    pub(crate) fn of(options: &EngineOptions) -> Result<Option<Self>, OptionError> {
        let EngineOptions { link, link_similarity, link_candidates, .. } = options;
        let idle = |option| {
            let way_out = "name a vocabulary with `link` too, or leave this out";
            Err(OptionError::Conflict { option, other: "no `link`", way_out })
        };
        match link.is_empty() {
            true if link_similarity.is_some() => idle("link_similarity"),
            true if link_candidates.is_some() => idle("link_candidates"),
            true => Ok(None),
            false => Ok(Some(Self {
                vocabulary: link.clone(),
                entities: None,
                similarity: *link_similarity,
                candidates: *link_candidates,
            })),
        }
    }
}

/// Takes one path or more; none for an option left out.
pub(crate) fn vocabularies(option: &'static str, typed: Option<Vec<PathBuf>>) -> Result<Vec<PathBuf>, OptionError> {
    match typed {
        Some(paths) if paths.is_empty() => Err(no_vocabulary(option, "an empty list")),
        paths => Ok(paths.unwrap_or_default()),
    }
}

fn types(option: &'static str, typed: Option<Vec<String>>) -> Result<Option<Vec<String>>, OptionError> {
    if typed.as_ref().is_some_and(Vec::is_empty) {
        let (value, allowed) = ("an empty list".to_string(), "one entity type or more".to_string());
        return Err(OptionError::OutOfRange { option, value, allowed });
    }
    Ok(typed)
}

fn no_vocabulary(option: &'static str, value: &str) -> OptionError {
    let allowed = "the path of a vocabulary, or a list of paths".to_string();
    OptionError::OutOfRange { option, value: value.to_string(), allowed }
}
