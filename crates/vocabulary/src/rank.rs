//! [`Ranking`]: the best codes of a mention, in a total order.

use std::cmp::Ordering;

use crate::Step;

/// A term that was found, with all that decides its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ranked {
    pub similarity: f32,
    pub step: Step,
    /// True if it is not of the entity type of the mention.
    pub other_entity: bool,
    /// True if it is not the preferred term of its code.
    pub other_term: bool,
    pub count: u32,
    pub length: usize,
    pub concept: u32,
    pub term: usize,
}

/// The best terms of a mention, at most one a code.
pub(crate) struct Ranking<Code> {
    top: usize,
    least: f32,
    found: Vec<Ranked>,
    /// The code of a concept.
    code: Code,
}

impl<'a, Code: Fn(u32) -> &'a str> Ranking<Code> {
    pub(crate) fn new(top: usize, least: f32, code: Code) -> Self {
        Self { top, least, found: Vec::new(), code }
    }

    /// Better comes first. Terms have the order of their texts, so that no two are equal.
    fn order(&self, a: &Ranked, b: &Ranked) -> Ordering {
        let rest = |r: &Ranked| (r.other_entity, r.other_term, std::cmp::Reverse(r.count), r.length);
        b.similarity
            .total_cmp(&a.similarity)
            .then_with(|| rest(a).cmp(&rest(b)))
            .then_with(|| (self.code)(a.concept).cmp((self.code)(b.concept)))
            .then_with(|| (a.concept, a.term).cmp(&(b.concept, b.term)))
    }

    /// True if no later step can add a code. Later steps never find a higher similarity.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= self.top
    }

    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// The similarity that a code must reach to be among the best.
    pub(crate) fn floor(&self) -> f32 {
        let mut similarities: Vec<f32> = self.found.iter().map(|found| found.similarity).collect();
        match self.top.checked_sub(1).filter(|last| *last < similarities.len()) {
            Some(last) => *similarities.select_nth_unstable_by(last, |a, b| b.total_cmp(a)).1,
            None => self.least,
        }
    }

    /// Codes that were added since there were `before`, in their order.
    pub(crate) fn since(&self, before: usize) -> Vec<Ranked> {
        let mut added = self.found[before.min(self.found.len())..].to_vec();
        added.sort_by(|a, b| self.order(a, b));
        added
    }

    pub(crate) fn add(&mut self, new: Ranked) {
        // nothing is near enough to a limit that is not a number
        if new.similarity < self.least || self.least.is_nan() {
            return;
        }
        match self.found.iter().position(|found| found.concept == new.concept) {
            Some(at) if self.order(&new, &self.found[at]) == Ordering::Less => self.found[at] = new,
            Some(_) => {}
            None => self.found.push(new),
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Ranked> {
        let mut found = std::mem::take(&mut self.found);
        found.sort_by(|a, b| self.order(a, b));
        found.truncate(self.top);
        found
    }
}
