//! The rows of a vocabulary file: terms, concepts, folded texts, words and trigrams.

use bytemuck::{Pod, Zeroable};

/// Stands for an absent id.
const ABSENT: i64 = i64::MIN;

/// One term. Its text ends where `text_end` says, and begins where the one before it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct TermRow {
    pub text_end: u32,
    pub concept: u32,
    /// How often the source has it.
    pub count: u32,
    pub entity: u16,
    pub language: u16,
    /// 1 for the preferred term of its concept.
    pub preferred: u32,
}

/// One concept: a code in its vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct ConceptRow {
    concept_id: i64,
    standard_concept_id: i64,
    pub code_end: u32,
    pub vocabulary: u16,
    pub reserved: u16,
}

impl ConceptRow {
    pub(crate) fn new(ids: [Option<i64>; 2], code_end: u32, vocabulary: u16) -> Self {
        let [concept_id, standard_concept_id] = ids.map(|id| id.unwrap_or(ABSENT));
        Self { concept_id, standard_concept_id, code_end, vocabulary, reserved: 0 }
    }

    pub(crate) fn concept_id(&self) -> Option<i64> {
        Some(self.concept_id).filter(|id| *id != ABSENT)
    }

    pub(crate) fn standard_concept_id(&self) -> Option<i64> {
        Some(self.standard_concept_id).filter(|id| *id != ABSENT)
    }
}

/// One folded text, with the terms that fold to it. Rows are in the order of the norm.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct TextRow {
    pub first: u32,
    pub terms: u32,
    /// Where its words end.
    pub words_end: u32,
    /// Length of the vector of trigram weights.
    pub norm: f32,
}

/// One word. What is read most often is in lists of its own, so that more of it fits the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct WordRow {
    pub text_end: u32,
    /// 1 for a word that stems leave out, such as "of".
    pub is_function: u32,
    /// A hash of the stem by each [`Stemming`](crate::stems::Stemming).
    pub stems: [u32; 4],
}

/// One trigram.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct TrigramRow {
    /// Its characters, see [`trigrams`](crate::gram::trigrams).
    pub key: u64,
    /// How many texts have it.
    pub texts: u32,
    pub reserved: u32,
}
