//! [`Linker`]: searches vocabularies for the concepts of mentions.

use std::borrow::Cow;

use spanframe_vocabulary::{Match, VocabularyError, VocabularySet};

use super::{Concept, LinkOptions, links::Link, open::open};
use crate::{EngineError, EngineOptions, members::members};

/// The least similarity of a concept by default.
pub const DEFAULT_SIMILARITY: f64 = 0.5;

/// Vocabularies, with what to give of them. Cheap to make once the vocabularies are open.
#[derive(Debug)]
pub struct Linker {
    vocabularies: VocabularySet,
    /// The entity types to link; all of them if `None`.
    entities: Option<Vec<String>>,
    similarity: f64,
    candidates: Option<usize>,
}

impl Linker {
    /// Opens the vocabularies. A process opens a file once.
    ///
    /// # Errors
    /// [`VocabularyError`] for a file that cannot be used.
    pub fn new(options: &LinkOptions) -> Result<Self, VocabularyError> {
        let LinkOptions { vocabulary, entities, similarity, candidates } = options;
        Ok(Self {
            vocabularies: VocabularySet::new(vocabulary.iter().map(|path| open(path)).collect::<Result<_, _>>()?),
            entities: entities.clone(),
            similarity: similarity.unwrap_or(DEFAULT_SIMILARITY),
            candidates: *candidates,
        })
    }

    /// What an engine with these options links by; `None` if it does not link. Opens the vocabularies and no model.
    ///
    /// # Errors
    /// [`EngineError::Vocabulary`] for a file that cannot be used; [`EngineError::Option`] for options of linking without
    /// `link`; [`EngineError::Pipeline`] for a wrong pipeline file.
    pub fn of(options: &EngineOptions) -> Result<Option<Self>, EngineError> {
        let options = LinkOptions::of(&members(options)?.1)?;
        Ok(options.as_ref().map(Self::new).transpose()?)
    }

    /// SHA-256 of each vocabulary, in hexadecimal digits.
    pub fn digests(&self) -> impl Iterator<Item = &str> {
        self.vocabularies.vocabularies().iter().map(|vocabulary| vocabulary.sha256())
    }

    /// The least similarity of a concept.
    #[must_use]
    pub fn similarity(&self) -> f64 {
        self.similarity
    }

    /// The most candidates of a mention; `None` if it has no list of them.
    #[must_use]
    pub fn candidates(&self) -> Option<usize> {
        self.candidates
    }

    /// The concepts of a mention of type `entity`, at most `top`, the most similar first.
    #[must_use]
    pub fn concepts<'l>(&'l self, chunk: &str, entity: &str, top: usize) -> Vec<Concept<'l>> {
        let entity = Some(entity).filter(|entity| !entity.is_empty());
        let found = self.vocabularies.link(chunk, entity, top, self.similarity as f32);
        found.into_iter().map(concept).collect()
    }

    /// What a mention is linked to; `None` if entities of its type are not linked.
    pub(super) fn link<'l>(&'l self, chunk: &str, entity: &str) -> Option<Link<'l>> {
        if self.entities.as_ref().is_some_and(|types| !types.iter().any(|name| name == entity)) {
            return None;
        }
        let found = self.concepts(chunk, entity, self.candidates.unwrap_or(1));
        let concept = found.first().cloned().unwrap_or_default();
        Some(Link { concept, candidates: self.candidates.map(|_| found) })
    }
}

fn concept<'l>(found: Match<'l>) -> Concept<'l> {
    let Match { code, term, vocabulary, concept_id, standard_concept_id, similarity, .. } = found;
    Concept {
        code: Some(Cow::Borrowed(code)),
        term: Some(Cow::Borrowed(term)),
        vocabulary: vocabulary.map(Cow::Borrowed),
        concept_id,
        standard_concept_id,
        similarity: Some(similarity),
    }
}
