//! Links mentions to the codes of a vocabulary that the user brings.
//!
//! A vocabulary is one file, by convention `NAME.vocabulary`: terms with their codes, and the indices that find them.
//! [`Builder`] writes it in bounded memory, [`Vocabulary`] opens it and links mentions.
//!
//! ```text
//! mention ─▶ exact ─▶ folded ─▶ words ─▶ abbreviation ─▶ similar
//!            as is    case,     stems in   table of the    n-grams,
//!                     accents   any order  user            TF-IDF cosine
//! ```
//!
//! A step runs only while fewer codes than asked for are found ([`Step`]). Positions and columns are not known here.
//!
//! ```
//! use spanframe_vocabulary::{BuildOptions, Builder, Entry, Step, Vocabulary};
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("tumours.vocabulary");
//! let mut builder = Builder::new(&path, BuildOptions::default())?;
//! builder.push(&Entry::new("Carcinoma microcítico", "8041/3"))?;
//! builder.finish()?;
//!
//! let tumours = Vocabulary::open(&path)?;
//! let found = tumours.link("CARCINOMA MICROCITICO", None, 1, 0.5);
//! assert_eq!((found[0].code, found[0].step), ("8041/3", Step::Folded));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod abbreviation;
mod build;
mod builder;
mod candidate;
mod entry;
mod error;
mod explanation;
mod file;
pub mod fold;
mod gram;
mod index;
mod info;
mod keys;
mod lexicon;
mod lexicon_builder;
mod like_words;
mod lists;
mod mention;
mod options;
mod query;
mod rank;
mod record;
mod scan;
mod section;
mod set;
mod similar;
mod sorter;
mod stems;
mod step;
mod table;
mod texts;
mod vocabulary;

pub use builder::Builder;
pub use candidate::Match;
pub use entry::Entry;
pub use error::VocabularyError;
pub use explanation::{Explanation, StepReport};
pub use info::{Counts, Info, Summary};
pub use options::BuildOptions;
pub use set::VocabularySet;
pub use step::Step;
pub use vocabulary::Vocabulary;
