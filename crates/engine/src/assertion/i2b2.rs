//! The one label that assertion models give an entity, of the i2b2 challenge of 2010.

use spanframe_core::assertion::Attribute;

use crate::Mention;

/// Labels of attributes, the one that decides first. A historical entity is `present`: the challenge counts what was.
const PRECEDENCE: [(Attribute, &str); 4] = [
    (Attribute::Family, "associated_with_someone_else"),
    (Attribute::Hypothetical, "hypothetical"),
    (Attribute::Uncertain, "possible"),
    (Attribute::Negated, "absent"),
];

/// The label of `mention`, or `None` if none of its attributes is known. `conditional` is never given: no cue tells it
/// from `hypothetical`.
///
/// Labels and precedence are those of the challenge's guidelines (Uzuner, South, Shen and DuVall 2011,
/// <https://doi.org/10.1136/amiajnl-2011-000203>).
///
/// ```
/// use spanframe_engine::{Mention, assertion::i2b2_label};
///
/// let mention = Mention { attributes: [Some(true), None, None, None, Some(true)], ..Mention::default() };
/// assert_eq!(i2b2_label(&mention), Some("associated_with_someone_else"));
/// assert_eq!(i2b2_label(&Mention::default()), None);
/// ```
#[must_use]
pub fn i2b2_label(mention: &Mention<'_>) -> Option<&'static str> {
    mention.attributes.iter().any(Option::is_some).then(|| {
        let has = |attribute: Attribute| mention.attribute(attribute) == Some(true);
        PRECEDENCE.iter().find(|(attribute, _)| has(*attribute)).map_or("present", |(_, label)| *label)
    })
}
