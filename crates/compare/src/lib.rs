//! Compares two columns of entities, and scores found mentions against gold.
//!
//! - [`comparison`] finds every difference between two columns: [`difference`] has the rules for one row (`pairing` and
//!   `offset_unit` apply them), `reach` recognises truncation, and [`report`] holds counts and examples.
//! - [`score`] counts right and wrong mentions of one document, [`attribute_score`] right and wrong attributes,
//!   [`code_score`] right and wrong codes, and [`bootstrap`] gives confidence intervals.
//!
//! Both match mentions by `matcher`.
#![forbid(unsafe_code)]

pub mod attribute_score;
pub mod bootstrap;
pub mod code_score;
pub mod comparison;
pub mod difference;
mod matcher;
mod offset_unit;
mod pairing;
mod reach;
pub mod report;
pub mod score;
