//! [`Entity`]: one decoded mention of a document, and [`EntityType`], what it can be.

use crate::{Span, aggregate::DecodingUnit};

/// One decoded mention of a document.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entity {
    /// Bytes of the document; never empty.
    pub span: Span,
    /// Index into [`EntityDecoder::entity_types`](crate::EntityDecoder::entity_types).
    pub entity_type: u16,
    /// Mean score of its units, 0 to 1; under [`Decoder::Posterior`](crate::Decoder::Posterior) the probability of the
    /// mention.
    pub score: f32,
}

/// What an entity can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntityType {
    /// The name in the output: a type, `O`, or under [`AggregationStrategy::None`](crate::AggregationStrategy::None) a
    /// full label.
    pub name: String,
    /// Index into [`LabelSet::types`](crate::LabelSet::types); `None` for `O`.
    pub label_type: Option<u16>,
}

impl Entity {
    /// The entity of `units`, at least one: from the first begin to the greatest end, with their mean score.
    pub(crate) fn of_units(units: &[DecodingUnit], entity_type: u16) -> Self {
        let begin = units[0].span.begin();
        let end = units.iter().map(|unit| unit.span.end()).max().unwrap_or(begin);
        let score = units.iter().map(|unit| unit.score).sum::<f32>() / units.len() as f32;
        Self { span: Span::new(begin, end.max(begin)), entity_type, score }
    }
}

/// Removes empty entities and sorts the others by begin, end and type.
#[must_use]
pub fn settled(mut entities: Vec<Entity>) -> Vec<Entity> {
    entities.retain(|entity| !entity.span.is_empty());
    entities.sort_by_key(|entity| (entity.span, entity.entity_type));
    entities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_is_the_mean_over_the_units() {
        let unit = |i, score| DecodingUnit { span: Span::new(i, i + 1), label: 1, score };
        let entity = Entity::of_units(&[unit(0, 0.9), unit(1, 0.6), unit(2, 0.3)], 0);
        assert!((entity.score - 0.6).abs() < 1e-6);
    }
}
