//! Scores the codes of mentions against those of gold.

use std::collections::HashMap;

use spanframe_engine::{Concept, Mention};

use crate::score::Counts;

/// Scores candidates that a linker gives the mentions of gold, of each the best first.
///
/// A mention is right if one of its first `top` candidates has its code. `gold` counts the mentions of gold with a code,
/// `found` those of them with a candidate. Vocabularies are not compared, for they have no common names.
///
/// ```
/// # use spanframe_compare::code_score::score_candidates;
/// # use spanframe_engine::{Concept, Mention};
/// let concept = |code: &'static str| Concept { code: Some(code.into()), ..Concept::default() };
/// let gold = [Mention { concept: concept("R06.0"), ..Mention::default() }];
/// let given = [vec![concept("R05"), concept("R06.0")]];
/// assert_eq!(score_candidates(&gold, &given, 1).exact, 0);
/// assert_eq!(score_candidates(&gold, &given, 5).exact, 1);
/// ```
#[must_use]
pub fn score_candidates(gold: &[Mention<'_>], given: &[Vec<Concept<'_>>], top: usize) -> Counts {
    let mut counts = Counts::default();
    for (mention, given) in gold.iter().zip(given).filter(|(mention, _)| mention.concept.code.is_some()) {
        let is_right = given.iter().take(top).any(|concept| concept.code == mention.concept.code);
        counts.gold += 1;
        counts.found += u64::from(!given.is_empty());
        counts.exact += u64::from(is_right);
    }
    counts
}

/// Scores the codes of the `found` mentions of one document against `gold`, whose positions must be of one unit.
///
/// A code is right if gold has a mention of the same span and type with it. So a spurious mention with a code is wrong,
/// and a missed one is missed. A found mention is not scored where gold has the mention without a code. Repeated
/// mentions count once.
#[must_use]
pub fn score_codes(gold: &[Mention<'_>], found: &[Mention<'_>]) -> Counts {
    let (gold, found) = (distinct(gold), distinct(found));
    let mut counts = Counts::default();
    for (key, code) in &gold {
        let (Some(code), given) = (code, found.get(key).copied().flatten()) else { continue };
        counts.gold += 1;
        counts.found += u64::from(given.is_some());
        counts.exact += u64::from(given == Some(code));
    }
    counts.found += found.iter().filter(|(key, code)| code.is_some() && !gold.contains_key(*key)).count() as u64;
    counts
}

/// The place and type of a mention.
type Key<'a> = (i64, i64, &'a str);

/// The code of each mention, where it has one.
fn distinct<'a>(mentions: &'a [Mention<'a>]) -> HashMap<Key<'a>, Option<&'a str>> {
    let mut distinct = HashMap::new();
    for mention in mentions {
        let key = (mention.begin, mention.end, mention.entity.as_ref());
        distinct.entry(key).or_insert(mention.concept.code.as_deref());
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_computed_by_hand() {
        let mention = |begin: i64, code: Option<&'static str>| Mention {
            begin,
            end: begin + 3,
            entity: "D".into(),
            concept: Concept { code: code.map(Into::into), ..Concept::default() },
            ..Mention::default()
        };
        let gold = [Some("A"), Some("B"), Some("C"), None].iter().zip([0, 10, 20, 30]);
        let gold: Vec<_> = gold.map(|(&code, begin)| mention(begin, code)).collect();
        // right, wrong, without a code, beside a mention that gold gives no code, spurious, spurious without a code
        let found = [(0, Some("A")), (10, Some("X")), (20, None), (30, Some("Y")), (40, Some("Z")), (50, None)];
        let found = found.map(|(begin, code)| mention(begin, code));
        assert_eq!(score_codes(&gold, &found), Counts { gold: 3, found: 3, exact: 1, ..Counts::default() });
        assert_eq!(score_codes(&gold, &gold).exact, 3);
        assert_eq!(score_codes(&[], &[]), Counts::default());
    }
}
