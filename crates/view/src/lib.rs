//! Shows entities: marked notes for terminals and notebooks, and a report on a table as one HTML page.
//!
//! A [`Row`] of a table becomes a [`Note`], a text with a [`Mark`] for each entity. [`terminal`] prints notes,
//! [`Excerpt`] shows the first notes of a table in a notebook, and [`NotesReport`] counts and samples all rows in one
//! pass. All of them render overlaps from the same [`events`](mark::events).
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
pub mod mark;
mod markup;
mod note;
mod page;
mod palette;
mod report;
mod sample;
pub mod status;
mod tally;
pub mod terminal;

pub use excerpt::Excerpt;
pub use mark::Mark;
pub use note::{Note, Row};
pub use report::{NotesReport, ReportOptions, ReportSource};
