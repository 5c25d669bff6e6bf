//! Entities for the eye: marked notes for terminals and notebooks, and a report of one HTML page.
//!
//! A [`Row`] of a table becomes a [`Note`]: its text with a [`Mark`] for each entity. [`terminal`] prints notes,
//! [`Excerpt`] shows the first of a table in a notebook, and [`NotesReport`] goes over all rows once, counts, samples, and ends
//! in a page. Overlaps are one thing for all of them: the [`events`](mark::events) of a text.
//!
//! ```
//! use spanframe_engine::{Mention, Offsets};
//! use spanframe_view::{Note, Row, terminal};
//!
//! let found = [Mention { begin: 0, end: 7, entity: "MEDICATION".into(), ..Mention::default() }];
//! let row = Row { text: Some("aspirin 81mg"), mentions: Some(&found), ..Row::default() };
//! assert_eq!(terminal::marked(&Note::new(&row, Offsets::Char.into()), false), "[aspirin MEDICATION] 81mg");
//! ```
#![forbid(unsafe_code)]

pub mod character;
mod chunks;
mod confidence;
mod excerpt;
mod kind;
pub mod mark;
mod markup;
mod note;
mod page;
mod report;
mod sample;
mod tally;
pub mod terminal;

pub use excerpt::Excerpt;
pub use mark::Mark;
pub use note::{Note, Row};
pub use report::{NotesReport, ReportOptions, ReportSource};
