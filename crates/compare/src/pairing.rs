//! Pairs the mentions of one row, rule by rule: see [`difference`](crate::difference).

use std::hash::Hash;

use spanframe_engine::{
    Mention,
    offset_convention::{Interval, OffsetConvention},
    ruler::Ruler,
};

use crate::{
    difference::{Difference, DifferenceKind, Explanation, Mentions, attribute_difference},
    matcher::{OverlapIndex, Pair, equal_pairs},
};

/// A mention, and whether a rule has used it.
pub struct Item<'a> {
    pub mention: &'a Mention<'a>,
    /// Bytes with a text, positions as they stand without; `None` where the text has no such place.
    pub interval: Option<Interval>,
    pub is_used: bool,
}

/// The mentions of one column in a row.
pub struct ItemList<'a> {
    pub items: Vec<Item<'a>>,
    pub declared: OffsetConvention,
}

impl<'a> ItemList<'a> {
    fn new(mentions: Mentions<'a>, text: Option<&Ruler<'_>>) -> Self {
        let intervals = mentions.intervals(text);
        let item = |(mention, interval)| Item { mention, interval, is_used: false };
        let items = mentions.list.iter().zip(intervals).map(item).collect();
        Self { items, declared: mentions.offsets.into() }
    }

    /// The mentions that no rule has used, with their indices.
    pub fn unused(&self) -> impl Iterator<Item = (usize, &Item<'a>)> {
        self.items.iter().enumerate().filter(|(_, item)| !item.is_used)
    }

    /// Unused mentions that have the key which `key` gives.
    pub fn keyed<K>(&self, key: impl Fn(&Item<'a>) -> Option<K>) -> impl Iterator<Item = (usize, K)> {
        self.unused().filter_map(move |(index, item)| Some((index, key(item)?)))
    }
}

/// Both lists of a row while the rules are applied. Every mention is used at most once.
pub struct Pairing<'a> {
    pub a: ItemList<'a>,
    pub b: ItemList<'a>,
    /// Pairs of the first rule.
    pub equal: usize,
    found: Vec<Difference>,
}

impl<'a> Pairing<'a> {
    pub fn new(a: Mentions<'a>, b: Mentions<'a>, text: Option<&Ruler<'_>>) -> Self {
        Self { a: ItemList::new(a, text), b: ItemList::new(b, text), equal: 0, found: Vec::new() }
    }

    /// Rule 1: same interval and type. Their attributes may differ.
    pub fn pair_equal(&mut self) {
        let pairs = self.unused_with_equal(|item| Some((item.interval?, item.mention.entity.as_ref())));
        self.equal = pairs.len();
        for pair in pairs {
            self.mark_used(pair);
            let attributes = attribute_difference(self.a.items[pair.a].mention, self.b.items[pair.b].mention);
            if attributes.is_some() {
                let (kind, a, b) = (DifferenceKind::Attribute, Some(pair.a), Some(pair.b));
                self.found.push(Difference { kind, a, b, explanation: None, attributes });
            }
        }
    }

    /// Rule 3: same interval, another type.
    pub fn pair_labels(&mut self) {
        for pair in self.unused_with_equal(|item| item.interval) {
            self.add(DifferenceKind::Label, pair, None);
        }
    }

    /// Rule 4: same type, overlapping intervals; the largest overlap first.
    pub fn pair_boundaries(&mut self) {
        let of_b = self.b.keyed(|item| Some((item.interval?, item.mention.entity.as_ref())));
        let index = OverlapIndex::new(of_b.map(|(b, (interval, entity))| (b, interval, entity)));
        let mut overlaps = Vec::new();
        for (a, interval) in self.a.keyed(|item| item.interval) {
            let entity = self.a.items[a].mention.entity.as_ref();
            let found = index.overlapping(interval, entity);
            overlaps.extend(found.map(|overlap| (-overlap.length, a, overlap.index)));
        }
        overlaps.sort_unstable();
        for (_, a, b) in overlaps {
            if !self.a.items[a].is_used && !self.b.items[b].is_used {
                self.add(DifferenceKind::Boundary, Pair { a, b }, None);
            }
        }
    }

    /// Rule 5: the remaining mentions are missing or extra. Returns all differences.
    pub fn finish(mut self) -> Vec<Difference> {
        let alone = |kind, a, b| Difference { kind, a, b, explanation: None, attributes: None };
        self.found.extend(self.a.unused().map(|(a, _)| alone(DifferenceKind::Missing, Some(a), None)));
        self.found.extend(self.b.unused().map(|(b, _)| alone(DifferenceKind::Extra, None, Some(b))));
        self.found
    }

    pub fn add(&mut self, kind: DifferenceKind, pair: Pair, explanation: Option<Explanation>) {
        self.mark_used(pair);
        self.found.push(Difference { kind, a: Some(pair.a), b: Some(pair.b), explanation, attributes: None });
    }

    fn mark_used(&mut self, pair: Pair) {
        self.a.items[pair.a].is_used = true;
        self.b.items[pair.b].is_used = true;
    }

    fn unused_with_equal<K: Eq + Hash>(&self, key: impl Fn(&Item<'a>) -> Option<K>) -> Vec<Pair> {
        equal_pairs(self.a.keyed(&key), self.b.keyed(&key))
    }
}
