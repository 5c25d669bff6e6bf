//! [`Explanation`]: why a mention got its codes.

use crate::{Match, Step};

/// The codes of a mention, and what each step that ran did.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation<'a> {
    /// What [`link`](crate::Vocabulary::link) returns.
    pub matches: Vec<Match<'a>>,
    /// The steps that ran, in order. A step does not run once enough codes are found.
    pub steps: Vec<StepReport<'a>>,
}

/// What one step did.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport<'a> {
    /// Which.
    pub step: Step,
    /// What was compared with the terms: the mention as this step sees it, in each of its ways. Keys of
    /// [`Step::Words`] begin with a letter for the stemmer: e, s, i, or - for none.
    pub compared: Vec<String>,
    /// Codes that this step added, best first.
    pub found: Vec<Match<'a>>,
}
