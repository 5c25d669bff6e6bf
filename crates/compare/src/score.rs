//! Scores the found mentions of one document against its gold annotation: counts, confusions and errors.
//!
//! *Strict* means the same span and type. *Relaxed* means the same type and at least one shared position. Repeated
//! mentions count once.

use std::collections::HashMap;

use spanframe_engine::{Mention, offset_convention::Interval};
use strum::{IntoStaticStr, VariantArray};

use crate::matcher::{OverlapIndex, equal_pairs};

/// The counts of one entity type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Gold mentions.
    pub gold: u64,
    /// Found mentions.
    pub found: u64,
    /// Mentions with the same span in both.
    pub exact: u64,
    /// Gold mentions that overlap a found one of their type.
    pub gold_touched: u64,
    /// Found mentions that overlap a gold one of their type.
    pub found_touched: u64,
}

/// Precision, recall and their harmonic mean, 0 to 1; 0 where the denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// Share of the found mentions that are right.
    pub precision: f64,
    /// Share of the gold mentions that were found.
    pub recall: f64,
    /// Harmonic mean.
    pub f1: f64,
}

impl Figures {
    fn new(precision: f64, recall: f64) -> Self {
        let f1 = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
        Self { precision, recall, f1 }
    }
}

/// `part / whole`, or 0 of nothing.
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl Counts {
    /// Figures by exact span and type.
    ///
    /// ```
    /// # use spanframe_compare::score::Counts;
    /// let counts = Counts { gold: 4, found: 2, exact: 1, ..Counts::default() };
    /// assert_eq!((counts.strict().precision, counts.strict().recall), (0.5, 0.25));
    /// ```
    #[must_use]
    pub fn strict(&self) -> Figures {
        Figures::new(share(self.exact, self.found), share(self.exact, self.gold))
    }

    /// Figures by type and any overlap.
    #[must_use]
    pub fn relaxed(&self) -> Figures {
        Figures::new(share(self.found_touched, self.found), share(self.gold_touched, self.gold))
    }

    /// The sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            gold: self.gold + other.gold,
            found: self.found + other.found,
            exact: self.exact + other.exact,
            gold_touched: self.gold_touched + other.gold_touched,
            found_touched: self.found_touched + other.found_touched,
        }
    }
}

/// A gold type and the type it was found as, both as indices into the scored types; `None` is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confusion {
    /// Gold type.
    pub gold: Option<usize>,
    /// Found type.
    pub found: Option<usize>,
}

/// What is wrong with a mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorClass {
    /// In gold, and found with another begin or end.
    Boundary,
    /// In gold, and nothing found of its type overlaps it.
    Missed,
    /// Found, and nothing in gold of its type overlaps it.
    Spurious,
}

/// A mention that gold and the found mentions do not share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreError<'a> {
    /// What is wrong.
    pub class: ErrorClass,
    /// Index of its type.
    pub entity: usize,
    /// The gold mention; if spurious the found one.
    pub mention: &'a Mention<'a>,
    /// At a wrong boundary: the found mention that shares most with it.
    pub found: Option<&'a Mention<'a>>,
}

/// The score of one document.
#[derive(Clone, Debug, PartialEq)]
pub struct DocumentScore<'a> {
    /// Counts of each type.
    pub counts: Vec<Counts>,
    /// One confusion for each gold mention, and one for each found mention that none of them names.
    ///
    /// A gold mention is found as its own type if something of that type overlaps it. Else it is found as the type of
    /// the found mention that shares most with it, or as nothing.
    pub confusions: Vec<Confusion>,
    /// Missed mentions, then spurious ones, then wrong boundaries; each by type and position.
    pub errors: Vec<ScoreError<'a>>,
}

/// A distinct mention of a scored type.
struct ScoredMention<'a> {
    entity: usize,
    interval: Interval,
    mention: &'a Mention<'a>,
}

/// The distinct mentions of one side, sorted by type and position.
struct Distinct<'a> {
    mentions: Vec<ScoredMention<'a>>,
    overlaps: OverlapIndex<usize>,
}

impl<'a> Distinct<'a> {
    fn new(list: &'a [Mention<'a>], types: &HashMap<&str, usize>) -> Self {
        let scored = |mention: &'a Mention<'a>| {
            let entity = *types.get(mention.entity.as_ref())?;
            Some(ScoredMention { entity, interval: Interval { begin: mention.begin, end: mention.end }, mention })
        };
        let mut mentions: Vec<ScoredMention<'a>> = list.iter().filter_map(scored).collect();
        mentions.sort_by_key(|scored| (scored.entity, scored.interval));
        mentions.dedup_by_key(|scored| (scored.entity, scored.interval));
        let entries = mentions.iter().enumerate().map(|(i, scored)| (i, scored.interval, scored.entity));
        let overlaps = OverlapIndex::new(entries);
        Self { mentions, overlaps }
    }

    fn keys(&self) -> impl Iterator<Item = (usize, (usize, Interval))> {
        self.mentions.iter().enumerate().map(|(i, scored)| (i, (scored.entity, scored.interval)))
    }

    /// The mention of another type that shares most with `scored`; the first type of equals.
    fn largest_of_other_type(&self, scored: &ScoredMention<'_>, types: usize) -> Option<usize> {
        let others = (0..types).filter(|&entity| entity != scored.entity);
        let overlaps = others.filter_map(|entity| {
            let overlap = self.overlaps.largest_overlap(scored.interval, entity)?;
            Some((overlap.length, std::cmp::Reverse(entity), overlap.index))
        });
        overlaps.max().map(|(.., index)| index)
    }
}

/// Scores the `found` mentions of one document against `gold`, whose positions must be half-open and of one unit.
///
/// Mentions of other types than `types` are ignored.
///
/// ```
/// # use spanframe_compare::score::score;
/// # use spanframe_engine::Mention;
/// let mention = |begin, end| Mention { begin, end, entity: "DRUG".into(), ..Mention::default() };
/// let (gold, found) = ([mention(0, 8), mention(20, 27)], [mention(0, 8), mention(20, 30)]);
/// let counts = score(&gold, &found, &["DRUG".to_string()]).counts[0];
/// assert_eq!((counts.strict().f1, counts.relaxed().f1), (0.5, 1.0));
/// ```
#[must_use]
pub fn score<'a>(gold: &'a [Mention<'a>], found: &'a [Mention<'a>], types: &[String]) -> DocumentScore<'a> {
    let indices = types.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let (gold, found) = (Distinct::new(gold, &indices), Distinct::new(found, &indices));
    let mut counts = vec![Counts::default(); types.len()];
    let mut is_exact = vec![false; gold.mentions.len()];
    for pair in equal_pairs(gold.keys(), found.keys()) {
        is_exact[pair.a] = true;
    }
    let mut confusions = Vec::new();
    let mut is_confused = vec![false; found.mentions.len()];
    let (mut missed, mut spurious, mut boundary) = (Vec::new(), Vec::new(), Vec::new());
    for (scored, is_exact) in gold.mentions.iter().zip(is_exact) {
        let &ScoredMention { entity, interval, mention } = scored;
        let partner =
            found.overlaps.largest_overlap(interval, entity).map(|overlap| found.mentions[overlap.index].mention);
        let count = &mut counts[entity];
        count.gold += 1;
        count.exact += u64::from(is_exact);
        count.gold_touched += u64::from(partner.is_some());
        if !is_exact {
            let class = if partner.is_some() { ErrorClass::Boundary } else { ErrorClass::Missed };
            let list = if partner.is_some() { &mut boundary } else { &mut missed };
            list.push(ScoreError { class, entity, mention, found: partner });
        }
        let other = if partner.is_some() { None } else { found.largest_of_other_type(scored, types.len()) };
        other.into_iter().for_each(|index| is_confused[index] = true);
        let found_as = partner.map(|_| entity).or(other.map(|index| found.mentions[index].entity));
        confusions.push(Confusion { gold: Some(entity), found: found_as });
    }
    for (scored, is_confused) in found.mentions.iter().zip(is_confused) {
        let &ScoredMention { entity, interval, mention } = scored;
        counts[entity].found += 1;
        if gold.overlaps.largest_overlap(interval, entity).is_some() {
            counts[entity].found_touched += 1;
            continue;
        }
        spurious.push(ScoreError { class: ErrorClass::Spurious, entity, mention, found: None });
        if !is_confused {
            confusions.push(Confusion { gold: None, found: Some(entity) });
        }
    }
    DocumentScore { counts, confusions, errors: [missed, spurious, boundary].concat() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mention(begin: i64, end: i64, entity: &'static str) -> Mention<'static> {
        Mention { begin, end, entity: entity.into(), ..Mention::default() }
    }

    fn types(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_case_computed_by_hand() {
        let gold = [
            mention(0, 4, "A"),
            mention(5, 9, "A"),
            mention(10, 20, "A"),
            mention(30, 35, "B"),
            mention(30, 35, "B"),
            mention(0, 4, "C"), // no type that is scored
        ];
        let found = [mention(0, 4, "A"), mention(5, 8, "A"), mention(12, 14, "B"), mention(40, 44, "B")];
        let scored = score(&gold, &found, &types(&["A", "B"]));
        let first = Counts { gold: 3, found: 2, exact: 1, gold_touched: 2, found_touched: 2 };
        let second = Counts { gold: 1, found: 2, exact: 0, gold_touched: 0, found_touched: 0 };
        assert_eq!(scored.counts, [first, second]);
        let strict = first.plus(second).strict();
        assert_eq!((strict.precision, strict.recall), (0.25, 0.25));
        let relaxed = first.plus(second).relaxed();
        assert_eq!((relaxed.precision, relaxed.recall), (0.5, 0.5));
        let confusions = [
            (Some(0), Some(0)),
            (Some(0), Some(0)),
            (Some(0), Some(1)), // 10..20 is found as the other type
            (Some(1), None),
            (None, Some(1)), // 40..44; 12..14 has its pair above
        ];
        assert_eq!(scored.confusions, confusions.map(|(gold, found)| Confusion { gold, found }));
        let error = |class, entity, mention| ScoreError { class, entity, mention, found: None };
        let errors = [
            error(ErrorClass::Missed, 0, &gold[2]),
            error(ErrorClass::Missed, 1, &gold[3]),
            error(ErrorClass::Spurious, 1, &found[2]),
            error(ErrorClass::Spurious, 1, &found[3]),
            ScoreError { found: Some(&found[1]), ..error(ErrorClass::Boundary, 0, &gold[1]) },
        ];
        assert_eq!(scored.errors, errors);
    }

    #[test]
    fn nothing_gives_zero() {
        let empty = score(&[], &[], &types(&["A"])).counts[0];
        assert_eq!((empty.strict(), empty.relaxed()), (Figures::default(), Figures::default()));
    }

    const TYPES: [&str; 3] = ["A", "B", "C"];

    fn mentions() -> impl Strategy<Value = Vec<Mention<'static>>> {
        let one = (0i64..60, 1i64..12, 0..3usize)
            .prop_map(|(begin, length, entity)| mention(begin, begin + length, TYPES[entity]));
        proptest::collection::vec(one, 0..25)
    }

    proptest! {
        #[test]
        fn counts_are_those_of_comparing_every_pair(gold in mentions(), found in mentions()) {
            let distinct = |mentions: &[Mention<'_>], entity: &str| {
                let of_type = mentions.iter().filter(|m| m.entity == entity);
                let mut intervals: Vec<Interval> = of_type.map(|m| Interval { begin: m.begin, end: m.end }).collect();
                intervals.sort_unstable();
                intervals.dedup();
                intervals
            };
            let scored = score(&gold, &found, &types(&TYPES));
            for (entity, name) in TYPES.iter().enumerate() {
                let (gold, found) = (distinct(&gold, name), distinct(&found, name));
                let touches = |a: &Interval, others: &[Interval]| others.iter().any(|b| a.overlap(*b) > 0);
                let expect = Counts {
                    gold: gold.len() as u64,
                    found: found.len() as u64,
                    exact: gold.iter().filter(|g| found.contains(g)).count() as u64,
                    gold_touched: gold.iter().filter(|g| touches(g, &found)).count() as u64,
                    found_touched: found.iter().filter(|f| touches(f, &gold)).count() as u64,
                };
                prop_assert_eq!(scored.counts[entity], expect);
            }
            let of_gold = scored.confusions.iter().filter(|c| c.gold.is_some()).count() as u64;
            prop_assert_eq!(of_gold, scored.counts.iter().map(|c| c.gold).sum::<u64>());
            let own = scored.confusions.iter().filter(|c| c.gold == c.found).count() as u64;
            prop_assert_eq!(own, scored.counts.iter().map(|c| c.gold_touched).sum::<u64>());
        }

        #[test]
        fn gold_against_itself_is_perfect(gold in mentions()) {
            let scored = score(&gold, &gold, &types(&TYPES));
            prop_assert!(scored.errors.is_empty());
            for counts in scored.counts.iter().filter(|c| c.gold > 0) {
                prop_assert_eq!(counts.strict(), Figures { precision: 1.0, recall: 1.0, f1: 1.0 });
            }
        }
    }
}
