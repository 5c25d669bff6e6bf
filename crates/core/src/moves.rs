//! [`Moves`]: the moves from label to label that a tag scheme allows, with their log-weights (higher is better).

use crate::{LabelSet, Prefix, Tag, TagScheme};

/// Log-weight of a forbidden move. Finite, so that sums of several stay ordered.
pub(crate) const NEVER: f32 = -1e9;

/// What a decoder of sequences charges and forbids, in addition to the tag scheme.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Cost, in nats, of an entity that begins directly after another one.
    pub begin_after_entity_cost: f32,
    /// Forbid a change between O and an entity, and a new begin, inside a word.
    pub whole_words: bool,
}

/// The moves of one head, as log-weights: 0 for a free move, less for one that costs something.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    pub(crate) labels: usize,
    /// The type of each label; `None` for `O`.
    pub(crate) types: Vec<Option<u16>>,
    /// Log-weight of the first unit's label.
    pub(crate) start: Vec<f32>,
    /// Log-weight of the last unit's label.
    pub(crate) end: Vec<f32>,
    /// Log-weights `[from, to]` into a unit that begins a word.
    pub(crate) between: Vec<f32>,
    /// Log-weights `[from, to]` into a unit that begins inside a word.
    pub(crate) inside: Vec<f32>,
    /// `[from, to]`: whether the second label continues the mention of the first.
    pub(crate) continues: Vec<bool>,
}

impl Moves {
    /// The moves that `constraints` and the scheme of `set` allow between `tags`, those of one head.
    #[must_use]
    pub fn new(constraints: Constraints, tags: &[Tag], set: &LabelSet) -> Self {
        let legal = Legal { tags, scheme: set.scheme() };
        let weight = |allowed: bool| if allowed { 0.0 } else { NEVER };
        let moves = |inside: bool| {
            let pairs = tags.iter().flat_map(|&from| tags.iter().map(move |&to| (from, to)));
            pairs
                .map(|(from, to)| {
                    let begins = matches!((from, to), (Tag::Entity(..), Tag::Entity(Prefix::Begin, _)));
                    let cost = if begins { constraints.begin_after_entity_cost } else { 0.0 };
                    weight(legal.step(from, to) && !(inside && breaks(from, to))) - cost
                })
                .collect()
        };
        Self {
            labels: tags.len(),
            types: tags.iter().map(|tag| tag.entity_type()).collect(),
            start: tags.iter().map(|&to| weight(legal.starts(to))).collect(),
            end: tags.iter().map(|&from| weight(legal.ends(from))).collect(),
            between: moves(false),
            inside: moves(constraints.whole_words),
            continues: tags.iter().flat_map(|&from| tags.iter().map(move |&to| continues(from, to))).collect(),
        }
    }
}

/// Whether `to` continues the mention of `from`, by the rule of [`Grouping::Lenient`](crate::Grouping).
fn continues(from: Tag, to: Tag) -> bool {
    match (from, to) {
        (Tag::Entity(before, a), Tag::Entity(after, b)) => {
            a == b && !matches!(before, Prefix::End | Prefix::Single) && matches!(after, Prefix::Inside | Prefix::End)
        }
        _ => false,
    }
}

/// Whether a move begins, ends or changes an entity, which no move inside a word may do.
fn breaks(from: Tag, to: Tag) -> bool {
    (from, to) != (Tag::Outside, Tag::Outside) && !continues(from, to)
}

/// What a scheme allows among the labels of a model. A rule that needs a label which a type lacks does not apply.
pub(crate) struct Legal<'a> {
    pub(crate) tags: &'a [Tag],
    pub(crate) scheme: TagScheme,
}

impl Legal<'_> {
    fn has(&self, prefix: Prefix, entity_type: u16) -> bool {
        self.tags.contains(&Tag::Entity(prefix, entity_type))
    }

    /// Whether `tag` may only follow an open entity of its type.
    fn needs_open(&self, tag: Tag) -> bool {
        match (self.scheme, tag) {
            (TagScheme::Iob2, Tag::Entity(Prefix::Inside, k)) => self.has(Prefix::Begin, k),
            (TagScheme::Iobes | TagScheme::Bilou, Tag::Entity(Prefix::Inside | Prefix::End, k)) => {
                self.has(Prefix::Begin, k)
            }
            _ => false,
        }
    }

    /// Whether the entity of `tag` has to continue after it.
    fn leaves_open(&self, tag: Tag) -> bool {
        match (self.scheme, tag) {
            (TagScheme::Ioe2, Tag::Entity(Prefix::Inside, k)) => self.has(Prefix::End, k),
            (TagScheme::Iobes | TagScheme::Bilou, Tag::Entity(Prefix::Begin | Prefix::Inside, k)) => {
                self.has(Prefix::End, k)
            }
            _ => false,
        }
    }

    pub(crate) fn starts(&self, tag: Tag) -> bool {
        let between_touching = match self.scheme {
            TagScheme::Iob1 => matches!(tag, Tag::Entity(Prefix::Begin, _)),
            TagScheme::Ioe1 => matches!(tag, Tag::Entity(Prefix::End, _)),
            _ => false,
        };
        !self.needs_open(tag) && !between_touching
    }

    pub(crate) fn ends(&self, tag: Tag) -> bool {
        let between_touching = self.scheme == TagScheme::Ioe1 && matches!(tag, Tag::Entity(Prefix::End, _));
        !self.leaves_open(tag) && !between_touching
    }

    pub(crate) fn step(&self, from: Tag, to: Tag) -> bool {
        let same = from.entity_type().is_some() && from.entity_type() == to.entity_type();
        let touches = match (self.scheme, from, to) {
            (TagScheme::Iob1, _, Tag::Entity(Prefix::Begin, _)) => same,
            // seqeval reads an E- only after a tag of its type
            (TagScheme::Ioe1, Tag::Entity(Prefix::End, _), _) | (TagScheme::Ioe1, _, Tag::Entity(Prefix::End, _)) => {
                same
            }
            _ => true,
        };
        let fits = continues(from, to) || !(self.needs_open(to) || self.leaves_open(from));
        fits && touches
    }
}

/// Labels of every scheme.
#[cfg(test)]
pub(crate) const SCHEMES: [(TagScheme, &str); 8] = [
    (TagScheme::Io, "O I-A I-B"),
    (TagScheme::Iob1, "O B-A I-A B-B I-B"),
    (TagScheme::Iob2, "O B-A I-A B-B I-B"),
    (TagScheme::Ioe1, "O I-A E-A I-B E-B"),
    (TagScheme::Ioe2, "O I-A E-A I-B E-B"),
    (TagScheme::Iobes, "O B-A I-A E-A S-A B-B I-B E-B S-B"),
    (TagScheme::Bilou, "O B-A I-A L-A U-A B-B I-B L-B U-B"),
    (TagScheme::None, "O A B"),
];
