//! Equal to transformers' TokenClassificationPipeline: spans equal, scores within 1e-4, for every kind of tokenizer.
//!
//! The reference files were made by `data/recipe/huggingface_reference.py` with the versions that stand in them.

mod support;

use serde_json::Value;
use spanframe_engine::RawOptions;
use support::{annotate, engine, raw, reference, texts};

/// Label, begin, end, score.
type Answer = (String, u32, u32, f64);

fn answers(of: &Value) -> Vec<Answer> {
    let one = |a: &Value| {
        let number = |i: usize| a[i].as_u64().unwrap() as u32;
        (a[0].as_str().unwrap().to_string(), number(1), number(2), a[3].as_f64().unwrap())
    };
    let mut found: Vec<Answer> = of.as_array().unwrap().iter().map(one).collect();
    // an entity without characters has no place in a text: we leave it out
    found.retain(|a| a.1 < a.2);
    found
}

fn strings(of: &Value) -> Vec<String> {
    of.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_string()).collect()
}

/// Compares every run of a reference file; at least `sentences` texts without stride and `entities` entities in all.
fn check(kind: &str, sentences: usize, entities: usize) {
    let shared = reference("huggingface/texts.json.gz");
    let notes: Vec<&str> = shared["texts"].as_array().unwrap().iter().map(|t| t["text"].as_str().unwrap()).collect();
    let file = reference(&format!("huggingface/{kind}.json.gz"));
    let tolerance = file["tolerance"].as_f64().unwrap();
    assert!(tolerance <= 1e-4);
    let (mut compared, mut most, mut strategies) = (0, 0, std::collections::BTreeSet::new());
    for run in file["runs"].as_array().unwrap() {
        let strategy = run["aggregation_strategy"].as_str().unwrap();
        let stride = run["stride"].as_i64();
        let options = RawOptions {
            aggregation_strategy: Some(strategy.to_string()),
            ignore_labels: Some(strings(&run["ignore_labels"])),
            stride,
            emulate: stride.map(|_| "huggingface".to_string()),
            max_length: stride.map(|_| run["model_max_length"].as_i64().unwrap()),
            ..raw(Some(file["model"].as_str().unwrap()))
        };
        let cases = run["answers"].as_array().unwrap();
        let chosen: Vec<usize> = cases.iter().map(|c| c[0].as_u64().unwrap() as usize).collect();
        let found = annotate(&engine(options), &texts(chosen.iter().map(|&i| Some(notes[i]))));
        for ((case, found), &text) in cases.iter().zip(&found).zip(&chosen) {
            let place = format!("{kind}, {strategy}, stride {stride:?}, text {text}");
            let mut expect = answers(&case[1]);
            let mut found: Vec<Answer> =
                found.iter().flatten().map(|f| (f.entity.clone(), f.begin, f.end, f64::from(f.confidence))).collect();
            // pieces of one character differ in label and not in place
            let order = |a: &Answer, b: &Answer| (a.1, a.2, &a.0).cmp(&(b.1, b.2, &b.0)).then(a.3.total_cmp(&b.3));
            expect.sort_by(order);
            found.sort_by(order);
            let spans = |all: &[Answer]| all.iter().map(|a| (a.0.clone(), a.1, a.2)).collect::<Vec<_>>();
            assert_eq!(spans(&found), spans(&expect), "{place}");
            for (found, expect) in found.iter().zip(&expect) {
                assert!((found.3 - expect.3).abs() <= tolerance, "{place}: {found:?} {expect:?}");
            }
            compared += expect.len();
        }
        strategies.insert((strategy, stride.is_some()));
        most = most.max(cases.len());
    }
    assert_eq!(strategies.len(), 9, "{kind}: five strategies, four of them with stride too");
    assert!(most >= sentences, "{kind}: only {most} texts");
    assert!(compared >= entities, "{kind}: only {compared} entities");
}

#[test]
fn wordpiece_uncased() {
    check("bert-uncased", 2000, 20_000);
}

#[test]
fn byte_level_bpe() {
    check("roberta", 2000, 20_000);
}
