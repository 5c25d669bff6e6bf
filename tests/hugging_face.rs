//! Compares Hugging Face's strategies with transformers' TokenClassificationPipeline, for every kind of tokenizer.
//!
//! Spans must be equal, and scores within 1e-4.
//!
//! `data/recipe/huggingface_reference.py` made the reference files, which name their versions.

mod support;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use spanframe_engine::RawOptions;
use support::{annotate, engine, raw, reference, texts};

/// Label, begin, end and score of an entity.
type Answer = (String, u32, u32, f64);

fn answers(of: &Value) -> Vec<Answer> {
    let one = |a: &Value| {
        let number = |i: usize| a[i].as_u64().unwrap() as u32;
        (a[0].as_str().unwrap().to_string(), number(1), number(2), a[3].as_f64().unwrap())
    };
    let mut found: Vec<Answer> = of.as_array().unwrap().iter().map(one).collect();
    // the pipeline can give empty entities, and spanframe leaves them out
    found.retain(|a| a.1 < a.2);
    found
}

fn strings(of: &Value) -> Vec<String> {
    of.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_string()).collect()
}

/// Compares every run of a reference file: more than 3,000 texts for each strategy, and more than 5,000 entities in
/// all.
fn check(kind: &str) {
    let shared = reference("huggingface/texts.json.gz");
    let notes: Vec<&str> = shared["texts"].as_array().unwrap().iter().map(|t| t["text"].as_str().unwrap()).collect();
    let file = reference(&format!("huggingface/{kind}.json.gz"));
    let tolerance = file["tolerance"].as_f64().unwrap();
    assert!(tolerance <= 1e-4);
    let mut compared = 0;
    let mut texts_of = BTreeMap::new();
    let mut engines = HashMap::new();
    for run in file["runs"].as_array().unwrap() {
        let strategy = run["aggregation_strategy"].as_str().unwrap();
        let stride = run["stride"].as_i64();
        let key = (strategy, stride, run["ignore_labels"].to_string());
        // runs with the same options share an engine
        let engine = engines.entry(key).or_insert_with(|| {
            engine(RawOptions {
                aggregation_strategy: Some(strategy.to_string()),
                ignore_labels: Some(strings(&run["ignore_labels"])),
                stride,
                emulate: stride.map(|_| "huggingface".to_string()),
                max_length: stride.map(|_| run["model_max_length"].as_i64().unwrap()),
                ..raw(Some(file["model"].as_str().unwrap().trim_start_matches("data/test_models/")))
            })
        });
        let cases = run["answers"].as_array().unwrap();
        let chosen: Vec<usize> = cases.iter().map(|c| c[0].as_u64().unwrap() as usize).collect();
        let found = annotate(engine, &texts(chosen.iter().map(|&i| Some(notes[i]))));
        for ((case, found), &text) in cases.iter().zip(&found).zip(&chosen) {
            let place = format!("{kind}, {strategy}, stride {stride:?}, text {text}");
            let mut expect = answers(&case[1]);
            let mut found: Vec<Answer> =
                found.iter().flatten().map(|f| (f.entity.clone(), f.begin, f.end, f64::from(f.confidence))).collect();
            // tokens of one character have the same span and may have different labels
            let order = |a: &Answer, b: &Answer| (a.1, a.2, &a.0).cmp(&(b.1, b.2, &b.0)).then(a.3.total_cmp(&b.3));
            expect.sort_by(order);
            found.sort_by(order);
            let spans = |all: &[Answer]| all.iter().map(|a| (a.0.clone(), a.1, a.2)).collect::<Vec<_>>();
            let differs = spans(&found).into_iter().zip(spans(&expect)).find(|(f, e)| f != e);
            assert!(differs.is_none() && found.len() == expect.len(), "{place}: {differs:?}");
            for (found, expect) in found.iter().zip(&expect) {
                assert!((found.3 - expect.3).abs() <= tolerance, "{place}: {found:?} {expect:?}");
            }
            compared += expect.len();
        }
        *texts_of.entry((strategy, stride.is_some())).or_insert(0) += cases.len();
    }
    assert_eq!(texts_of.len(), 9, "{kind}: five strategies, four of them with stride too");
    for strategy in ["simple", "first", "average", "max"] {
        assert!(texts_of[&(strategy, false)] > 3000 && texts_of[&(strategy, true)] > 30, "{kind}: {texts_of:?}");
    }
    assert!(compared > 5000, "{kind}: only {compared} entities");
}

#[test]
fn wordpiece_equals_the_pipeline() {
    check("bert-uncased");
    check("bert-cased");
}

#[test]
fn wordpiece_of_other_families_equals_the_pipeline() {
    check("distilbert");
    check("electra");
}

#[test]
fn byte_level_bpe_equals_the_pipeline() {
    check("roberta");
    check("roberta-prefix-space");
}

#[test]
fn unigram_equals_the_pipeline() {
    check("xlm-roberta");
    check("camembert");
    check("deberta-v2");
}
