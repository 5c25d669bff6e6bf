//! Assertion: is an entity affirmed, now, and the patient's?
//!
//! The rules are those of ConText (Harkema, Dowling, Thornblade and Chapman 2009, <https://doi.org/10.1016/j.jbi.2009.05.002>),
//! the successor of NegEx. Words around an entity are its cues: "denies" negates what follows, "was ruled out" what stands
//! before it.
//!
//! ```text
//! Denies  chest pain ,  cough  or  fever ,  but  reports  nausea .
//! ╰cue──▶ ╰──────────── scope ─────────╯   ╰terminator          ╰ the segment ends
//! ```
//!
//! A scope ends at the first of these: a terminator, a cue that says otherwise, the reach of the rule in words, the segment
//! (a sentence or an item of a list). Headings give an attribute to all that is below them. [`fold`] makes the text
//! comparable, [`rule_set`] finds the cues in one pass, `segment` and `section` bound them, `scope`
//! says which govern an entity, [`context`] gives the reasons.

pub mod attribute;
pub mod context;
pub mod fold;
pub mod rule;
pub mod rule_set;
mod scope;
mod section;
mod segment;

pub use attribute::{Attribute, Attributes};
pub use context::{Reason, assess, reasons};
pub use rule::{Action, Direction, Rule};
pub use rule_set::RuleSet;
