//! What an evaluation found, as numbers.

use std::collections::{BTreeMap, HashMap};

use spanframe_compare::{
    bootstrap,
    score::{Comparison, Confusion, Counts, Fault, Figures, Mention},
};

/// Draws of the bootstrap and the seed of its numbers.
pub const DRAWS: usize = 1000;
pub const SEED: u64 = 20;
/// Most texts of each kind of error.
const EXAMPLES: usize = 10;

/// All that is told of one set in one spelling.
pub struct Report {
    /// `es gold`
    pub set: String,
    pub language: Option<String>,
    pub annotation: &'static str,
    pub variant: &'static str,
    pub documents: usize,
    /// One a type that was annotated, and `all` of them together.
    pub rows: Vec<Row>,
    /// How often an annotated type (`None`: nothing) was found as a type (`None`: nothing).
    pub confusions: BTreeMap<Confusion, u64>,
    /// The most frequent errors of each kind.
    pub examples: Vec<Example>,
}

/// The scores of one type.
pub struct Row {
    pub name: String,
    pub counts: Counts,
    pub strict: Scored,
    pub relaxed: Scored,
    pub missed: u64,
    pub spurious: u64,
    pub boundary: u64,
}

/// Figures with the confidence interval of the F1.
pub struct Scored {
    pub figures: Figures,
    pub low: f64,
    pub high: f64,
}

impl Scored {
    fn new(documents: &[Counts], of: fn(&Counts) -> Figures) -> Self {
        let figures = of(&documents.iter().copied().fold(Counts::default(), Counts::plus));
        let (low, high) = bootstrap::interval(documents, of, DRAWS, SEED);
        Self { figures, low, high }
    }
}

/// A kind of error, a type, the text and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Example {
    pub error: &'static str,
    pub kind: u16,
    /// The annotated text; for what is spurious the found one.
    pub text: String,
    /// The found text, where it differs from the annotated one.
    pub found: Option<String>,
    pub count: u64,
}

/// A document of a set: its text, and how it compares.
pub struct Compared<'a> {
    pub text: &'a str,
    pub comparison: Comparison,
}

/// Where a report speaks of.
pub struct Heading {
    pub set: String,
    pub language: Option<String>,
    pub annotation: &'static str,
    pub variant: &'static str,
}

impl Report {
    /// Sums the documents up; `types` are the names of all types, and `annotated` says which were looked for.
    pub fn new(heading: Heading, documents: &[Compared], types: &[String], annotated: &[bool]) -> Self {
        let scored: Vec<usize> = (0..types.len()).filter(|&kind| annotated[kind]).collect();
        let mut rows: Vec<Row> = scored.iter().map(|&kind| Row::new(&types[kind], &[kind], documents)).collect();
        rows.push(Row::new("all", &scored, documents));
        let mut confusions = BTreeMap::new();
        for pair in documents.iter().flat_map(|d| &d.comparison.confusions) {
            *confusions.entry(*pair).or_insert(0) += 1;
        }
        let Heading { set, language, annotation, variant } = heading;
        let examples = examples(documents);
        Self { set, language, annotation, variant, documents: documents.len(), rows, confusions, examples }
    }
}

impl Row {
    fn new(name: &str, kinds: &[usize], documents: &[Compared]) -> Self {
        let sum = |document: &Compared| {
            kinds.iter().map(|&kind| document.comparison.counts[kind]).fold(Counts::default(), Counts::plus)
        };
        let counts: Vec<Counts> = documents.iter().map(sum).collect();
        let (mut missed, mut spurious, mut boundary) = (0, 0, 0);
        for fault in documents.iter().flat_map(|d| &d.comparison.faults) {
            let (count, mention) = match fault {
                Fault::Missed(mention) => (&mut missed, mention),
                Fault::Spurious(mention) => (&mut spurious, mention),
                Fault::Boundary(mention, _) => (&mut boundary, mention),
            };
            *count += u64::from(kinds.contains(&usize::from(mention.kind)));
        }
        Self {
            name: name.to_string(),
            strict: Scored::new(&counts, Counts::strict),
            relaxed: Scored::new(&counts, Counts::relaxed),
            counts: counts.into_iter().fold(Counts::default(), Counts::plus),
            missed,
            spurious,
            boundary,
        }
    }
}

fn examples(documents: &[Compared]) -> Vec<Example> {
    let mut seen: HashMap<Example, u64> = HashMap::new();
    for document in documents {
        let text =
            |mention: &Mention| mention.span.slice(document.text).split_whitespace().collect::<Vec<_>>().join(" ");
        for fault in &document.comparison.faults {
            let (error, mention, found) = match fault {
                Fault::Missed(mention) => ("missed", mention, None),
                Fault::Spurious(mention) => ("spurious", mention, None),
                Fault::Boundary(mention, found) => ("boundary", mention, Some(text(found))),
            };
            *seen.entry(Example { error, kind: mention.kind, text: text(mention), found, count: 0 }).or_insert(0) += 1;
        }
    }
    let mut all: Vec<Example> = seen.into_iter().map(|(example, count)| Example { count, ..example }).collect();
    all.sort_by(|a, b| (a.error, b.count, a).cmp(&(b.error, a.count, b)));
    let kinds = all.chunk_by(|a, b| a.error == b.error);
    kinds.flat_map(|examples| examples.iter().take(EXAMPLES).cloned()).collect()
}
