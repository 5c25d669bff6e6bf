//! Compares two columns of entities, and scores what was found against what was annotated.
//!
//! - [`comparison`] classifies every difference between two columns. [`difference`] has the rules for one row, `matching`
//!   pairs the mentions, `reach` decides what is truncation, and [`report`] holds the counts and examples.
//! - [`score`] counts correct and wrong mentions of one document. [`bootstrap`] gives confidence intervals.
#![forbid(unsafe_code)]

pub mod bootstrap;
pub mod comparison;
pub mod difference;
mod matching;
mod reach;
pub mod report;
pub mod score;
