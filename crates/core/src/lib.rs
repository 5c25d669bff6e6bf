//! The pure part of spanframe: functions over `&str` and `f32` without I/O, threads or foreign types.
//!
//! The modules are the steps from text to entities, in order:
//!
//! - [`sentence`] cuts a document, [`window`] packs tokens into windows, [`batch`] packs windows of similar length.
//! - [`aggregate`] turns logits of tokens into probabilities of decoding units.
//! - [`moves`] has the moves that a tag scheme allows. [`viterbi`] finds the best sequence of tags, `posterior` the
//!   likely mentions (by the sums of `forward_backward`), and [`group`] turns tags into mentions.
//! - [`decode`] does these steps for a document, [`trim`] tidies the edges of entities, and [`merge`] merges
//!   overlapping entities of several models.
//! - [`hugging_face`], [`spark_words`] and [`cleanup`] emulate other systems. [`capitals`] lower-cases lines in
//!   capitals.
//! - [`shown_name`] shows names from files in messages.
//!
//! Positions are UTF-8 bytes of one document ([`Span`]). Other units exist only at the output.
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod assertion;
pub mod batch;
pub mod calibration;
pub mod capitals;
pub mod cleanup;
pub mod decode;
pub mod encoding;
pub mod entity;
mod forward_backward;
pub mod group;
pub mod hugging_face;
pub mod label;
pub mod merge;
pub mod moves;
pub mod named;
mod number;
mod posterior;
pub mod sentence;
pub mod shown_name;
pub mod span;
pub mod spark_words;
pub mod trim;
pub mod viterbi;
pub mod window;
pub mod word;

pub use aggregate::AggregationStrategy;
pub use batch::Batch;
pub use calibration::Calibration;
pub use cleanup::{Cleaned, CleanupMode};
pub use decode::{Decoder, DecodingRule, EntityDecoder};
pub use encoding::Encoding;
pub use entity::{Entity, EntityType};
pub use group::Grouping;
pub use label::{Head, LabelError, LabelSet, Prefix, Tag, TagScheme};
pub use merge::{Merge, MergeRule, MergeWithin, Origin};
pub use moves::Constraints;
pub use named::Named;
pub use span::Span;
pub use window::Window;
