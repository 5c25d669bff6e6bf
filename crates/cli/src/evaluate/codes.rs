//! The scores of codes: on gold spans, which shows the linking alone, and on found spans, which is end to end.

use spanframe_compare::{
    code_score::{score_candidates, score_codes},
    score::Counts,
};
use spanframe_engine::{Concept, Linker, Mention, Offsets, ruler::Ruler};

use super::{attributes::Spans, report::Estimate};

/// How many of the nearest concepts may hold the right code, on gold spans.
const TOPS: [usize; 2] = [1, 5];

/// The score of codes of one set in one spelling.
pub struct CodeScore {
    pub spans: Spans,
    /// A code is right among this many of the nearest concepts.
    pub top: usize,
    pub counts: Counts,
    pub estimate: Estimate,
}

/// A document whose gold has codes.
pub struct CodedDocument<'a> {
    pub text: &'a str,
    pub gold: &'a [Mention<'a>],
    /// The found mentions; `None` if no model was run.
    pub found: Option<&'a [Mention<'a>]>,
}

/// Scores the codes of documents; nothing if gold has none.
pub fn scores(linker: &Linker, documents: &[CodedDocument<'_>]) -> Vec<CodeScore> {
    if !documents.iter().flat_map(|document| document.gold).any(|mention| mention.concept.code.is_some()) {
        return Vec::new();
    }
    let given: Vec<Vec<Vec<Concept<'_>>>> = documents.iter().map(|document| candidates(linker, document)).collect();
    let on_gold = TOPS.map(|top| {
        let counts = documents.iter().zip(&given).map(|(document, given)| score_candidates(document.gold, given, top));
        CodeScore::new(Spans::Gold, top, counts.collect())
    });
    let on_found: Option<Vec<Counts>> =
        documents.iter().map(|document| Some(score_codes(document.gold, document.found?))).collect();
    on_gold.into_iter().chain(on_found.map(|counts| CodeScore::new(Spans::Found, 1, counts))).collect()
}

/// The nearest concepts of each mention of gold; none of one without a code.
fn candidates<'l>(linker: &'l Linker, document: &CodedDocument<'_>) -> Vec<Vec<Concept<'l>>> {
    let ruler = Ruler::new(document.text);
    let of_mention = |mention: &Mention<'_>| match ruler.slice(mention, Offsets::Char.into()) {
        Some(chunk) if mention.concept.code.is_some() => linker.concepts(chunk, &mention.entity, TOPS[1]),
        _ => Vec::new(),
    };
    document.gold.iter().map(of_mention).collect()
}

impl CodeScore {
    fn new(spans: Spans, top: usize, documents: Vec<Counts>) -> Self {
        let estimate = Estimate::new(&documents, Counts::strict);
        Self { spans, top, estimate, counts: documents.into_iter().fold(Counts::default(), Counts::plus) }
    }
}
