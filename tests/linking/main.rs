//! Mentions are linked to the concepts of a user's vocabulary: the same while extracting and afterwards, in every layout
//! and form, whatever the batches.

#[path = "../support/mod.rs"]
mod support;

mod codes;
mod column;
mod extraction;
mod jobs;

use std::path::Path;

use arrow_array::{Array, ArrayRef};
use spanframe_engine::{Concept, LinkOptions, Linker, Mention, RawLink, RawOptions, entity_column};
use spanframe_vocabulary::{BuildOptions, Builder, Entry};

/// Two entities, each known to the vocabulary by one of its steps, and one that it does not know.
const NOTE: &str = "Refiere Disnea y dolor toracico. Toma aspirina 81mg.";

/// Writes a vocabulary of these terms and codes. Concept ids count from 100, standard ones from 200.
fn vocabulary(folder: &Path, name: &str, terms: &[(&str, &str)]) -> String {
    let path = folder.join(name);
    let mut builder = Builder::new(&path, BuildOptions { overwrite: true, ..BuildOptions::default() }).unwrap();
    for (i, (term, code)) in (0..).zip(terms) {
        let entry = Entry {
            concept_id: Some(100 + i),
            standard_concept_id: (i != 1).then_some(200 + i),
            vocabulary: Some("TEST".to_string()),
            preferred: true,
            ..Entry::new(term, code)
        };
        builder.push(&entry).unwrap();
    }
    builder.finish().unwrap();
    path.to_str().unwrap().to_string()
}

fn symptoms(folder: &Path) -> String {
    vocabulary(folder, "symptoms.vocabulary", &[("disnea", "R06"), ("dolor torácico", "R07"), ("fiebre", "R50")])
}

fn linked(path: &str) -> RawOptions {
    RawOptions { link: Some(vec![path.into()]), ..RawOptions::default() }
}

fn linker(path: &str, more: RawLink) -> Linker {
    let raw = RawLink { vocabulary: Some(vec![path.into()]), ..more };
    Linker::new(&LinkOptions::new(&raw).unwrap()).unwrap()
}

/// The mentions of each row; none for a null.
fn mentions(column: &dyn Array) -> Vec<Vec<Mention<'static>>> {
    let rows = entity_column::read(column).unwrap().into_iter();
    rows.map(|row| row.unwrap_or_default().into_iter().map(Mention::into_owned).collect()).collect()
}

/// `chunk: code` of each mention of a row.
fn codes(row: &[Mention<'_>]) -> Vec<String> {
    let shown = |m: &Mention<'_>| {
        format!("{}: {}", m.chunk.as_deref().unwrap_or("?"), m.concept.code.as_deref().unwrap_or("nothing"))
    };
    row.iter().map(shown).collect()
}

fn disnea() -> Concept<'static> {
    Concept {
        code: Some("R06".into()),
        term: Some("disnea".into()),
        vocabulary: Some("TEST".into()),
        concept_id: Some(100),
        standard_concept_id: Some(200),
        similarity: Some(spanframe_vocabulary::Step::Folded.similarity()),
    }
}

fn names(column: &ArrayRef) -> Vec<String> {
    let fields = spanframe_engine::field::EntityFields::of_column(column.data_type());
    fields.iter().map(|field| field.name.to_string()).collect()
}
