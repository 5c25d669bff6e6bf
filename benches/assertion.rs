//! How well and how fast do the rules of assertion judge spans that are given?
//!
//!     cargo bench --bench assertion -- NOTES.jsonl
//!
//! Reads notes with gold spans (`text`, `lang`, and `entities` with `start`, `end`, `label` and `attributes`) and prints a
//! line of JSON for each of two ways: the language of a note is given, or detected. Each has counts of every attribute and
//! the seconds of one pass on one thread. Loading is left out. `make bench-assertion` sets them beside other systems.

use std::{env, fs, time::Instant};

use serde_json::{Value, json};
use spanframe_core::{
    Named, Span,
    assertion::{Attribute, Attributes},
};
use spanframe_engine::assertion::Assessor;

/// Passes are repeated for so long, and their mean is printed.
const SECONDS: f64 = 1.0;

struct Note {
    text: String,
    language: String,
    entities: Vec<(Span, String)>,
    gold: Vec<Attributes>,
}

fn main() {
    // cargo adds `--bench`
    let path = env::args().skip(1).find(|argument| !argument.starts_with("--")).expect("the path of the notes");
    let notes: Vec<Note> = fs::read_to_string(path).unwrap().lines().map(read).collect();
    let assessor = Assessor::new(&[]).unwrap();
    for (system, is_given) in [("spanframe", true), ("spanframe_detects", false)] {
        let pass = || -> Vec<Vec<Attributes>> { notes.iter().map(|note| assess(&assessor, note, is_given)).collect() };
        let found = pass(); // warms the caches too
        let (started, mut passes) = (Instant::now(), 0);
        while passes == 0 || started.elapsed().as_secs_f64() < SECONDS {
            std::hint::black_box(pass());
            passes += 1;
        }
        let seconds = started.elapsed().as_secs_f64() / f64::from(passes);
        println!(
            "{}",
            json!({
                "system": system, "seconds": seconds, "counts": counts(&notes, &found),
                "notes": notes.len(), "entities": notes.iter().map(|note| note.entities.len()).sum::<usize>(),
                "words": notes.iter().map(|note| note.text.split_whitespace().count()).sum::<usize>(),
                "bytes": notes.iter().map(|note| note.text.len()).sum::<usize>(),
            })
        );
    }
}

/// Without entities nothing is assessed, as in a job.
fn assess(assessor: &Assessor, note: &Note, is_given: bool) -> Vec<Attributes> {
    let entities: Vec<(Span, &str)> = note.entities.iter().map(|(span, label)| (*span, label.as_str())).collect();
    let found = assessor.assess(&note.text, &entities, is_given.then_some(note.language.as_str()));
    found.unwrap_or_else(|| vec![Attributes::NONE; entities.len()])
}

fn read(line: &str) -> Note {
    let note: Value = serde_json::from_str(line).unwrap();
    let text = note["text"].as_str().unwrap();
    // positions count characters
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let at = |entity: &Value, end: &str| bytes[entity[end].as_u64().unwrap() as usize];
    let entities = note["entities"].as_array().unwrap();
    let attributes = |entity: &Value| {
        let names = entity["attributes"].as_array().unwrap();
        Attribute::ALL.into_iter().filter(|attribute| names.iter().any(|name| name == attribute.name())).collect()
    };
    Note {
        text: text.to_string(),
        language: note["lang"].as_str().unwrap().to_string(),
        entities: entities
            .iter()
            .map(|entity| {
                let label = entity["label"].as_str().unwrap_or("ENTITY");
                (Span::new(at(entity, "start"), at(entity, "end")), label.to_string())
            })
            .collect(),
        gold: entities.iter().map(attributes).collect(),
    }
}

/// Of each attribute: entities that have it in gold and were found to, those in gold, and those found.
fn counts(notes: &[Note], found: &[Vec<Attributes>]) -> Value {
    let gold = notes.iter().flat_map(|note| &note.gold);
    let pairs: Vec<(Attributes, Attributes)> = gold.copied().zip(found.iter().flatten().copied()).collect();
    let count = |holds: &dyn Fn(Attributes, Attributes) -> bool| pairs.iter().filter(|(g, f)| holds(*g, *f)).count();
    let of = |attribute: Attribute| {
        let hits = count(&|gold, found| gold.contains(attribute) && found.contains(attribute));
        let in_gold = count(&|gold, _| gold.contains(attribute));
        let in_found = count(&|_, found| found.contains(attribute));
        (attribute.name().to_string(), json!({"hits": hits, "gold": in_gold, "found": in_found}))
    };
    Value::Object(Attribute::ALL.into_iter().map(of).collect())
}
