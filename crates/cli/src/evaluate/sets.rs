//! Documents of several corpora become sets of cases: joined, masked, and with types in place of labels.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use spanframe_compare::{bootstrap::SplitMix64, score::Mention};
use spanframe_core::Span;

use crate::{
    corpus::{self, Document},
    error::CliError,
};

/// A corpus as it was named, and what is in it.
pub struct Corpus {
    path: PathBuf,
    /// The types that it is scored on, where the user named them.
    types: Option<Vec<String>>,
    documents: Vec<Document>,
}

impl Corpus {
    /// Reads `PATH` or `PATH=TYPE,TYPE`. A path that exists is never split.
    pub fn read(argument: &str) -> Result<Self, CliError> {
        let whole = PathBuf::from(argument);
        let (path, types) = match argument.rsplit_once('=') {
            Some((path, types)) if !whole.exists() => {
                (PathBuf::from(path), Some(types.split(',').map(|t| t.trim().to_string()).collect()))
            }
            _ => (whole, None),
        };
        let documents = corpus::read(&path)?;
        Ok(Self { path, types, documents })
    }

    /// As it was named, without the folders.
    pub fn name(&self) -> String {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        self.types.as_ref().map_or_else(|| file.to_string(), |types| format!("{file}={}", types.join(",")))
    }

    /// What kind of annotations it has: those made by a program say so by the file's name.
    fn annotation(&self) -> &'static str {
        if self.name().to_lowercase().contains("silver") { "silver" } else { "gold" }
    }
}

/// What labels mean.
pub struct Labels<'a> {
    /// All entity types of the model.
    pub known: &'a [String],
    /// Which of them the engine gives.
    pub wanted: &'a [bool],
    /// Label of a corpus to type of the model.
    pub renamed: HashMap<String, String>,
}

impl Labels<'_> {
    /// The type that `label` of `corpus` means.
    fn kind(&self, label: &str, corpus: &Corpus) -> Result<u16, CliError> {
        let label = self.renamed.get(label).map_or(label, String::as_str);
        self.known.iter().position(|known| known == label).map(|kind| kind as u16).ok_or_else(|| {
            CliError::UnknownLabel { label: label.to_string(), path: corpus.path.clone(), known: self.known.join(", ") }
        })
    }
}

/// A text with what was annotated in it.
pub struct Case {
    /// Id without the prefix of a language.
    pub id: String,
    pub text: String,
    pub mentions: Vec<Mention>,
    /// By type: whether it was looked for, and is given by the engine.
    pub annotated: Vec<bool>,
}

/// The cases of one language and one kind of annotation.
pub struct Set {
    pub language: Option<String>,
    /// `gold` or `silver`.
    pub annotation: &'static str,
    pub cases: Vec<Case>,
}

impl Set {
    /// `es gold`
    pub fn name(&self) -> String {
        let words = self.language.iter().map(String::as_str).chain([self.annotation]);
        words.collect::<Vec<_>>().join(" ")
    }
}

/// Sorts the documents into sets, by language and kind of annotation, and at most `limit` cases of each.
///
/// Documents of a set with the same text and id (but for a prefix of two letters and `-`, the language) are one case,
/// annotated with the types of both. A limit keeps the same cases in every set that has them, whatever its order.
pub fn sets(corpora: &[Corpus], labels: &Labels, limit: Option<usize>) -> Result<Vec<Set>, CliError> {
    let mut sets: Vec<Set> = Vec::new();
    let mut places: HashMap<(usize, &str, &str), usize> = HashMap::new();
    for corpus in corpora {
        let annotated = annotated(corpus, labels)?;
        for document in &corpus.documents {
            let annotation = corpus.annotation();
            let at = sets.iter().position(|s| s.language == document.lang && s.annotation == annotation);
            let at = at.unwrap_or_else(|| {
                let language = document.lang.clone();
                sets.push(Set { language, annotation, cases: Vec::new() });
                sets.len() - 1
            });
            let set = &mut sets[at];
            let new = case(document, corpus, labels, &annotated)?;
            match places.get(&(at, case_id(&document.id), document.text.as_str())) {
                Some(&place) => set.cases[place].join(new),
                None => {
                    places.insert((at, case_id(&document.id), &document.text), set.cases.len());
                    set.cases.push(new);
                }
            }
        }
    }
    if let Some(limit) = limit {
        sets.iter_mut().for_each(|set| set.keep(limit));
    }
    Ok(sets)
}

/// The id of a case, the same in every language.
fn case_id(id: &str) -> &str {
    match id.as_bytes() {
        [a, b, b'-', ..] if a.is_ascii_lowercase() && b.is_ascii_lowercase() => &id[3..],
        _ => id,
    }
}

/// The types of a corpus where its documents do not name them: those that the user named, else those that occur.
fn annotated(corpus: &Corpus, labels: &Labels) -> Result<BTreeSet<u16>, CliError> {
    match &corpus.types {
        Some(types) => types.iter().map(|name| labels.kind(name, corpus)).collect(),
        None => corpus::labels(&corpus.documents).into_iter().map(|name| labels.kind(name, corpus)).collect(),
    }
}

fn case(document: &Document, corpus: &Corpus, labels: &Labels, usual: &BTreeSet<u16>) -> Result<Case, CliError> {
    let of_document = document.annotated.as_ref().filter(|_| corpus.types.is_none());
    let is_annotated = |kind: usize| match of_document {
        // a type that the model does not know cannot be scored, whoever looked for it
        Some(names) => names.iter().any(|name| labels.kind(name, corpus).is_ok_and(|k| usize::from(k) == kind)),
        None => usual.contains(&(kind as u16)),
    };
    let annotated: Vec<bool> = (0..labels.known.len()).map(|kind| labels.wanted[kind] && is_annotated(kind)).collect();
    let mut mentions = Vec::new();
    for (begin, end, label) in &document.mentions {
        match labels.kind(label, corpus) {
            Ok(kind) if annotated[usize::from(kind)] => mentions.push(Mention { span: Span::new(*begin, *end), kind }),
            Ok(_) => {}
            // the user said which types count, so others may be there
            Err(_) if corpus.types.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Case { id: case_id(&document.id).to_string(), text: document.text.clone(), mentions, annotated })
}

impl Case {
    fn join(&mut self, other: Self) {
        self.mentions.extend(other.mentions);
        self.annotated.iter_mut().zip(other.annotated).for_each(|(mine, theirs)| *mine |= theirs);
    }
}

impl Set {
    /// Keeps the cases whose ids come first by a digest.
    fn keep(&mut self, limit: usize) {
        let digest = |id: &str| {
            let fnv = id
                .bytes()
                .fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
            SplitMix64::new(fnv).next_u64()
        };
        let mut order: Vec<u64> = self.cases.iter().map(|case| digest(&case.id)).collect();
        order.sort_unstable();
        let Some(&first_out) = order.get(limit) else { return };
        self.cases.retain(|case| digest(&case.id) < first_out);
        self.cases.truncate(limit);
    }
}
