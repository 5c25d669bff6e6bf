//! Merges the overlapping entities of several models, or of several heads of one model.
//!
//! Entities compete within a row, or within one type of a row:
//!
//! ```text
//! while entities are left: keep the best one, remove all that overlap it
//! ```
//!
//! "Best" is a total order of the entities and the order of the models alone:
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

/// Which of several overlapping entities to keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Merge {
    /// All of them.
    #[default]
    All,
    /// The longest, in characters.
    Longest,
    /// The one of the first model.
    First,
    /// The most confident.
    Confident,
}

/// Which entities compete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum MergeWithin {
    /// All entities of a row. Nothing overlaps afterwards.
    #[default]
    Row,
    /// The entities of one type. Those of different types may overlap afterwards.
    Type,
}

/// How to merge overlapping entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct MergeRule {
    /// Which entity to keep.
    pub merge: Merge,
    /// Which entities compete.
    pub within: MergeWithin,
}

/// The model and name of an entity type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Position of the model in the order of models.
    pub model: u16,
    /// A number that all types of the same name share.
    pub name: u16,
}

/// An entity with its length in characters.
struct Ranked {
    length: usize,
    entity: Entity,
}

/// Keeps the best of overlapping entities, sorted by begin, end and type.
///
/// `origins` has one element for each entity type.
///
/// ```
/// # use spanframe_core::{Entity, Span, merge::{Merge, MergeRule, MergeWithin, Origin, merge}};
/// let text = "chronic kidney disease";
/// let found = |begin, end, entity_type, score| Entity { span: Span::new(begin, end), entity_type, score };
/// let all = vec![found(8, 22, 0, 0.9), found(0, 22, 1, 0.7)];
/// let origins = [Origin { model: 0, name: 0 }, Origin { model: 1, name: 0 }];
/// let merged = |merge_by| {
///     merge(text, all.clone(), &origins, MergeRule { merge: merge_by, within: MergeWithin::Row })
/// };
/// assert_eq!(merged(Merge::Longest), [all[1]]);
/// assert_eq!(merged(Merge::Confident), [all[0]]);
/// ```
///
/// # Panics
/// If a span does not fit `text`, or an entity type has no origin.
#[must_use]
pub fn merge(text: &str, mut entities: Vec<Entity>, origins: &[Origin], rule: MergeRule) -> Vec<Entity> {
    if rule.merge != Merge::All {
        let ranked = |entity: Entity| Ranked { length: entity.span.slice(text).chars().count(), entity };
        let mut ranked: Vec<Ranked> = entities.into_iter().map(ranked).collect();
        ranked.sort_by(|a, b| best_first(rule.merge, origins, a, b));
        let mut kept = KeptSpans::default();
        let is_kept = |entity: &Entity| {
            let scope = match rule.within {
                MergeWithin::Row => 0,
                MergeWithin::Type => origins[usize::from(entity.entity_type)].name,
            };
            kept.insert(scope, entity.span)
        };
        entities = ranked.into_iter().map(|ranked| ranked.entity).filter(is_kept).collect();
    }
    entities.sort_by_key(|entity| (entity.span, entity.entity_type));
    entities
}

/// The order of the table above.
fn best_first(merge: Merge, origins: &[Origin], a: &Ranked, b: &Ranked) -> Ordering {
    let model = |ranked: &Ranked| origins[usize::from(ranked.entity.entity_type)].model;
    let longer = b.length.cmp(&a.length);
    let surer = b.entity.score.total_cmp(&a.entity.score);
    let earlier = model(a).cmp(&model(b));
    let by_rule = match merge {
        Merge::First => earlier.then(longer).then(surer),
        Merge::Confident => surer.then(longer).then(earlier),
        Merge::Longest | Merge::All => longer.then(surer).then(earlier),
    };
    let (a, b) = (a.entity, b.entity);
    by_rule.then_with(|| (a.span, a.entity_type).cmp(&(b.span, b.entity_type)))
}

/// The kept spans of each scope: the end by scope and begin. No two of a scope overlap.
#[derive(Default)]
struct KeptSpans(BTreeMap<(u16, usize), usize>);

impl KeptSpans {
    /// Inserts `span` unless it overlaps one of its scope. Only the nearest spans before and after it can overlap it.
    fn insert(&mut self, scope: u16, span: Span) -> bool {
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
        let mut entity_type = 0;
        while entity_type < 6 {
            origins[entity_type] = Origin { model: entity_type as u16 / 2, name: entity_type as u16 % 2 };
            entity_type += 1;
        }
        origins
    };

    fn overlap(a: &Entity, b: &Entity) -> bool {
        a.span.begin() < b.span.end() && b.span.begin() < a.span.end()
    }

    prop_compose! {
        /// A text of characters of one to four bytes, and its entities, often with equal scores.
        fn found()(
            text in "[aé日👩]{1,24}", cuts in prop::collection::vec((0usize..24, 1usize..12, 0u16..6, 0u8..4), 0..24),
        ) -> (String, Vec<Entity>) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let last = bounds.len() - 1;
            let entity = |(begin, length, entity_type, score): (usize, usize, u16, u8)| {
                let begin = begin.min(last - 1);
                let span = Span::new(bounds[begin], bounds[(begin + length).min(last)]);
                Entity { span, entity_type, score: f32::from(score) / 4.0 }
            };
            (text, cuts.into_iter().map(entity).collect())
        }
    }

    proptest! {
        #[test]
        fn what_stays_does_not_overlap_and_what_goes_overlaps_something_better(
            (text, entities) in found(), rule in 1usize..4, within in 0usize..2,
        ) {
            let rule = MergeRule { merge: Merge::VARIANTS[rule], within: MergeWithin::VARIANTS[within] };
            let kept = merge(&text, entities.clone(), &ORIGINS, rule);
            let rivals = |a: &Entity, b: &Entity| {
                let same = ORIGINS[usize::from(a.entity_type)].name == ORIGINS[usize::from(b.entity_type)].name;
                (rule.within == MergeWithin::Row || same) && overlap(a, b)
            };
            for (i, a) in kept.iter().enumerate() {
                prop_assert!(entities.contains(a));
                prop_assert!(kept[i + 1..].iter().all(|b| !rivals(a, b)));
            }
            let length = |e: &Entity| e.span.slice(&text).chars().count();
            let model = |e: &Entity| ORIGINS[usize::from(e.entity_type)].model;
            for gone in entities.iter().filter(|e| !kept.contains(e)) {
                let no_worse = |stays: &&Entity| match rule.merge {
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
            let rule = MergeRule { merge: Merge::VARIANTS[rule], within: MergeWithin::VARIANTS[within] };
            let kept = merge(&text, entities.clone(), &ORIGINS, rule);
            let order = |e: &Entity| (e.span.begin(), e.span.end(), ORIGINS[usize::from(e.entity_type)].model);
            prop_assert!(kept.windows(2).all(|pair| order(&pair[0]) <= order(&pair[1])));
            prop_assert_eq!(&merge(&text, kept.clone(), &ORIGINS, rule), &kept);
            if rule.merge == Merge::All {
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
        let e = |begin, end, entity_type, score| Entity { span: Span::new(begin, end), entity_type, score };
        let check = |all: &[Entity], merge_by, stays: Entity| {
            let rule = MergeRule { merge: merge_by, within: MergeWithin::Row };
            assert_eq!(merge(text, all.to_vec(), &ORIGINS, rule), [stays], "{rule:?}");
        };
        // of equal length, then of equal score: the earlier model, then the earlier begin
        check(&[e(0, 5, 2, 0.5), e(3, 8, 4, 0.75)], Merge::Longest, e(3, 8, 4, 0.75));
        check(&[e(0, 5, 4, 0.5), e(3, 8, 2, 0.5)], Merge::Longest, e(3, 8, 2, 0.5));
        check(&[e(3, 8, 2, 0.5), e(0, 5, 2, 0.5)], Merge::Longest, e(0, 5, 2, 0.5));
        check(&[e(0, 2, 0, 0.25), e(0, 8, 2, 0.75)], Merge::First, e(0, 2, 0, 0.25));
        check(&[e(0, 2, 0, 0.75), e(0, 5, 1, 0.25)], Merge::First, e(0, 5, 1, 0.25));
        check(&[e(0, 2, 4, 0.75), e(0, 8, 0, 0.75)], Merge::Confident, e(0, 8, 0, 0.75));
        check(&[e(0, 2, 4, 0.75), e(0, 8, 0, 0.5)], Merge::Confident, e(0, 2, 4, 0.75));
    }
}
