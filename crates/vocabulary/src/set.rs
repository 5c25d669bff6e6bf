//! [`VocabularySet`]: several vocabularies, searched as one.

use std::{path::Path, sync::Arc};

use crate::{Match, Vocabulary, VocabularyError};

/// Vocabularies in order, searched as one. Of equally similar codes the earlier vocabulary's come first.
#[derive(Clone, Debug)]
pub struct VocabularySet {
    vocabularies: Vec<Arc<Vocabulary>>,
}

impl VocabularySet {
    /// Vocabularies that are open already.
    #[must_use]
    pub fn new(vocabularies: Vec<Arc<Vocabulary>>) -> Self {
        Self { vocabularies }
    }

    /// Opens the files.
    ///
    /// # Errors
    /// [`VocabularyError::NoVocabulary`] if there is no path, and those of [`Vocabulary::open`].
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Self, VocabularyError> {
        match paths.is_empty() {
            true => Err(VocabularyError::NoVocabulary),
            false => {
                let open = |path: &P| Vocabulary::open(path.as_ref()).map(Arc::new);
                Ok(Self { vocabularies: paths.iter().map(open).collect::<Result<_, _>>()? })
            }
        }
    }

    /// The vocabularies, in order.
    #[must_use]
    pub fn vocabularies(&self) -> &[Arc<Vocabulary>] {
        &self.vocabularies
    }

    /// As [`Vocabulary::link`]. A code that several vocabulary files have, with the same name of its vocabulary, comes
    /// once.
    #[must_use]
    pub fn link(&self, mention: &str, entity: Option<&str>, top: usize, least: f32) -> Vec<Match<'_>> {
        if let [only] = self.vocabularies.as_slice() {
            return only.link(mention, entity, top, least);
        }
        let mut found: Vec<Match<'_>> =
            self.vocabularies.iter().flat_map(|v| v.link(mention, entity, top, least)).collect();
        // stable: of equals the earlier vocabulary's come first
        found.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
        let mut kept: Vec<Match<'_>> = Vec::with_capacity(top.min(found.len()));
        for new in found {
            let is_known = kept.iter().any(|known| (known.vocabulary, known.code) == (new.vocabulary, new.code));
            if kept.len() < top && !is_known {
                kept.push(new);
            }
        }
        kept
    }
}
