//! [`Match`]: a code that a mention is linked to.

use crate::Step;

/// A code with the term that found it. It borrows from the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match<'a> {
    /// The code.
    pub code: &'a str,
    /// The term of the code that is nearest to the mention.
    pub term: &'a str,
    /// The vocabulary of the code; `None` if the source names none.
    pub vocabulary: Option<&'a str>,
    /// The concept id of the code; `None` if the source has none.
    pub concept_id: Option<i64>,
    /// The standard concept that the code maps to; `None` if the source has none.
    pub standard_concept_id: Option<i64>,
    /// The entity type of the term; `None` if the source has none.
    pub entity: Option<&'a str>,
    /// From 0 to 1. Each step has its own upper limit, see [`Step::similarity`].
    pub similarity: f32,
    /// The step that found the term.
    pub step: Step,
}
