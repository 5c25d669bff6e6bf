//! Scores the attributes of found mentions against those of gold: the same span and type first, then each attribute.

use std::collections::BTreeMap;

use spanframe_engine::{Attribute, Attributes, Mention};

use crate::score::Counts;

/// The counts of one document. `exact` counts the mentions that have the attribute in gold and where they were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttributeCounts {
    /// Counts of each attribute, in the order of [`Attribute::ALL`].
    pub each: [Counts; 5],
    /// Counts of the mentions without any of the scored attributes.
    pub affirmed: Counts,
    /// Gold mentions of which no attribute is known, in gold or where they were found.
    pub left_out: u64,
}

/// An attribute that a mention has in gold alone, or by mistake.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AttributeError<'a> {
    /// The attribute.
    pub attribute: Attribute,
    /// Whether gold has it, so that it is missed; otherwise it is spurious.
    pub is_missed: bool,
    /// The mention of gold.
    pub mention: &'a Mention<'a>,
}

/// The place and type of a mention.
type Key<'a> = (i64, i64, &'a str);

/// Scores the attributes of the `found` mentions of one document against `gold`, whose positions must be of one unit.
///
/// An attribute is right if gold has a mention of the same span and type that has it. So a spurious mention with an
/// attribute is wrong, and a missed one is missed. `scored` names the attributes that gold tells. One that is unknown
/// of a mention, in gold or where it was found, is not scored of it. Repeated mentions count once.
///
/// ```
/// # use spanframe_compare::attribute_score::score_attributes;
/// # use spanframe_engine::{Attribute, Mention};
/// let mention = |begin, negated| {
///     let attributes = [Some(negated), None, None, None, None];
///     Mention { begin, end: begin + 1, entity: "SYMPTOM".into(), attributes, ..Mention::default() }
/// };
/// let (gold, found) = ([mention(0, true), mention(5, false)], [mention(0, true), mention(9, true)]);
/// let counts = score_attributes(&gold, &found, [Attribute::Negated].into_iter().collect());
/// let negated = counts.each[Attribute::Negated as usize].strict();
/// assert_eq!((negated.precision, negated.recall), (0.5, 1.0));
/// ```
#[must_use]
pub fn score_attributes(gold: &[Mention<'_>], found: &[Mention<'_>], scored: Attributes) -> AttributeCounts {
    let (gold, found) = (distinct(gold), distinct(found));
    let mut counts = AttributeCounts::default();
    for (key, mention) in &gold {
        counts.add(Some(mention), found.get(key).copied(), scored);
    }
    for (_, mention) in found.iter().filter(|(key, _)| !gold.contains_key(*key)) {
        counts.add(None, Some(mention), scored);
    }
    counts
}

/// The attributes that `gold` and `found` mentions of the same span and type do not share, in the order of the text.
/// Mentions that only one side has are errors of spans. Attributes that are not scored or unknown are left out, as in
/// [`score_attributes`].
///
/// ```
/// # use spanframe_compare::attribute_score::attribute_errors;
/// # use spanframe_engine::{Attribute, Attributes, Mention};
/// let mention = |negated| Mention { attributes: [Some(negated), None, None, None, None], ..Mention::default() };
/// let (gold, found) = ([mention(true)], [mention(false)]);
/// let errors = attribute_errors(&gold, &found, Attributes::EVERY);
/// assert!(errors.len() == 1 && errors[0].attribute == Attribute::Negated && errors[0].is_missed);
/// ```
#[must_use]
pub fn attribute_errors<'a>(
    gold: &'a [Mention<'a>], found: &'a [Mention<'a>], scored: Attributes,
) -> Vec<AttributeError<'a>> {
    let found = distinct(found);
    let gold = distinct(gold).into_iter().filter_map(|(key, mention)| Some((mention, *found.get(&key)?)));
    let errors = gold.flat_map(|(mention, found)| {
        scored.iter().filter_map(move |attribute| match (mention.attribute(attribute)?, found.attribute(attribute)?) {
            (in_gold, in_found) if in_gold != in_found => {
                Some(AttributeError { attribute, is_missed: in_gold, mention })
            }
            _ => None,
        })
    });
    errors.collect()
}

fn distinct<'a>(mentions: &'a [Mention<'a>]) -> BTreeMap<Key<'a>, &'a Mention<'a>> {
    let mut distinct = BTreeMap::new();
    for mention in mentions {
        distinct.entry((mention.begin, mention.end, mention.entity.as_ref())).or_insert(mention);
    }
    distinct
}

impl AttributeCounts {
    /// Adds a mention of gold, of what was found, or of both.
    fn add(&mut self, gold: Option<&Mention<'_>>, found: Option<&Mention<'_>>, scored: Attributes) {
        let is_known = |attribute| [gold, found].into_iter().flatten().all(|m| m.attribute(attribute).is_some());
        let known: Attributes = scored.iter().filter(|&attribute| is_known(attribute)).collect();
        if known.is_empty() {
            self.left_out += u64::from(gold.is_some());
            return;
        }
        let has = |mention: Option<&Mention<'_>>, attribute: Attribute| {
            mention.is_some_and(|mention| mention.attribute(attribute) == Some(true))
        };
        for attribute in known.iter() {
            self.each[attribute as usize].add(has(gold, attribute), has(found, attribute));
        }
        let is_affirmed =
            |mention: Option<&Mention<'_>>| mention.is_some() && !known.iter().any(|attribute| has(mention, attribute));
        self.affirmed.add(is_affirmed(gold), is_affirmed(found));
    }
}

impl Counts {
    /// Counts a mention that gold has, that was found, or both.
    fn add(&mut self, in_gold: bool, in_found: bool) {
        self.gold += u64::from(in_gold);
        self.found += u64::from(in_found);
        self.exact += u64::from(in_gold && in_found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Attribute; 2] = [Attribute::Negated, Attribute::Family];

    fn mention(begin: i64, negated: Option<bool>, family: Option<bool>) -> Mention<'static> {
        let attributes = [negated, None, None, None, family];
        Mention { begin, end: begin + 3, entity: "D".into(), attributes, ..Mention::default() }
    }

    fn counts(gold: u64, found: u64, exact: u64) -> Counts {
        Counts { gold, found, exact, ..Counts::default() }
    }

    #[test]
    fn a_case_computed_by_hand() {
        let (yes, no) = (Some(true), Some(false));
        let gold = [
            mention(0, yes, no),
            mention(0, yes, no),
            mention(10, yes, no),
            mention(20, no, no),
            mention(30, no, no),
            mention(40, None, None),
            mention(50, yes, None),
        ];
        let found = [
            mention(0, yes, yes),
            mention(20, no, no),
            mention(30, yes, no),
            mention(40, yes, no),
            mention(50, yes, yes),
            mention(60, yes, no),
            mention(70, no, no),
            mention(80, None, None),
        ];
        let scored = score_attributes(&gold, &found, BOTH.into_iter().collect());
        // 10 was not found, 30 and 60 have it by mistake, gold does not tell of 40
        assert_eq!(scored.each[Attribute::Negated as usize], counts(3, 4, 2));
        // gold does not tell of 50
        assert_eq!(scored.each[Attribute::Family as usize], counts(0, 1, 0));
        assert_eq!(scored.affirmed, counts(2, 2, 1));
        assert_eq!(scored.left_out, 1);
        let errors: Vec<_> = attribute_errors(&gold, &found, BOTH.into_iter().collect())
            .iter()
            .map(|error| (error.mention.begin, error.attribute, error.is_missed))
            .collect();
        assert_eq!(errors, [(0, Attribute::Family, false), (30, Attribute::Negated, false)]);
        let negated = score_attributes(&gold, &found, [Attribute::Negated].into_iter().collect());
        assert_eq!(negated.each[Attribute::Family as usize], Counts::default());
    }
}
