//! Assertion of entities: the cues of a language, chosen by the language of each note.
//!
//! The rules themselves are [`spanframe_core::assertion`]. Here are the files with the cues ([`lexicon`]), the language of a
//! note ([`language`]) and what both give for the entities of a row ([`assessor`]).

pub mod assessor;
mod error;
mod function_words;
mod i2b2;
pub mod language;
pub mod lexicon;
mod request;

pub use assessor::Assessor;
pub use error::LexiconError;
pub use i2b2::i2b2_label;
pub use lexicon::Lexicon;
pub use request::Assertion;
