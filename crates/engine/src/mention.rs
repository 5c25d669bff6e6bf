//! [`Mention`]: one entity of one row, as callers see it.

use std::borrow::Cow;

use spanframe_core::assertion::Attribute;

use crate::link::Concept;

/// One entity of one row, with the fields of [`FIELDS`](crate::field::FIELDS).
///
/// Positions are in the unit of the engine or of the column they come from. A column does not say its unit.
///
/// ```
/// use spanframe_engine::Mention;
///
/// let mention = Mention { chunk: Some("aspirin".into()), entity: "MEDICATION".into(), end: 7, ..Mention::default() };
/// assert_eq!((mention.begin, mention.confidence), (0, None));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mention<'a> {
    /// The text of the mention. Columns of others may lack it.
    pub chunk: Option<Cow<'a, str>>,
    /// The entity type.
    pub entity: Cow<'a, str>,
    /// First position.
    pub begin: i64,
    /// End position, exclusive or inclusive by the unit.
    pub end: i64,
    /// 0 to 1. Columns of others may lack it.
    pub confidence: Option<f32>,
    /// Name of the model, for entities of a set of models.
    pub model: Option<Cow<'a, str>>,
    /// Whether it has each [`Attribute`], in the order of [`Attribute::ALL`]. `None` where that was not asked for, or the
    /// language of the text has no cues.
    pub attributes: [Option<bool>; 5],
    /// The concept that it is linked to. Without values if that was not asked for, or no concept is near enough.
    pub concept: Concept<'a>,
    /// The nearest concepts, the best first. `None` if they were not asked for.
    pub candidates: Option<Vec<Concept<'a>>>,
    /// Number of its sentence in the text, with the option `sentences`; else 0. Annotations alone have it.
    pub sentence: u32,
}

impl Mention<'_> {
    /// Whether it has `attribute`, if that is known.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> Option<bool> {
        self.attributes[attribute as usize]
    }

    /// Copies what is borrowed, so that the mention outlives its column.
    #[must_use]
    pub fn into_owned(self) -> Mention<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Mention {
            chunk: self.chunk.map(owned),
            entity: owned(self.entity),
            model: self.model.map(owned),
            begin: self.begin,
            end: self.end,
            confidence: self.confidence,
            attributes: self.attributes,
            concept: self.concept.into_owned(),
            candidates: self.candidates.map(|all| all.into_iter().map(Concept::into_owned).collect()),
            sentence: self.sentence,
        }
    }
}
