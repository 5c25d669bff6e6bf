//! [`Concept`]: a concept of a vocabulary, as a mention is linked to it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// A concept of a vocabulary. A mention that is linked to none has no value in any field.
///
/// Columns of others may lack any of the values.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Concept<'a> {
    /// Its code, such as `267036007`.
    pub code: Option<Cow<'a, str>>,
    /// The term that is most similar to the mention.
    pub term: Option<Cow<'a, str>>,
    /// The vocabulary that has the code, such as `SNOMED`.
    pub vocabulary: Option<Cow<'a, str>>,
    /// Its concept id in OMOP.
    pub concept_id: Option<i64>,
    /// The standard concept of OMOP that it maps to; itself if it is one.
    pub standard_concept_id: Option<i64>,
    /// 0 to 1.
    pub similarity: Option<f32>,
}

impl Concept<'_> {
    /// Copies what is borrowed.
    #[must_use]
    pub fn into_owned(self) -> Concept<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Concept {
            code: self.code.map(owned),
            term: self.term.map(owned),
            vocabulary: self.vocabulary.map(owned),
            concept_id: self.concept_id,
            standard_concept_id: self.standard_concept_id,
            similarity: self.similarity,
        }
    }

    /// Bytes of its texts.
    pub(crate) fn bytes(&self) -> usize {
        [&self.code, &self.term, &self.vocabulary].into_iter().flatten().map(|text| text.len()).sum()
    }
}
