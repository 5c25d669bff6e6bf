//! [`Ranking`]: the best codes of a mention, in a total order.

use std::cmp::Ordering;

use crate::Step;

/// A term that was found, with all that decides its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked<'a> {
    pub similarity: f32,
    pub step: Step,
    /// True if it is not of the entity type of the mention.
    pub other_entity: bool,
    /// True if it is not the preferred term of its code.
    pub other_term: bool,
    pub count: u32,
    pub length: usize,
    pub code: &'a str,
    pub concept: u32,
    pub term: usize,
}

impl Ranked<'_> {
    /// Better comes first. Terms have the order of their texts, so that no two are equal.
    fn order(&self, other: &Self) -> Ordering {
        let rest = |r: &Self| (r.other_entity, r.other_term, std::cmp::Reverse(r.count), r.length);
        other
            .similarity
            .total_cmp(&self.similarity)
            .then_with(|| rest(self).cmp(&rest(other)))
            .then_with(|| self.code.cmp(other.code))
            .then_with(|| (self.concept, self.term).cmp(&(other.concept, other.term)))
    }
}

/// The best terms of a mention, at most one a code.
pub(crate) struct Ranking<'a> {
    top: usize,
    least: f32,
    found: Vec<Ranked<'a>>,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(top: usize, least: f32) -> Self {
        Self { top, least, found: Vec::new() }
    }

    /// True if no later step can add a code. Later steps never find a higher similarity.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= self.top
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// Codes that were added since there were `before`, in their order.
    pub(crate) fn since(&self, before: usize) -> impl Iterator<Item = Ranked<'a>> + use<'a> {
        let mut added = self.found[before.min(self.found.len())..].to_vec();
        added.sort_by(Ranked::order);
        added.into_iter()
    }

    pub(crate) fn add(&mut self, new: Ranked<'a>) {
        // nothing is near enough to a limit that is not a number
        if new.similarity < self.least || self.least.is_nan() {
            return;
        }
        match self.found.iter_mut().find(|found| found.concept == new.concept) {
            Some(found) if new.order(found) == Ordering::Less => *found = new,
            Some(_) => {}
            None => self.found.push(new),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Ranked<'a>> {
        self.found.sort_by(Ranked::order);
        self.found.truncate(self.top);
        self.found
    }
}
