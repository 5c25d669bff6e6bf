//! [`Info`]: what a vocabulary file says of itself, and [`Summary`]: what a build did.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How much a vocabulary holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Distinct pairs of term and concept.
    pub terms: u64,
    /// Distinct concepts: pairs of vocabulary and code.
    pub codes: u64,
    /// Terms by vocabulary; "" for those without.
    pub by_vocabulary: BTreeMap<String, u64>,
    /// Terms by language; "" for those without.
    pub by_language: BTreeMap<String, u64>,
    /// Terms by entity type; "" for those without.
    pub by_entity: BTreeMap<String, u64>,
}

/// What a vocabulary file says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// The table of abbreviations, see [`BuildOptions`](crate::BuildOptions).
    pub abbreviations: BTreeMap<String, Vec<String>>,
    /// Where the terms are from, see [`BuildOptions`](crate::BuildOptions).
    pub source: BTreeMap<String, String>,
    /// What it holds.
    pub counts: Counts,
    /// The version of spanframe that built it.
    pub built_by: String,
}

/// What a build did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What the file says of itself.
    pub info: Info,
    /// Entries that were pushed.
    pub entries: u64,
    /// Entries left out because the term has no visible character.
    pub empty_terms: u64,
    /// Entries left out because the code has no visible character.
    pub empty_codes: u64,
    /// Entries that repeat a term of the same concept, and became one with it.
    pub repeated: u64,
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// Bytes of the file.
    pub bytes: u64,
}
