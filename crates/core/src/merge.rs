//! Entities of one text that several models, or several heads of one, have found: which stay where they overlap.
//!
//! Entities compete within a row, or within one type of a row. The best of them stays, those that overlap it go, then the
//! best of what is left, and so on. What is better depends on nothing but the entities and the order of the models:
//!
//! | rule | first | then | then | then |
//! |---|---|---|---|---|
//! | [`Longest`](Merge::Longest) | more characters | more confident | earlier model | earlier begin |
//! | [`First`](Merge::First) | earlier model | more characters | more confident | earlier begin |
//! | [`Confident`](Merge::Confident) | more confident | more characters | earlier model | earlier begin |
//!
//! Entities that touch do not overlap.

use std::{cmp::Ordering, collections::BTreeMap};

use strum::{IntoStaticStr, VariantArray};

use crate::{Entity, Span};

/// Which of several overlapping entities stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Merge {
    /// All of them.
    #[default]
    All,
    /// The longest, in characters.
    Longest,
    /// That of the model which comes first.
    First,
    /// The most confident.
    Confident,
}

/// Among which entities one stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum MergeWithin {
    /// All of a row: nothing overlaps afterwards.
    #[default]
    Row,
    /// Those of one type: entities of different types may overlap afterwards.
    Type,
}

/// Where a kind of entity comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The model, by its place in the order.
    pub model: u16,
    /// The type, by a number that kinds of the same name share.
    pub name: u16,
}

/// The entities that stay, sorted by begin, end and kind. `origins` has one element a kind, in the order of the models.
///
/// ```
/// # use spanframe_core::{Entity, Span, merge::{Merge, MergeWithin, Origin, merge}};
/// let text = "chronic kidney disease";
/// let found = |begin, end, kind, score| Entity { span: Span::new(begin, end), kind, score };
/// let all = vec![found(8, 22, 0, 0.9), found(0, 22, 1, 0.7)];
/// let origins = [Origin { model: 0, name: 0 }, Origin { model: 1, name: 0 }];
/// let longest = merge(text, all.clone(), &origins, (Merge::Longest, MergeWithin::Row));
/// assert_eq!(longest, [all[1]]);
/// assert_eq!(merge(text, all.clone(), &origins, (Merge::Confident, MergeWithin::Type)), [all[0]]);
/// ```
///
/// # Panics
/// If a span does not fit `text`, or a kind has no origin.
#[must_use]
pub fn merge(
    text: &str, mut entities: Vec<Entity>, origins: &[Origin], (rule, within): (Merge, MergeWithin),
) -> Vec<Entity> {
    if rule != Merge::All {
        let mut ranked: Vec<(usize, Entity)> =
            entities.into_iter().map(|e| (e.span.slice(text).chars().count(), e)).collect();
        ranked.sort_by(|a, b| rank(rule, origins, a, b));
        let mut kept = Kept::default();
        ranked.retain(|(_, entity)| {
            let scope = match within {
                MergeWithin::Row => 0,
                MergeWithin::Type => origins[usize::from(entity.kind)].name,
            };
            kept.takes(scope, entity.span)
        });
        entities = ranked.into_iter().map(|(_, entity)| entity).collect();
    }
    entities.sort_by_key(|e| (e.span, e.kind));
    entities
}

/// The better first.
fn rank(rule: Merge, origins: &[Origin], a: &(usize, Entity), b: &(usize, Entity)) -> Ordering {
    let model = |(_, e): &(usize, Entity)| origins[usize::from(e.kind)].model;
    let longer = b.0.cmp(&a.0);
    let surer = b.1.score.total_cmp(&a.1.score);
    let earlier = model(a).cmp(&model(b));
    let by_rule = match rule {
        Merge::First => earlier.then(longer).then(surer),
        Merge::Confident => surer.then(longer).then(earlier),
        Merge::Longest | Merge::All => longer.then(surer).then(earlier),
    };
    by_rule.then_with(|| (a.1.span, a.1.kind).cmp(&(b.1.span, b.1.kind)))
}

/// Spans that stay: begin to end, of each scope. None overlaps another of its scope.
#[derive(Default)]
struct Kept(BTreeMap<(u16, usize), usize>);

impl Kept {
    /// Takes `span` if it overlaps none of its scope.
    fn takes(&mut self, scope: u16, span: Span) -> bool {
        let before = self.0.range((scope, 0)..=(scope, span.begin())).next_back();
        let after = self.0.range((scope, span.begin())..=(scope, usize::MAX)).next();
        let free = before.is_none_or(|(_, &end)| end <= span.begin())
            && after.is_none_or(|(&(_, begin), _)| span.end() <= begin);
        if free {
            self.0.insert((scope, span.begin()), span.end());
        }
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Three models of two types each; types are shared.
    const ORIGINS: [Origin; 6] = {
        let mut origins = [Origin { model: 0, name: 0 }; 6];
        let mut kind = 0;
        while kind < 6 {
            origins[kind] = Origin { model: kind as u16 / 2, name: kind as u16 % 2 };
            kind += 1;
        }
        origins
    };

    fn overlap(a: &Entity, b: &Entity) -> bool {
        a.span.begin() < b.span.end() && b.span.begin() < a.span.end()
    }

    prop_compose! {
        /// A text of characters of one to four bytes, and entities of it; confidences that are often equal.
        fn found()(
            text in "[aé日👩]{1,24}", cuts in prop::collection::vec((0usize..24, 1usize..12, 0u16..6, 0u8..4), 0..24),
        ) -> (String, Vec<Entity>) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let last = bounds.len() - 1;
            let entity = |(begin, length, kind, score): (usize, usize, u16, u8)| {
                let begin = begin.min(last - 1);
                let span = Span::new(bounds[begin], bounds[(begin + length).min(last)]);
                Entity { span, kind, score: f32::from(score) / 4.0 }
            };
            (text, cuts.into_iter().map(entity).collect())
        }
    }

    proptest! {
        #[test]
        fn what_stays_does_not_overlap_and_what_goes_overlaps_something_better(
            (text, entities) in found(), rule in 1usize..4, within in 0usize..2,
        ) {
            let (rule, within) = (Merge::VARIANTS[rule], MergeWithin::VARIANTS[within]);
            let kept = merge(&text, entities.clone(), &ORIGINS, (rule, within));
            let rivals = |a: &Entity, b: &Entity| {
                let same = ORIGINS[usize::from(a.kind)].name == ORIGINS[usize::from(b.kind)].name;
                (within == MergeWithin::Row || same) && overlap(a, b)
            };
            for (i, a) in kept.iter().enumerate() {
                prop_assert!(entities.contains(a));
                prop_assert!(kept[i + 1..].iter().all(|b| !rivals(a, b)));
            }
            let length = |e: &Entity| e.span.slice(&text).chars().count();
            let model = |e: &Entity| ORIGINS[usize::from(e.kind)].model;
            for gone in entities.iter().filter(|e| !kept.contains(e)) {
                let no_worse = |stays: &&Entity| match rule {
                    Merge::Longest => length(stays) >= length(gone),
                    Merge::First => model(stays) <= model(gone),
                    _ => stays.score >= gone.score,
                };
                prop_assert!(kept.iter().filter(|stays| rivals(stays, gone)).any(|stays| no_worse(&stays)));
            }
        }

        #[test]
        fn a_merge_is_sorted_idempotent_and_independent_of_order(
            (text, entities) in found(), rule in 0usize..4, within in 0usize..2,
        ) {
            let rule = (Merge::VARIANTS[rule], MergeWithin::VARIANTS[within]);
            let kept = merge(&text, entities.clone(), &ORIGINS, rule);
            let order = |e: &Entity| (e.span.begin(), e.span.end(), ORIGINS[usize::from(e.kind)].model);
            prop_assert!(kept.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])));
            prop_assert_eq!(&merge(&text, kept.clone(), &ORIGINS, rule), &kept);
            if rule.0 == Merge::All {
                prop_assert_eq!(kept.len(), entities.len());
            } else {
                let reversed = merge(&text, entities.into_iter().rev().collect(), &ORIGINS, rule);
                prop_assert_eq!(reversed, kept);
            }
        }
    }

    #[test]
    fn ties_go_by_the_stated_order() {
        let text = "ab cd ef";
        let e = |begin, end, kind, score| Entity { span: Span::new(begin, end), kind, score };
        let check = |all: &[Entity], rule, stays: Entity| {
            assert_eq!(merge(text, all.to_vec(), &ORIGINS, (rule, MergeWithin::Row)), [stays], "{rule:?}");
        };
        // as long, then as sure: the earlier model, then the earlier begin
        check(&[e(0, 5, 2, 0.5), e(3, 8, 4, 0.75)], Merge::Longest, e(3, 8, 4, 0.75));
        check(&[e(0, 5, 4, 0.5), e(3, 8, 2, 0.5)], Merge::Longest, e(3, 8, 2, 0.5));
        check(&[e(3, 8, 2, 0.5), e(0, 5, 2, 0.5)], Merge::Longest, e(0, 5, 2, 0.5));
        check(&[e(0, 2, 0, 0.25), e(0, 8, 2, 0.75)], Merge::First, e(0, 2, 0, 0.25));
        check(&[e(0, 2, 0, 0.75), e(0, 5, 1, 0.25)], Merge::First, e(0, 5, 1, 0.25));
        check(&[e(0, 2, 4, 0.75), e(0, 8, 0, 0.75)], Merge::Confident, e(0, 8, 0, 0.75));
        check(&[e(0, 2, 4, 0.75), e(0, 8, 0, 0.5)], Merge::Confident, e(0, 2, 4, 0.75));
    }
}
