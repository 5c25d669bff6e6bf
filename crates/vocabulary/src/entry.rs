//! [`Entry`]: one row of a source.

/// A term and its code, with what the source knows of them.
///
/// Two entries are of one concept if `vocabulary` and `code` are equal. Equal terms of one concept become one, and how
/// often they stand in the source breaks ties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The name of the concept, as written in the source.
    pub term: String,
    /// The code in its vocabulary, such as `8041/3`.
    pub code: String,
    /// The concept id of OMOP that belongs to the code.
    pub concept_id: Option<i64>,
    /// The standard concept that `concept_id` maps to. It is `concept_id` itself if that one is standard.
    pub standard_concept_id: Option<i64>,
    /// The vocabulary of the code, such as `SNOMED`.
    pub vocabulary: Option<String>,
    /// The type of entity that the term names, such as `DISEASE`. It breaks ties.
    pub entity: Option<String>,
    /// Language of the term: `en`, `es`, `it` or another. It chooses the stemmer; without it all three are used.
    pub language: Option<String>,
    /// True if this is the preferred term of its code. It breaks ties.
    pub preferred: bool,
}

impl Entry {
    /// A term and its code, and nothing more.
    #[must_use]
    pub fn new(term: &str, code: &str) -> Self {
        Self { term: term.to_string(), code: code.to_string(), ..Self::default() }
    }
}
