//! The moves from label to label that a tag scheme allows, and what they cost.

use crate::{LabelSet, Prefix, Tag, TagScheme};

/// Stands for a move that is not allowed; finite, so that sums stay ordered.
pub(crate) const NEVER: f32 = -1e9;

/// What a decoder of sequences charges and forbids, beside what the tag scheme forbids.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Constraints {
    /// Cost, in nats, of an entity that begins directly after a unit of another entity.
    pub begin_after_entity_cost: f32,
    /// Forbid a change between O and an entity, and a new begin, inside a word.
    pub whole_words: bool,
}

/// The moves of one head, as log-costs.
#[derive(Clone, Debug, PartialEq)]
pub struct Moves {
    pub(crate) labels: usize,
    /// The type of each label.
    pub(crate) kinds: Vec<Option<u16>>,
    /// Into the first unit, by label.
    pub(crate) start: Vec<f32>,
    /// Out of the last unit, by label.
    pub(crate) end: Vec<f32>,
    /// `[from, to]`, between words and inside one.
    pub(crate) between: Vec<f32>,
    pub(crate) inside: Vec<f32>,
    /// `[from, to]`: whether the second label goes on with the mention of the first.
    pub(crate) goes_on: Vec<bool>,
}

impl Moves {
    /// The moves that `constraints` and the scheme of `set` allow between `tags`, the labels of one head.
    #[must_use]
    pub fn new(constraints: Constraints, tags: &[Tag], set: &LabelSet) -> Self {
        let legal = Legal { tags, scheme: set.scheme() };
        let cost = |allowed: bool| if allowed { 0.0 } else { NEVER };
        let moves = |inside: bool| {
            let pairs = tags.iter().flat_map(|&from| tags.iter().map(move |&to| (from, to)));
            pairs
                .map(|(from, to)| {
                    let begins = matches!((from, to), (Tag::Entity(..), Tag::Entity(Prefix::Begin, _)));
                    let price = if begins { constraints.begin_after_entity_cost } else { 0.0 };
                    cost(legal.step(from, to) && !(inside && breaks(from, to))) - price
                })
                .collect()
        };
        Self {
            labels: tags.len(),
            kinds: tags.iter().map(|&tag| kind(tag)).collect(),
            start: tags.iter().map(|&to| cost(legal.starts(to))).collect(),
            end: tags.iter().map(|&from| cost(legal.ends(from))).collect(),
            between: moves(false),
            inside: moves(constraints.whole_words),
            goes_on: tags.iter().flat_map(|&from| tags.iter().map(move |&to| goes_on(from, to))).collect(),
        }
    }
}

/// Whether `to` goes on with the mention that `from` is of, by the rule of [`Grouping::Lenient`](crate::Grouping).
fn goes_on(from: Tag, to: Tag) -> bool {
    match (from, to) {
        (Tag::Entity(before, a), Tag::Entity(after, b)) => {
            a == b && !matches!(before, Prefix::End | Prefix::Single) && matches!(after, Prefix::Inside | Prefix::End)
        }
        _ => false,
    }
}

/// Whether a move inside a word would begin, end or change an entity there.
fn breaks(from: Tag, to: Tag) -> bool {
    (from, to) != (Tag::Outside, Tag::Outside) && !goes_on(from, to)
}

fn kind(tag: Tag) -> Option<u16> {
    match tag {
        Tag::Outside => None,
        Tag::Entity(_, kind) => Some(kind),
    }
}

/// What a scheme allows, among the labels that there are: a rule that would need a label which a type lacks is void.
pub(crate) struct Legal<'a> {
    pub(crate) tags: &'a [Tag],
    pub(crate) scheme: TagScheme,
}

impl Legal<'_> {
    fn has(&self, prefix: Prefix, of: u16) -> bool {
        self.tags.contains(&Tag::Entity(prefix, of))
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

    /// Whether after `tag` its entity has to go on.
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
        let same = kind(from).is_some() && kind(from) == kind(to);
        let touches = match (self.scheme, from, to) {
            (TagScheme::Iob1, _, Tag::Entity(Prefix::Begin, _)) => same,
            // an E- with nothing of its type before it is no entity to seqeval
            (TagScheme::Ioe1, Tag::Entity(Prefix::End, _), _) | (TagScheme::Ioe1, _, Tag::Entity(Prefix::End, _)) => {
                same
            }
            _ => true,
        };
        let fits = goes_on(from, to) || !(self.needs_open(to) || self.leaves_open(from));
        fits && touches
    }
}

/// Labels of every scheme, for tests.
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
