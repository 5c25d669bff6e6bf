//! Batch runs: files in, entities out, in units that are whole or absent.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod form;
pub mod sink;
pub mod source;
