//! The scores of one set in one spelling.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use spanframe_compare::{
    bootstrap::{self, Confidence, Draws},
    score::{Confusion, Counts, DocumentScore, ErrorClass, Figures, ScoreError},
};
use spanframe_engine::{Mention, Offsets, ruler::Ruler};

use super::{attributes::AttributeReport, codes::CodeScore};

/// Draws of the bootstrap.
pub const DRAWS: Draws = Draws { count: 1000, seed: 20 };
/// The most examples of each class of error.
pub const EXAMPLES: usize = 10;

/// The scores of one set in one spelling.
pub struct ScoreReport {
    pub heading: Heading,
    pub documents: usize,
    /// The score of each annotated type, and of `all` of them together.
    pub scores: Vec<TypeScore>,
    /// How often each gold type was found as each type.
    pub confusions: BTreeMap<Confusion, u64>,
    /// The most frequent errors of each class.
    pub examples: Vec<ErrorExample>,
    /// The scores of attributes, where gold has them.
    pub attributes: Vec<AttributeReport>,
    /// The scores of codes, where gold has them and a vocabulary links.
    pub codes: Vec<CodeScore>,
}

/// The set and spelling that a report is about.
pub struct Heading {
    /// `es gold`
    pub set: String,
    pub language: Option<String>,
    pub annotation: &'static str,
    pub variant: &'static str,
}

/// The score of one type.
pub struct TypeScore {
    pub name: String,
    pub counts: Counts,
    pub strict: Estimate,
    pub relaxed: Estimate,
    pub missed: u64,
    pub spurious: u64,
    pub boundary: u64,
}

/// Figures with the confidence interval of their F1.
pub struct Estimate {
    pub figures: Figures,
    pub f1: Confidence,
}

/// A text that was scored wrong, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorExample {
    pub class: ErrorClass,
    /// Index of the type.
    pub entity: usize,
    /// The gold text; if spurious the found one.
    pub text: String,
    /// At a wrong boundary: the found text.
    pub found: Option<String>,
    pub count: u64,
}

/// A document of a set with its score.
pub struct ScoredDocument<'a> {
    pub text: &'a str,
    pub score: DocumentScore<'a>,
}

impl Estimate {
    pub fn new(documents: &[Counts], figures: fn(&Counts) -> Figures) -> Self {
        let all = documents.iter().copied().fold(Counts::default(), Counts::plus);
        Self { figures: figures(&all), f1: bootstrap::confidence(documents, figures, DRAWS) }
    }
}

impl ScoreReport {
    /// Sums up the documents. `annotated` says which of `types` were annotated in some document.
    pub fn new(heading: Heading, documents: &[ScoredDocument<'_>], types: &[String], annotated: &[bool]) -> Self {
        let scored: Vec<usize> = (0..types.len()).filter(|&entity| annotated[entity]).collect();
        let score = |&entity: &usize| TypeScore::new(&types[entity], &[entity], documents);
        let mut scores: Vec<TypeScore> = scored.iter().map(score).collect();
        scores.push(TypeScore::new("all", &scored, documents));
        let mut confusions = BTreeMap::new();
        for confusion in documents.iter().flat_map(|document| &document.score.confusions) {
            *confusions.entry(*confusion).or_insert(0) += 1;
        }
        Self {
            heading,
            documents: documents.len(),
            scores,
            confusions,
            examples: examples(documents),
            attributes: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// A report without any score of spans.
    pub fn without_spans(heading: Heading, documents: usize) -> Self {
        let (scores, confusions, examples, attributes, codes) = Default::default();
        Self { heading, documents, scores, confusions, examples, attributes, codes }
    }
}

impl TypeScore {
    /// The score of `entities` together.
    fn new(name: &str, entities: &[usize], documents: &[ScoredDocument<'_>]) -> Self {
        let sum = |document: &ScoredDocument<'_>| {
            entities.iter().map(|&entity| document.score.counts[entity]).fold(Counts::default(), Counts::plus)
        };
        let counts: Vec<Counts> = documents.iter().map(sum).collect();
        let errors = |class| {
            let all = documents.iter().flat_map(|document| &document.score.errors);
            all.filter(|error| error.class == class && entities.contains(&error.entity)).count() as u64
        };
        Self {
            name: name.to_string(),
            strict: Estimate::new(&counts, Counts::strict),
            relaxed: Estimate::new(&counts, Counts::relaxed),
            missed: errors(ErrorClass::Missed),
            spurious: errors(ErrorClass::Spurious),
            boundary: errors(ErrorClass::Boundary),
            counts: counts.into_iter().fold(Counts::default(), Counts::plus),
        }
    }
}

/// The most frequent errors: by class, then by descending count.
fn examples(documents: &[ScoredDocument<'_>]) -> Vec<ErrorExample> {
    let mut seen: HashMap<ErrorExample, u64> = HashMap::new();
    for document in documents {
        let ruler = Ruler::new(document.text);
        let text = |mention: &Mention<'_>| {
            let chunk = ruler.slice(mention, Offsets::Char.into()).unwrap_or_default();
            chunk.split_whitespace().collect::<Vec<_>>().join(" ")
        };
        for &ScoreError { class, entity, mention, found } in &document.score.errors {
            let example = ErrorExample { class, entity, text: text(mention), found: found.map(text), count: 0 };
            *seen.entry(example).or_insert(0) += 1;
        }
    }
    let mut all: Vec<ErrorExample> =
        seen.into_iter().map(|(example, count)| ErrorExample { count, ..example }).collect();
    all.sort_by(|a, b| (a.class, Reverse(a.count), a).cmp(&(b.class, Reverse(b.count), b)));
    let classes = all.chunk_by(|a, b| a.class == b.class);
    classes.flat_map(|examples| examples.iter().take(EXAMPLES).cloned()).collect()
}
