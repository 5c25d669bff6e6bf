//! [`VocabularyError`]: why a vocabulary cannot be built or opened.

use std::{
    io,
    path::{Path, PathBuf},
};

use spanframe_core::shown_name::escaped;

/// Why a vocabulary cannot be built or opened. Paths and codes are escaped for terminals.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VocabularyError {
    /// The file cannot be read.
    #[error(
        "cannot read the vocabulary `{}`: {source}; give a file that `spanframe vocabulary build` wrote",
        shown(path)
    )]
    Read {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file, or a temporary file beside it, cannot be written.
    #[error(
        "cannot write the vocabulary `{}`: {source}; name a place that takes files, with room for several times the source",
        shown(path)
    )]
    Write {
        /// As given.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The output is there.
    #[error("`{}` exists: give another path, or overwrite it", shown(path))]
    Exists {
        /// As given.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("`{}` is not a vocabulary: build one with `spanframe vocabulary build SOURCE -o PATH`", shown(path))]
    Foreign {
        /// As given.
        path: PathBuf,
    },
    /// The file has a version that this program does not read.
    #[error(
        "the vocabulary `{}` has format version {found}, and this program reads version {known}: build it again, or \
         install the spanframe that built it",
        shown(path)
    )]
    Version {
        /// As given.
        path: PathBuf,
        /// In the file.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// The file is shorter or longer than it says.
    #[error("the vocabulary `{}` has {found} bytes, expected {expected}: copy or build it again", shown(path))]
    Truncated {
        /// As given.
        path: PathBuf,
        /// By its header.
        expected: u64,
        /// On disk.
        found: u64,
    },
    /// The content does not have the hash of the header.
    #[error(
        "the vocabulary `{}` was altered: its content does not match its hash; copy or build it again",
        shown(path)
    )]
    Altered {
        /// As given.
        path: PathBuf,
    },
    /// The hash is right, and the content contradicts itself.
    #[error("the vocabulary `{}` contradicts itself ({what}): build it again", shown(path))]
    Damaged {
        /// As given.
        path: PathBuf,
        /// Which part.
        what: &'static str,
    },
    /// No entry is left.
    #[error(
        "no term is left for the vocabulary: {entries} entries passed the filters, and the terms or codes of all are empty; \
         check the names of the columns and the filters"
    )]
    NoTerms {
        /// Entries that were pushed.
        entries: u64,
    },
    /// Two entries of one code have different concept ids.
    #[error(
        "code `{}` has the concept ids {first} and {second}: correct the source, or name the vocabulary of each code",
        escaped(code)
    )]
    ConceptIds {
        /// The code.
        code: String,
        /// The lower id.
        first: i64,
        /// The higher id.
        second: i64,
    },
    /// Two codes have one concept id.
    #[error("concept id {concept_id} has the codes `{}` and `{}`: correct the source", escaped(first), escaped(second))]
    ConceptCodes {
        /// The id.
        concept_id: i64,
        /// One code.
        first: String,
        /// Another.
        second: String,
    },
    /// Two entries of one concept have different standard concepts.
    #[error("code `{}` maps to the standard concepts {first} and {second}: correct the source", escaped(code))]
    StandardConcepts {
        /// The code.
        code: String,
        /// The lower id.
        first: i64,
        /// The higher id.
        second: i64,
    },
    /// Something does not fit into 32 bits.
    #[error("the vocabulary has more than {limit} {what}: build several, and link with all of them")]
    TooLarge {
        /// Of what.
        what: &'static str,
        /// The most.
        limit: u64,
    },
    /// No vocabulary was given.
    #[error("no vocabulary was given: name at least one file")]
    NoVocabulary,
}

fn shown(path: &Path) -> String {
    escaped(&path.display().to_string()).into_owned()
}

impl VocabularyError {
    /// True if the cause is this program or its machine, rather than what it was given.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Write { .. })
    }
}
