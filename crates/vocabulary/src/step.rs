//! [`Step`]: how a term was found.

use strum::{IntoStaticStr, VariantArray};

/// The step that found a term, from the surest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, VariantArray, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Step {
    /// The mention is the term.
    Exact,
    /// They are equal without case, accents, punctuation and repeated white space.
    Folded,
    /// They have the same word stems, in any order.
    Words,
    /// As above, after abbreviations of the user's table are written out.
    Abbreviation,
    /// Their n-grams are similar.
    Similar,
}

impl Step {
    /// The similarity of a term that this step finds; for [`Similar`](Self::Similar) its upper limit.
    ///
    /// ```
    /// use spanframe_vocabulary::Step;
    ///
    /// assert!(Step::Exact.similarity() == 1.0 && Step::Folded.similarity() > Step::Words.similarity());
    /// ```
    #[must_use]
    pub fn similarity(self) -> f32 {
        match self {
            Self::Exact => 1.0,
            Self::Folded => 0.99,
            Self::Words => 0.97,
            Self::Abbreviation => 0.96,
            Self::Similar => 0.95,
        }
    }
}
