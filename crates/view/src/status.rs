//! How the attributes of an entity are shown: by name, and by a line through it or a faint background.

use spanframe_engine::{Attribute, Mention, Named};

use crate::character::line;

/// The name of an entity that has no attribute.
pub const AFFIRMED: &str = "affirmed";

/// How an entity is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// As it is: it is affirmed, or nothing is known.
    Plain,
    /// With a line through it: it is negated.
    Struck,
    /// Faint: it has another attribute.
    Faint,
}

/// The names of the attributes that `mention` has.
pub fn names(mention: &Mention<'_>) -> impl Iterator<Item = &'static str> {
    Attribute::named().filter(|(_, attribute)| mention.attribute(*attribute) == Some(true)).map(|(name, _)| name)
}

/// True if any attribute of `mention` is known.
pub fn is_known(mention: &Mention<'_>) -> bool {
    mention.attributes.iter().any(Option::is_some)
}

/// The code of its concept and the names, with a space before each: ` 267036007 negated family`. Empty without any.
pub fn suffix(mention: &Mention<'_>) -> String {
    let code = mention.concept.code.as_deref().map(|code| format!(" {}", line(code))).unwrap_or_default();
    names(mention).fold(code, |words, name| words + " " + name)
}

/// The names with commas, or [`AFFIRMED`]. `None` where no attribute is known.
///
/// ```
/// use spanframe_engine::Mention;
/// use spanframe_view::status::in_words;
///
/// let words = |attributes| in_words(&Mention { attributes, ..Mention::default() });
/// assert_eq!(words([Some(true), None, None, None, Some(true)]).as_deref(), Some("negated, family"));
/// assert_eq!(words([Some(false); 5]).as_deref(), Some("affirmed"));
/// assert_eq!(words([None; 5]), None);
/// ```
#[must_use]
pub fn in_words(mention: &Mention<'_>) -> Option<String> {
    let names: Vec<&str> = names(mention).collect();
    is_known(mention).then(|| if names.is_empty() { AFFIRMED.to_string() } else { names.join(", ") })
}

/// How `mention` is drawn.
pub fn look(mention: &Mention<'_>) -> Look {
    match names(mention).next() {
        None => Look::Plain,
        Some(_) if mention.attribute(Attribute::Negated) == Some(true) => Look::Struck,
        Some(_) => Look::Faint,
    }
}
