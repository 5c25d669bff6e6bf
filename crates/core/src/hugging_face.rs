//! Hugging Face's token-classification pipeline: its labels, groups and overlapping windows.
//!
//! Source: `TokenClassificationPipeline` of transformers, version 4.57.1.

use crate::{Entity, EntityType, LabelSet, Tag, aggregate::DecodingUnit, entity::settled};

/// A label as the pipeline reads it.
#[derive(Clone, Copy, Debug)]
struct PipelineLabel {
    /// True for `B-`, which begins a group.
    begins: bool,
    /// The label without `B-` or `I-`, as a number.
    tag: u16,
    /// Index into the entity types.
    entity_type: u16,
}

/// The labels of a model as the pipeline reads them.
#[derive(Clone, Debug)]
pub struct HuggingFace {
    /// One for each column of the logits.
    labels: Vec<PipelineLabel>,
    entity_types: Vec<EntityType>,
    /// True for the strategy `none`: every unit is an entity.
    is_single: bool,
}

impl HuggingFace {
    /// Reads the labels. `is_single` names entities by full labels and groups nothing.
    pub fn new(set: &LabelSet, is_single: bool) -> Self {
        let mut tags: Vec<&str> = Vec::new();
        let mut entity_types: Vec<EntityType> = Vec::new();
        let mut labels = Vec::with_capacity(set.labels().len());
        for (label, tag) in set.labels().iter().zip(set.tags()) {
            // the O of a head has the head's name in it
            let label = if *tag == Tag::Outside { "O" } else { label.as_str() };
            let begin = label.strip_prefix("B-");
            let stripped = begin.or(label.strip_prefix("I-")).unwrap_or(label);
            let name = if is_single { label } else { label.split_once('-').map_or(label, |(_, rest)| rest) };
            let entity_type = entity_types.iter().position(|known| known.name == name).unwrap_or_else(|| {
                entity_types.push(EntityType { name: name.to_string(), label_type: tag.entity_type() });
                entity_types.len() - 1
            });
            let tag = tags.iter().position(|known| *known == stripped).unwrap_or_else(|| {
                tags.push(stripped);
                tags.len() - 1
            });
            labels.push(PipelineLabel { begins: begin.is_some(), tag: tag as u16, entity_type: entity_type as u16 });
        }
        Self { labels, entity_types, is_single }
    }

    /// What entities can be, `O` included.
    pub fn entity_types(&self) -> &[EntityType] {
        &self.entity_types
    }

    /// Entity type of the label in `column`.
    pub fn entity_type(&self, column: usize) -> u16 {
        self.labels[column].entity_type
    }

    /// The entities of units whose labels count from `first_column`.
    ///
    /// A group ends where the tag changes and, unless `is_greedy`, before every `B-`.
    pub fn entities(&self, units: &[DecodingUnit], first_column: usize, is_greedy: bool) -> Vec<Entity> {
        let label = |unit: &DecodingUnit| self.labels[first_column + unit.label];
        let same_group = |a: &DecodingUnit, b: &DecodingUnit| {
            let (a, b) = (label(a), label(b));
            !self.is_single && a.tag == b.tag && (is_greedy || !b.begins)
        };
        units.chunk_by(same_group).map(|group| Entity::of_units(group, label(&group[0]).entity_type)).collect()
    }
}

/// Keeps one entity of each overlap among the windows of a document: the longer one, then the one with the higher
/// score.
///
/// Like the pipeline's `stride`, compares each entity with the one kept last, whatever its type, and removes empty ones
/// at the end.
#[must_use]
pub fn keep_longest(text: &str, mut entities: Vec<Entity>) -> Vec<Entity> {
    // the pipeline measures lengths in code points
    let length = |entity: &Entity| entity.span.slice(text).chars().count();
    entities.sort_by_key(|entity| entity.span.begin());
    let mut kept: Vec<Entity> = Vec::with_capacity(entities.len());
    for entity in entities {
        match kept.last_mut() {
            Some(last) if entity.span.begin() < last.span.end() => {
                let is_longer = length(&entity) > length(last);
                let is_surer = length(&entity) == length(last) && entity.score > last.score;
                if is_longer || is_surer {
                    *last = entity;
                }
            }
            _ => kept.push(entity),
        }
    }
    settled(kept)
}
