//! Joins the documents of several corpora into sets of cases, and maps their labels to entity types.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use spanframe_compare::bootstrap::SplitMix64;
use spanframe_engine::{Attributes, Mention};

use crate::{
    corpus::{self, Document},
    error::CliError,
};

/// A corpus and the argument that named it.
pub struct Corpus {
    path: PathBuf,
    /// The only types to score, if the argument names them.
    types: Option<Vec<String>>,
    documents: Vec<Document>,
}

impl Corpus {
    /// Reads `PATH` or `PATH=TYPE,TYPE`. An existing path with `=` in it is not split.
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

    /// The argument without folders.
    pub fn name(&self) -> String {
        let file = self.path.file_name().unwrap_or(self.path.as_os_str()).to_string_lossy();
        self.types.as_ref().map_or_else(|| file.to_string(), |types| format!("{file}={}", types.join(",")))
    }

    /// The kind of its annotations: `silver`, made by a program, if the name says so, else `gold`.
    fn annotation(&self) -> &'static str {
        if self.name().to_lowercase().contains("silver") { "silver" } else { "gold" }
    }
}

/// The attributes that some of `corpora` annotate.
pub fn attributes(corpora: &[Corpus]) -> Attributes {
    corpora.iter().flat_map(|corpus| &corpus.documents).flat_map(|document| document.attributes.iter()).collect()
}

/// True if a mention of `corpora` has a code.
pub fn have_codes(corpora: &[Corpus]) -> bool {
    let mut mentions = corpora.iter().flat_map(|corpus| &corpus.documents).flat_map(|document| &document.mentions);
    mentions.any(|mention| mention.concept.code.is_some())
}

/// True if no mention of `corpora` has a label, so that only attributes can be scored.
pub fn are_unlabelled(corpora: &[Corpus]) -> bool {
    let mut mentions =
        corpora.iter().flat_map(|corpus| &corpus.documents).flat_map(|document| &document.mentions).peekable();
    mentions.peek().is_some() && mentions.all(|mention| mention.entity.is_empty())
}

/// The types of an evaluation without a model: all labels of `corpora`, renamed, those of their arguments, and none.
pub fn all_labels(corpora: &[Corpus], new_names: &HashMap<String, String>) -> Vec<String> {
    let of = |corpus| {
        let Corpus { types, documents, .. }: &Corpus = corpus;
        corpus::labels(documents).into_iter().chain(types.iter().flatten().map(String::as_str))
    };
    let labels: BTreeSet<&str> = corpora.iter().flat_map(of).map(|label| renamed(new_names, label)).collect();
    labels.into_iter().chain([""]).map(String::from).collect()
}

fn renamed<'a>(new_names: &'a HashMap<String, String>, label: &'a str) -> &'a str {
    new_names.get(label).map_or(label, String::as_str)
}

/// Maps the labels of corpora to entity types.
pub struct Labels<'a> {
    /// Entity types of the model.
    pub types: &'a [String],
    /// For each type, whether the options of the engine keep it.
    pub kept: &'a [bool],
    /// From label of a corpus to type of the model.
    pub renamed: HashMap<String, String>,
}

impl Labels<'_> {
    /// Index of the type that `label` of `corpus` means.
    fn index(&self, label: &str, corpus: &Corpus) -> Result<usize, CliError> {
        let label = renamed(&self.renamed, label);
        if label.is_empty() && !self.types.iter().any(String::is_empty) {
            return Err(CliError::NoLabel(corpus.path.clone()));
        }
        self.types.iter().position(|name| name == label).ok_or_else(|| CliError::UnknownLabel {
            label: label.to_string(),
            path: corpus.path.clone(),
            known: self.types.join(", "),
        })
    }
}

/// A text with its gold mentions.
pub struct Case {
    /// Id without the language prefix.
    pub id: String,
    pub text: String,
    /// Mentions of the annotated types. Positions are code points.
    pub mentions: Vec<Mention<'static>>,
    /// For each type, whether it was annotated here and the engine keeps it.
    pub annotated: Vec<bool>,
    /// The attributes that were annotated here.
    pub attributes: Attributes,
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

/// Sorts the documents into sets by language and kind of annotation, with at most `limit` cases each.
///
/// Documents of a set with the same text and id are one case with the annotated types of both. The id is compared
/// without its language prefix, two letters and `-`. A limit keeps the same cases in every set, whatever their order.
///
/// # Errors
/// [`CliError::UnknownLabel`] for a label that is no type of the model, and [`CliError::NoLabel`] for a mention without
/// one, unless the argument names the types to score.
pub fn sets(corpora: &[Corpus], labels: &Labels, limit: Option<usize>) -> Result<Vec<Set>, CliError> {
    let mut sets: Vec<Set> = Vec::new();
    let mut places: HashMap<(usize, &str, &str), usize> = HashMap::new();
    for corpus in corpora {
        let default_types = default_types(corpus, labels)?;
        for document in &corpus.documents {
            let annotation = corpus.annotation();
            let at = sets.iter().position(|s| s.language == document.lang && s.annotation == annotation);
            let at = at.unwrap_or_else(|| {
                let language = document.lang.clone();
                sets.push(Set { language, annotation, cases: Vec::new() });
                sets.len() - 1
            });
            let set = &mut sets[at];
            let new = case(document, corpus, labels, &default_types)?;
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

/// The id without its language prefix: `7` of `es-7`.
fn case_id(id: &str) -> &str {
    match id.as_bytes() {
        [a, b, b'-', ..] if a.is_ascii_lowercase() && b.is_ascii_lowercase() => &id[3..],
        _ => id,
    }
}

/// The annotated types of documents that do not name theirs: those of the argument, else those that occur in the
/// corpus.
fn default_types(corpus: &Corpus, labels: &Labels) -> Result<BTreeSet<usize>, CliError> {
    match &corpus.types {
        Some(types) => types.iter().map(|name| labels.index(name, corpus)).collect(),
        None => {
            let unlabelled = labels.types.iter().position(String::is_empty).map(Ok);
            let labelled = corpus::labels(&corpus.documents).into_iter().map(|name| labels.index(name, corpus));
            labelled.chain(unlabelled).collect()
        }
    }
}

fn case(
    document: &Document, corpus: &Corpus, labels: &Labels, default_types: &BTreeSet<usize>,
) -> Result<Case, CliError> {
    let of_document = document.annotated.as_ref().filter(|_| corpus.types.is_none());
    let is_annotated = |index: usize| match of_document {
        // a type that the model lacks cannot be scored
        Some(names) => names.iter().any(|name| labels.index(name, corpus).is_ok_and(|found| found == index)),
        None => default_types.contains(&index),
    };
    let annotated: Vec<bool> = (0..labels.types.len()).map(|index| labels.kept[index] && is_annotated(index)).collect();
    let mut mentions = Vec::new();
    for mention in &document.mentions {
        match labels.index(&mention.entity, corpus) {
            Ok(index) if annotated[index] => {
                mentions.push(Mention { entity: labels.types[index].clone().into(), ..mention.clone() });
            }
            Ok(_) => {}
            // the argument names the types to score, so the corpus may have others
            Err(_) if corpus.types.is_some() => {}
            Err(error) => return Err(error),
        }
    }
    let (id, text) = (case_id(&document.id).to_string(), document.text.clone());
    Ok(Case { id, text, mentions, annotated, attributes: document.attributes })
}

impl Case {
    fn join(&mut self, other: Self) {
        for mention in other.mentions {
            let is_same = |own: &&mut Mention<'_>| {
                (own.begin, own.end, &own.entity) == (mention.begin, mention.end, &mention.entity)
            };
            match self.mentions.iter_mut().find(is_same) {
                // one of the two may tell attributes, or a code, that the other does not
                Some(own) => {
                    own.attributes.iter_mut().zip(mention.attributes).for_each(|(own, new)| *own = own.or(new));
                    own.concept.code = own.concept.code.take().or(mention.concept.code);
                }
                None => self.mentions.push(mention),
            }
        }
        self.attributes = self.attributes.iter().chain(other.attributes.iter()).collect();
        self.annotated.iter_mut().zip(other.annotated).for_each(|(own, other)| *own |= other);
    }
}

impl Set {
    /// Keeps the `limit` cases whose ids have the smallest digests.
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
