//! The scores of attributes: on gold spans, which shows the rules alone, and on found spans.

use std::{cmp::Reverse, collections::BTreeMap};

use spanframe_compare::{
    attribute_score::{AttributeCounts, AttributeError, attribute_errors, score_attributes},
    score::Counts,
};
use spanframe_core::Span;
use spanframe_engine::{Attribute, Attributes, Mention, Named, Offsets, assertion::Assessor, ruler::Ruler};

use super::report::{EXAMPLES, Estimate};

/// Most characters that are shown before and behind a mention.
const CONTEXT: (usize, usize) = (40, 20);

/// The spans whose attributes are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spans {
    /// Those of gold: the rules alone.
    Gold,
    /// Those that the model finds: an attribute is right if the span and the type are.
    Found,
}

impl Spans {
    pub fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Found => "found",
        }
    }
}

/// The scores of attributes of one set in one spelling.
pub struct AttributeReport {
    pub spans: Spans,
    /// The score of each attribute, of `all` of them together, and of `affirmed` mentions, which have none of them.
    pub scores: Vec<AttributeScore>,
    /// Gold mentions of which no attribute is known.
    pub left_out: u64,
    /// The most frequent errors of each attribute.
    pub examples: Vec<AttributeExample>,
}

/// An attribute that was scored wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributeExample {
    pub attribute: Attribute,
    /// Whether gold has it; otherwise it is spurious.
    pub is_missed: bool,
    /// The mention in brackets, with some words before and behind it.
    pub text: String,
    pub count: u64,
}

/// The attributes of a document with their score.
pub struct ScoredAttributes {
    counts: AttributeCounts,
    errors: Vec<AttributeExample>,
}

/// The score of one attribute.
pub struct AttributeScore {
    pub name: &'static str,
    pub counts: Counts,
    pub estimate: Estimate,
}

impl AttributeReport {
    /// Sums up the documents; `None` if no attribute was scored.
    pub fn new(spans: Spans, documents: &[ScoredAttributes], scored: Attributes) -> Option<Self> {
        if scored.is_empty() {
            return None;
        }
        let counts: Vec<AttributeCounts> = documents.iter().map(|document| document.counts).collect();
        let each = scored.iter().map(|attribute| {
            let of = |counts: &AttributeCounts| counts.each[attribute as usize];
            AttributeScore::new(attribute.name(), counts.iter().map(of).collect())
        });
        let sum = |counts: &AttributeCounts| counts.each.into_iter().fold(Counts::default(), Counts::plus);
        let mut scores: Vec<AttributeScore> = each.collect();
        scores.push(AttributeScore::new("all", counts.iter().map(sum).collect()));
        scores.push(AttributeScore::new("affirmed", counts.iter().map(|counts| counts.affirmed).collect()));
        let left_out = counts.iter().map(|counts| counts.left_out).sum();
        Some(Self { spans, scores, left_out, examples: examples(documents) })
    }
}

impl AttributeExample {
    /// What is wrong, as errors of spans are called.
    pub fn error(&self) -> &'static str {
        if self.is_missed { "missed" } else { "spurious" }
    }
}

impl ScoredAttributes {
    /// Scores the `found` mentions of a document against `gold`.
    pub fn new(text: &str, gold: &[Mention<'_>], found: &[Mention<'_>], scored: Attributes) -> Self {
        let ruler = Ruler::new(text);
        let example = |AttributeError { attribute, is_missed, mention }: &AttributeError<'_>| AttributeExample {
            attribute: *attribute,
            is_missed: *is_missed,
            text: in_context(text, &ruler, mention),
            count: 1,
        };
        let errors = attribute_errors(gold, found, scored).iter().map(example).collect();
        Self { counts: score_attributes(gold, found, scored), errors }
    }
}

/// The mention in brackets with some words before and behind it, as one line.
fn in_context(text: &str, ruler: &Ruler<'_>, mention: &Mention<'_>) -> String {
    let bytes = ruler.bytes(mention, Offsets::Char.into()).unwrap_or_default();
    let (before, behind) = (&text[..bytes.start], &text[bytes.end..]);
    let before = match before.char_indices().rev().nth(CONTEXT.0) {
        Some((at, _)) => before[at..].split_once(char::is_whitespace).map_or(&before[at..], |(_, words)| words),
        None => before,
    };
    let behind = match behind.char_indices().nth(CONTEXT.1) {
        Some((at, _)) => behind[..at].rsplit_once(char::is_whitespace).map_or(&behind[..at], |(words, _)| words),
        None => behind,
    };
    let shown = format!("{before}[{}]{behind}", &text[bytes]);
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The most frequent errors, by attribute.
fn examples(documents: &[ScoredAttributes]) -> Vec<AttributeExample> {
    let mut seen: BTreeMap<&AttributeExample, u64> = BTreeMap::new();
    for error in documents.iter().flat_map(|document| &document.errors) {
        *seen.entry(error).or_insert(0) += 1;
    }
    let mut all: Vec<AttributeExample> =
        seen.into_iter().map(|(example, count)| AttributeExample { count, ..example.clone() }).collect();
    all.sort_by_key(|example| (example.attribute, !example.is_missed, Reverse(example.count)));
    let kinds = all.chunk_by(|a, b| (a.attribute, a.is_missed) == (b.attribute, b.is_missed));
    kinds.flat_map(|examples| examples.iter().take(EXAMPLES).cloned()).collect()
}

impl AttributeScore {
    fn new(name: &'static str, documents: Vec<Counts>) -> Self {
        let estimate = Estimate::new(&documents, Counts::strict);
        Self { name, estimate, counts: documents.into_iter().fold(Counts::default(), Counts::plus) }
    }
}

/// The mentions of gold with the attributes that the rules give them; unknown in a language without cues.
pub fn assessed<'a>(
    assessor: &Assessor, text: &str, gold: &'a [Mention<'a>], language: Option<&str>,
) -> Vec<Mention<'a>> {
    let ruler = Ruler::new(text);
    let span = |mention: &Mention<'_>| {
        let bytes = ruler.bytes(mention, Offsets::Char.into()).unwrap_or_default();
        Span::new(bytes.start, bytes.end)
    };
    let entities: Vec<(Span, &str)> = gold.iter().map(|mention| (span(mention), mention.entity.as_ref())).collect();
    let given = assessor.assess(text, &entities, language);
    let told = |i: usize| {
        Attribute::ALL.map(|attribute| given.as_ref().map(|of_each: &Vec<Attributes>| of_each[i].contains(attribute)))
    };
    gold.iter().enumerate().map(|(i, mention)| Mention { attributes: told(i), ..mention.clone() }).collect()
}
