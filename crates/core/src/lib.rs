//! The pure part of spanframe: total functions over `&str` and `f32`, without I/O, threads or foreign types.
//!
//! The modules are the steps of the pipeline, in its order: [`sentence`] cuts a document, [`window`] packs pieces
//! into what a model can take, [`batch`] groups windows of like length, [`aggregate`] turns logits of pieces into
//! probabilities of units, [`moves`] says which tags may follow each other, [`viterbi`] finds the best legal tags and
//! [`posterior`] the likely mentions, [`group`] turns tags into mentions, [`decode`] does all of that for a document,
//! [`trim`] tidies the edges, [`merge`] settles what several models found in one place.
//! [`hugging_face`] has the rules of that pipeline, [`capitals`] lowers lines in capitals for models that want it.
//!
//! Everything here speaks of UTF-8 bytes of one document ([`Span`]). Other units exist only at the output.
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod batch;
pub mod capitals;
pub mod cleanup;
pub mod decode;
pub mod encoding;
pub mod group;
pub mod hugging_face;
pub mod label;
pub mod merge;
pub mod moves;
pub mod named;
mod number;
pub mod posterior;
pub mod sentence;
pub mod span;
pub mod spark_words;
pub mod trim;
pub mod viterbi;
pub mod window;
pub mod word;

pub use aggregate::AggregationStrategy;
pub use batch::Batch;
pub use cleanup::{Cleaned, CleanupMode};
pub use decode::{Decoder, Decoding, Entity, Kind, Rule};
pub use encoding::Encoding;
pub use group::Grouping;
pub use label::{Head, LabelError, LabelSet, Prefix, Tag, TagScheme};
pub use merge::{Merge, MergeWithin, Origin};
pub use moves::Constraints;
pub use named::Named;
pub use span::Span;
pub use window::Window;
