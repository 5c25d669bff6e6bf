//! [`RuleSet`]: the rules of a language, ready to match.

use std::{cmp::Reverse, ops::Range};

use aho_corasick::{AhoCorasick, Match};
use thiserror::Error;

use super::{
    fold::Folded,
    rule::{Action, Rule},
};

/// Rules that cannot be matched.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleError {
    /// A rule whose cue has no letter, digit or sign.
    #[error("rule {index} has an empty cue")]
    EmptyCue {
        /// Its place among the rules, from 0.
        index: usize,
    },
    /// More cues than the automaton can number.
    #[error("the rules have too many cues for one automaton")]
    TooMany,
}

/// A cue as it stands in a folded text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cue {
    /// Index of its rule.
    pub rule: usize,
    /// First byte.
    pub begin: usize,
    /// One past the last byte.
    pub end: usize,
}

/// What stands in a cue for any year and for any small number, and the numbers for which it stands.
const NUMBERS: [(&str, Range<u32>); 2] = [("<year>", 1900..2100), ("<number>", 1..100)];

/// Rules with an Aho-Corasick automaton that finds all their cues in one pass.
#[derive(Clone, Debug)]
pub struct RuleSet {
    rules: Vec<Rule>,
    automaton: AhoCorasick,
    /// The rule of each pattern of the automaton.
    of_pattern: Vec<usize>,
}

impl RuleSet {
    /// Compiles `rules`. Two rules may have the same cue; both then apply.
    ///
    /// # Errors
    /// [`RuleError::EmptyCue`] for a cue without characters; [`RuleError::TooMany`] beyond 2³¹ states.
    pub fn new(rules: Vec<Rule>) -> Result<Self, RuleError> {
        let (mut patterns, mut of_pattern) = (Vec::new(), Vec::new());
        for (index, rule) in rules.iter().enumerate() {
            let cue = Folded::new(rule.cue.trim()).text().to_string();
            if cue.is_empty() {
                return Err(RuleError::EmptyCue { index });
            }
            match NUMBERS.iter().find(|(name, _)| cue.contains(name)) {
                Some((name, numbers)) => {
                    patterns.extend(numbers.clone().map(|number| cue.replace(name, &number.to_string())));
                }
                None => patterns.push(cue),
            }
            of_pattern.resize(patterns.len(), index);
        }
        let automaton = AhoCorasick::new(patterns).map_err(|_| RuleError::TooMany)?;
        Ok(Self { rules, automaton, of_pattern })
    }

    /// The rules, in the order in which they were given.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Bytes of `text`, folded, that cues cover: how much a text sounds like the language of the rules.
    ///
    /// ```
    /// # use spanframe_core::assertion::{Action, Rule, RuleSet};
    /// let rules = RuleSet::new(vec![Rule { cue: "niega".into(), exact: false, action: Action::Pseudo }]).unwrap();
    /// assert_eq!((rules.coverage("Niega disnea."), rules.coverage("Denies dyspnea.")), (5, 0));
    /// ```
    #[must_use]
    pub fn coverage(&self, text: &str) -> usize {
        let folded = Folded::new(text);
        let mut covered = self.cues(text, &folded);
        covered.dedup_by_key(|cue| cue.begin);
        covered.iter().map(|cue| cue.end - cue.begin).sum()
    }

    /// The action of a cue.
    pub(super) fn action(&self, cue: Cue) -> Action {
        self.rules[cue.rule].action
    }

    /// The cues of a folded text in order: whole words, none overlapping another. Of two that overlap the one stays that
    /// begins first, and of two that begin together the longer one. Rules with one cue stay together.
    pub(super) fn cues(&self, text: &str, folded: &Folded) -> Vec<Cue> {
        let cue =
            |hit: Match| Cue { rule: self.of_pattern[hit.pattern().as_usize()], begin: hit.start(), end: hit.end() };
        let mut found: Vec<Cue> = self
            .automaton
            .find_overlapping_iter(folded.text())
            .map(cue)
            .filter(|cue| is_whole(folded.text(), *cue) && self.has_accents(text, folded, *cue))
            .collect();
        found.sort_unstable_by_key(|cue| (cue.begin, Reverse(cue.end), cue.rule));
        let (mut free, mut last) = (0, (0, 0));
        found.retain(|cue| {
            let stays = cue.begin >= free || (cue.begin, cue.end) == last;
            if stays {
                (free, last) = (cue.end, (cue.begin, cue.end));
            }
            stays
        });
        found
    }

    /// Whether a cue stands in the text with the accents of its rule, where these count.
    fn has_accents(&self, text: &str, folded: &Folded, cue: Cue) -> bool {
        let rule = &self.rules[cue.rule];
        !rule.exact || {
            let written = text[folded.origin(cue.begin)..folded.origin(cue.end)].split_whitespace();
            let lower = |part: &str| part.to_lowercase();
            written.map(lower).eq(rule.cue.split_whitespace().map(lower))
        }
    }
}

/// Whether a cue cuts no word. A hyphen binds the next word to it: "non-small" has no cue "non".
fn is_whole(text: &str, cue: Cue) -> bool {
    let in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let inside = &text[cue.begin..cue.end];
    let mut behind = text[cue.end..].chars();
    let next = behind.next();
    let cuts_begin = in_word(text[..cue.begin].chars().next_back()) && in_word(inside.chars().next());
    let cuts_end =
        in_word(inside.chars().next_back()) && (in_word(next) || (next == Some('-') && in_word(behind.next())));
    !cuts_begin && !cuts_end
}
