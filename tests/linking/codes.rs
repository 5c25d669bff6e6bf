//! `spanframe evaluate` scores the codes of gold.

use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::support::{spanframe, stderr, stdout};

/// The model finds "disnea" (8..14) and "fiebre" (17..23), both symptoms.
const TEXT: &str = "Refiere disnea y fiebre.";

fn gold(folder: &Path, entities: &[Value]) -> String {
    let path = folder.join("gold.jsonl");
    fs::write(&path, format!("{}\n", json!({"id": "1", "lang": "es", "text": TEXT, "entities": entities}))).unwrap();
    path.to_str().unwrap().to_string()
}

fn entity(start: u8, end: u8, code: Value) -> Value {
    json!({"start": start, "end": end, "label": "SYMPTOM", "code": code})
}

fn evaluate(args: &[&str]) -> Value {
    let output = spanframe(&[&["evaluate", "--json", "--quiet"], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

/// `spans, top: annotated, linked, right` of each row.
fn rows(result: &Value) -> Vec<String> {
    let number = |row: &Value, name: &str| row[name].as_u64().unwrap();
    let shown = |row: &Value| {
        let [top, support, linked, right] = ["top", "support", "linked", "right"].map(|name| number(row, name));
        format!("{}, {top}: {support}, {linked}, {right}", row["spans"].as_str().unwrap())
    };
    result["codes"].as_array().unwrap().iter().map(shown).collect()
}

#[test]
fn codes_are_scored_on_gold_spans_and_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    // the code of "fiebre" is the second of its candidates
    let path = vocabulary(folder.path(), "own.vocabulary", &[("disnea", "R06"), ("fiebre", "A1"), ("fiebre", "R50")]);
    let gold_of = |entities: &[Value]| gold(folder.path(), entities);
    let (disnea, fiebre) = (entity(8, 14, json!("R06")), entity(17, 23, json!("R50")));
    let corpus = gold_of(&[disnea.clone(), fiebre, entity(0, 7, json!("X"))]);
    let result = evaluate(&[&corpus, "--link", &path]);
    // "Refiere" is in no vocabulary, and the model does not find it
    assert_eq!(rows(&result), ["gold, 1: 3, 2, 1", "gold, 5: 3, 2, 2", "found, 1: 3, 2, 1"]);
    assert_eq!([&result["codes"][1]["accuracy"], &result["codes"][1]["precision"]], [0.6667, 1.0]);
    assert!(result["command"].as_str().unwrap().ends_with("--link own.vocabulary"), "{}", result["command"]);
    let alone = evaluate(&[&corpus, "--link", &path, "--attributes-only"]);
    assert_eq!(rows(&alone), ["gold, 1: 3, 2, 1", "gold, 5: 3, 2, 2"]);
    let upper = evaluate(&[&corpus, "--link", &path, "--attributes-only", "--variant", "upper"]);
    assert_eq!(rows(&upper), rows(&alone), "terms are found in capitals");
    let printed = stdout(&spanframe(&["evaluate", &corpus, "--link", &path, "--quiet"]));
    for line in ["on gold spans, at 1", "on gold spans, at 5", "on found spans, at 1", "accuracy"] {
        assert!(printed.contains(line), "{printed}");
    }
    // gold of an entity without a code says nothing of it
    let corpus = gold_of(&[disnea, entity(17, 23, Value::Null)]);
    assert_eq!(rows(&evaluate(&[&corpus, "--link", &path]))[2], "found, 1: 1, 1, 1");
}

#[test]
fn gold_without_codes_or_vocabularies_is_scored_as_ever() {
    let folder = tempfile::tempdir().unwrap();
    let path = symptoms(folder.path());
    let corpus = gold(folder.path(), &[entity(8, 14, json!("R06"))]);
    assert!(evaluate(&[&corpus]).get("codes").is_none());
    let refused = |args: &[&str], message: &str| {
        let output = spanframe(args);
        assert!(output.status.code() == Some(2) && stderr(&output).contains(message), "{}", stderr(&output));
    };
    refused(&["evaluate", &corpus, "--attributes-only"], "codes, as `\"code\": \"R06.0\"`, are scored with `--link`");
    refused(&["evaluate", &corpus, "--link", "none.vocabulary"], "none.vocabulary");
    let corpus = gold(folder.path(), &[entity(8, 14, json!(7))]);
    refused(&["evaluate", &corpus], "line 1: `code` of an entity is not a string");
    let corpus = gold(folder.path(), &[entity(8, 14, Value::Null)]);
    assert!(evaluate(&[&corpus, "--link", &path]).get("codes").is_none());
}
