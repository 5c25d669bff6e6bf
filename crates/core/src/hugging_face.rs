//! Labels, groups and overlapping windows as Hugging Face's token-classification pipeline reads them.
//!
//! Source: `TokenClassificationPipeline` of transformers, read in version 4.57.1.

use crate::{
    Entity, LabelSet, Tag,
    aggregate::Unit,
    decode::{Kind, entity, settled},
};

/// What the pipeline makes of a label.
#[derive(Clone, Copy, Debug)]
struct Label {
    /// `B-`: begins a group.
    begins: bool,
    /// The label without `B-` or `I-`; equal numbers are equal tags.
    tag: u16,
    /// Index into the kinds.
    kind: u16,
}

/// The pipeline's view of a model's labels.
#[derive(Clone, Debug)]
pub struct HuggingFace {
    /// One a column of the logits.
    labels: Vec<Label>,
    kinds: Vec<Kind>,
    /// Every unit is an entity by itself: strategy `none`.
    single: bool,
}

impl HuggingFace {
    /// Reads the labels; `single` names entities by full labels and groups nothing.
    pub fn new(set: &LabelSet, single: bool) -> Self {
        let mut tags: Vec<&str> = Vec::new();
        let mut kinds: Vec<Kind> = Vec::new();
        let labels = set
            .labels()
            .iter()
            .zip(set.tags())
            .map(|(label, tag)| {
                // the O of a head is named after it
                let label = if *tag == Tag::Outside { "O" } else { label.as_str() };
                let begin = label.strip_prefix("B-");
                let stripped = begin.or(label.strip_prefix("I-")).unwrap_or(label);
                let name = if single { label } else { label.split_once('-').map_or(label, |(_, rest)| rest) };
                let entity = match tag {
                    Tag::Outside => None,
                    Tag::Entity(_, kind) => Some(*kind),
                };
                let kind = kinds.iter().position(|k| k.name == name).unwrap_or_else(|| {
                    kinds.push(Kind { name: name.to_string(), entity });
                    kinds.len() - 1
                });
                let tag = tags.iter().position(|t| *t == stripped).unwrap_or_else(|| {
                    tags.push(stripped);
                    tags.len() - 1
                });
                Label { begins: begin.is_some(), tag: tag as u16, kind: kind as u16 }
            })
            .collect();
        Self { labels, kinds, single }
    }

    /// What entities can be, `O` included.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Kind of the label in `column`.
    pub fn kind(&self, column: usize) -> u16 {
        self.labels[column].kind
    }

    /// The entities of units whose labels count from `first_column`: a group ends where the tag changes and, unless
    /// `greedy`, before every `B-`.
    pub fn entities(&self, units: &[Unit], first_column: usize, greedy: bool) -> Vec<Entity> {
        let label = |unit: &Unit| self.labels[first_column + unit.label];
        let same_group = |a: &Unit, b: &Unit| {
            let (a, b) = (label(a), label(b));
            !self.single && a.tag == b.tag && (greedy || !b.begins)
        };
        units.chunk_by(same_group).map(|group| entity(group, label(&group[0]).kind)).collect()
    }
}

/// One entity of each overlap among the windows of a document: the longer, then the surer, as the pipeline's `stride`
/// has it. An entity is compared with the one kept last, whatever its type; those that cover nothing go at the end.
#[must_use]
pub fn keep_longest(text: &str, mut entities: Vec<Entity>) -> Vec<Entity> {
    // lengths are code points there
    let length = |e: &Entity| e.span.slice(text).chars().count();
    entities.sort_by_key(|e| e.span.begin());
    let mut kept: Vec<Entity> = Vec::with_capacity(entities.len());
    for entity in entities {
        match kept.last_mut() {
            Some(last) if entity.span.begin() < last.span.end() => {
                let longer = length(&entity) > length(last);
                let surer = length(&entity) == length(last) && entity.score > last.score;
                if longer || surer {
                    *last = entity;
                }
            }
            _ => kept.push(entity),
        }
    }
    settled(kept)
}
