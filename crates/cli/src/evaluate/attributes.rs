//! The scores of attributes: on gold spans, which shows the rules alone, and on found spans.

use spanframe_compare::{attribute_score::AttributeCounts, score::Counts};
use spanframe_core::Span;
use spanframe_engine::{Attribute, Attributes, Mention, Named, Offsets, assertion::Assessor, ruler::Ruler};

use super::report::Estimate;

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
}

/// The score of one attribute.
pub struct AttributeScore {
    pub name: &'static str,
    pub counts: Counts,
    pub estimate: Estimate,
}

impl AttributeReport {
    /// Sums up the counts of documents; `None` if no attribute was scored.
    pub fn new(spans: Spans, documents: &[AttributeCounts], scored: Attributes) -> Option<Self> {
        if scored.is_empty() {
            return None;
        }
        let each = scored.iter().map(|attribute| {
            let of = |counts: &AttributeCounts| counts.each[attribute as usize];
            AttributeScore::new(attribute.name(), documents.iter().map(of).collect())
        });
        let sum = |counts: &AttributeCounts| counts.each.into_iter().fold(Counts::default(), Counts::plus);
        let mut scores: Vec<AttributeScore> = each.collect();
        scores.push(AttributeScore::new("all", documents.iter().map(sum).collect()));
        scores.push(AttributeScore::new("affirmed", documents.iter().map(|counts| counts.affirmed).collect()));
        Some(Self { spans, scores, left_out: documents.iter().map(|counts| counts.left_out).sum() })
    }
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
