//! Linking of mentions to the concepts of vocabularies.
//!
//! [`Linker`] searches the vocabularies. The engine links what it finds, and [`link_column`] the entities of a column
//! that is there already. Both link each distinct text once a batch.

mod column;
mod concept;
mod linker;
mod links;
mod open;
pub(crate) mod options;

pub use column::{link_column, linked_type};
pub use concept::Concept;
pub use linker::Linker;
pub use links::{Link, Links};
pub use options::{LinkOptions, RawLink};
