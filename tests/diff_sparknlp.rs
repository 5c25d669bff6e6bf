//! Runs `spanframe diff` on a table that a real Spark NLP wrote: data/reference/sparknlp.parquet.

mod support;

use std::{collections::BTreeSet, path::Path};

use arrow_array::{Array, RecordBatch, StructArray, cast::AsArray, types::Int32Type, types::UInt32Type};
use arrow_schema::DataType;
use serde_json::{Value, json};
use spanframe_core::spark_words::spark_words;
use spanframe_engine::{Mention, RawOptions, entity_column};
use support::{column, data, read, spanframe, stderr, stdout, test_model};

const FILE: &str = "reference/sparknlp.parquet";
/// The model that made the file.
const MODEL: &str = "bert-cased";
/// More examples of each kind than there are mentions.
const ALL: &str = "100000";

/// A folder for annotations of the file's texts.
struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn annotate(&self, output: &str, more: &[&str]) {
        let (input, output, model) = (data(FILE).display().to_string(), self.path(output), test_model(MODEL));
        let base = ["annotate", &input, "-o", &output, "--column", "text", "--model", &model, "--quiet"];
        let done = spanframe(&[&base[..], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
    }

    /// Compares the file, A, with `name`, B, which has the file's columns too.
    fn diff(&self, name: &str, more: &[&str]) -> std::process::Output {
        let (a, b) = (data(FILE).display().to_string(), self.path(name));
        spanframe(&[&["diff", &a, &b, "--column-b", "ner"][..], more].concat())
    }

    fn json(&self, name: &str, more: &[&str]) -> Value {
        let output = self.diff(name, &[&["--json", "--examples", ALL], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }
}

/// The texts of the file.
fn texts() -> Vec<Option<String>> {
    let column = column(FILE, "text");
    column.as_string::<i32>().iter().map(|text| text.map(String::from)).collect()
}

/// Spark NLP's mentions. It writes no nulls.
fn mentions() -> Vec<Vec<Mention<'static>>> {
    let column = read(&data(FILE)).column_by_name("ner_chunk").unwrap().clone();
    let rows = entity_column::read(&column).unwrap().into_iter().map(|row| row.expect("no null"));
    rows.map(|row| row.into_iter().map(Mention::into_owned).collect()).collect()
}

fn count(report: &Value, kind: &str) -> u64 {
    report["differences"][kind].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum()
}

/// Checks the counts of `kinds`, and that there is no other difference.
fn check_only(report: &Value, kinds: &[(&str, u64)]) {
    for kind in ["missing", "extra", "label", "boundary", "attribute", "offset_unit", "truncation"] {
        let expect = kinds.iter().find(|(name, _)| *name == kind).map_or(0, |(_, count)| *count);
        assert_eq!(count(report, kind), expect, "{kind}: {}", report["differences"]);
    }
}

/// The rows with a difference.
fn rows(report: &Value) -> BTreeSet<usize> {
    report["examples"].as_array().unwrap().iter().map(|e| e["row"].as_u64().unwrap() as usize).collect()
}

/// A count of `diagnose` under the emulation, one for each row.
fn diagnosis(field: &str) -> Vec<u32> {
    let emulate = Some("sparknlp".to_string());
    let engine = support::engine(RawOptions { emulate, ..support::raw(Some(MODEL)) });
    let found = engine.diagnose(&column(FILE, "text")).unwrap();
    let counts = found.as_struct().column_by_name(field).unwrap().as_primitive::<UInt32Type>();
    counts.iter().map(Option::unwrap_or_default).collect()
}

#[test]
fn the_emulation_has_no_difference_from_spark_nlp() {
    let job = Job::new();
    let total: usize = mentions().iter().map(Vec::len).sum();
    assert!(total > 1000, "{total}");
    for more in
        [&["--layout", "annotation"][..], &["--offsets", "spark"], &["--offsets", "char"], &["--offsets", "byte"]]
    {
        job.annotate("ours.parquet", &[&["--emulate", "sparknlp", "--overwrite"], more].concat());
        let unit = if more[0] == "--offsets" { &["--offsets-b", more[1]][..] } else { &[] };
        let known = [unit, &["--text-column", "text"]].concat();
        let checked = job.diff("ours.parquet", &[&known[..], &["--check"]].concat());
        assert_eq!(checked.status.code(), Some(0), "{more:?}: {}{}", stdout(&checked), stderr(&checked));
        let report = job.json("ours.parquet", &[&known[..], &["--id", "id"]].concat());
        check_only(&report, &[]);
        assert_eq!(report["mentions"], json!({"a": total, "b": total, "equal": total}));
        // Spark NLP writes an empty list for a null text; without the texts the two are different
        assert_eq!(report["rows"]["null_only_in_b"], 1);
        assert_eq!(report["rows"]["equal"], report["rows"]["compared"]);
        let report = job.json("ours.parquet", unit);
        assert_eq!(report["rows"]["null_only_in_b"], 1);
        assert_eq!(job.diff("ours.parquet", &[unit, &["--check"]].concat()).status.code(), Some(5));
    }
}

/// All annotations of a column.
fn annotations(batch: &RecordBatch, name: &str) -> StructArray {
    batch.column_by_name(name).unwrap().as_list::<i32>().values().as_struct().clone()
}

/// A type without the names of list items and map entries, which differ between writers.
fn shape(data_type: &DataType) -> String {
    match data_type {
        DataType::List(item) => format!("[{}]", shape(item.data_type())),
        DataType::Map(entries, _) => format!("map {}", shape(entries.data_type())),
        DataType::Struct(fields) => {
            fields.iter().map(|f| format!("{}: {}, ", f.name(), shape(f.data_type()))).collect()
        }
        other => other.to_string(),
    }
}

#[test]
fn the_annotation_layout_is_what_spark_nlp_writes() {
    let job = Job::new();
    job.annotate("ours.parquet", &["--emulate", "sparknlp", "--layout", "annotation"]);
    let (theirs, ours) = (read(&data(FILE)), read(Path::new(&job.path("ours.parquet"))));
    let (theirs, ours) = (annotations(&theirs, "ner_chunk"), annotations(&ours, "ner"));
    assert_eq!(shape(ours.data_type()), shape(theirs.data_type()));
    assert_eq!(ours.len(), theirs.len());
    let of = |all: &StructArray, i: usize| {
        let text = |c: usize| all.column(c).as_string::<i32>().value(i).to_string();
        let number = |c: usize| all.column(c).as_primitive::<Int32Type>().value(i);
        let entries = all.column(4).as_map().value(i);
        let pair = |j: usize| [0, 1].map(|c| entries.column(c).as_string::<i32>().value(j).to_string());
        let mut metadata: Vec<[String; 2]> = (0..entries.len()).map(pair).collect();
        let confidence: f64 = metadata.last_mut().map(|[_, value]| std::mem::take(value)).unwrap().parse().unwrap();
        let embeddings = all.column(5).as_list::<i32>().value_length(i);
        ((text(0), number(1), number(2), text(3), metadata, embeddings), confidence)
    };
    for i in 0..ours.len() {
        let ((ours, our_confidence), (theirs, confidence)) = (of(&ours, i), of(&theirs, i));
        assert_eq!(ours, theirs, "annotation {i}");
        // two builds of ONNX Runtime round differently
        assert!((our_confidence - confidence).abs() < 1e-3, "annotation {i}: {our_confidence} {confidence}");
    }
}

#[test]
fn what_spark_nlp_does_not_read_is_truncation() {
    let (job, lost) = (Job::new(), diagnosis("words_lost"));
    job.annotate("ours.parquet", &[]);
    let report = job.json("ours.parquet", &["--text-column", "text"]);
    assert_eq!(count(&report, "offset_unit"), 0, "{}", report["differences"]);
    assert!(report["cut"]["a"].is_u64() && report["cut"]["b"].is_null(), "{}", report["cut"]);
    assert!(count(&report, "truncation") > 1000, "{}", report["differences"]);
    // every one is in a text that Spark NLP cuts, and is no entity of Spark NLP
    let cut: Vec<&Value> =
        report["examples"].as_array().unwrap().iter().filter(|e| e["kind"] == "truncation").collect();
    assert_eq!(cut.len() as u64, count(&report, "truncation"));
    assert!(cut.iter().all(|e| e["a"].is_null() && lost[e["row"].as_u64().unwrap() as usize] > 0));
    // each mention is equal or in one difference
    let paired = report["mentions"]["equal"].as_u64().unwrap() + count(&report, "label") + count(&report, "boundary");
    assert_eq!(report["mentions"]["a"], paired + count(&report, "missing"));
    assert_eq!(report["mentions"]["b"], paired + count(&report, "extra") + count(&report, "truncation"));
}

#[test]
fn a_shorter_length_changes_no_text_that_fits() {
    let job = Job::new();
    job.annotate("ours.parquet", &["--emulate", "sparknlp", "--layout", "annotation", "--max-length", "24"]);
    let report = job.json("ours.parquet", &["--text-column", "text"]);
    assert!(report["cut"]["a"].is_null() && report["cut"]["b"].is_u64(), "{}", report["cut"]);
    assert!(count(&report, "truncation") > 100, "{}", report["differences"]);
    // one token less can turn the labels of all others; two tokens are special
    let tokens = diagnosis("tokens");
    assert!(rows(&report).iter().all(|&row| tokens[row] > 22));
    assert!(tokens.iter().zip(mentions()).filter(|(n, found)| **n <= 22 && !found.is_empty()).count() > 20);
}

/// Longest word that BERT's own tokenizer cuts into pieces. Spark NLP's limit is 200.
const LONGEST: usize = 100;

/// True if every word of Spark NLP is one word of the model's tokenizer too.
fn is_plain(text: &str) -> bool {
    let alike = |word: &str| word.bytes().all(|b| b.is_ascii_alphanumeric()) || (word.len() == 1 && word.is_ascii());
    spark_words(text).iter().map(|w| w.slice(text)).all(|word| alike(word) && word.len() <= LONGEST)
}

#[test]
fn texts_of_plain_words_are_read_alike() {
    let (job, lost) = (Job::new(), diagnosis("words_lost"));
    // with the same grouping, texts still differ in their words and in where they are cut off
    job.annotate("ours.parquet", &["--grouping", "sparknlp"]);
    let report = job.json("ours.parquet", &["--text-column", "text"]);
    let differ = rows(&report);
    let of_spark_nlp = mentions();
    let mut plain = 0;
    for (row, text) in texts().iter().enumerate() {
        if text.as_deref().is_some_and(is_plain) && lost[row] == 0 {
            assert!(!differ.contains(&row), "row {row}");
            plain += usize::from(!of_spark_nlp[row].is_empty());
        }
    }
    assert!(plain > 5, "{plain}");
}

#[test]
fn units_explain_what_differs_from_spark_nlp() {
    let job = Job::new();
    job.annotate("ours.parquet", &["--emulate", "sparknlp", "--offsets", "char"]);
    let (texts, mentions) = (texts(), mentions());
    let total: u64 = mentions.iter().map(|row| row.len() as u64).sum();
    // UTF-16 units and code points differ after the first character with two units
    let mut shifted = 0;
    for (text, row) in texts.iter().zip(&mentions) {
        let units: Vec<u16> = text.iter().flat_map(|text| text.encode_utf16()).collect();
        let parted = |m: &&Mention<'_>| units[..=m.end as usize].iter().any(|unit| (0xd800..0xdc00).contains(unit));
        shifted += row.iter().filter(parted).count() as u64;
    }
    assert!(shifted > 50 && shifted < total, "{shifted} of {total}");
    // with the right units and without texts, the units explain every difference
    let report = job.json("ours.parquet", &[]);
    check_only(&report, &[("offset_unit", shifted)]);
    assert_eq!(report["readings"], json!({"B as char": shifted}));
    let wide = |row: &usize| texts[*row].as_ref().unwrap().chars().any(|c| c > '\u{ffff}');
    assert!(rows(&report).iter().all(wide));
    // with wrong units, every mention whose positions differ is explained, with texts and without
    for (declared, reading) in [
        (&["--offsets-b", "spark"][..], "B as char"),
        (&["--offsets-b", "spark", "--text-column", "text"], "B as char"),
        (&["--offsets-a", "char"], "A as spark"),
        (&["--offsets-a", "char", "--text-column", "text"], "A as spark"),
    ] {
        let report = job.json("ours.parquet", declared);
        let other = total - report["mentions"]["equal"].as_u64().unwrap();
        assert!(other > total * 9 / 10, "{declared:?}: {other}");
        check_only(&report, &[("offset_unit", other)]);
        assert_eq!(report["readings"], json!({reading: other}), "{declared:?}");
    }
}
