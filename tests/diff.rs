//! Runs `spanframe diff` on files, with wrong inputs too.

mod support;

use std::{fs, io::Write, path::Path, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Int32Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    builder::{MapBuilder, StringBuilder},
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::Field;
use serde_json::{Value, json};
use spanframe_engine::entity_column;
use support::{Found, read, rows, spanframe, stderr, stdout, test_model, write};

const SENTINEL: &str = "XSENTINELX";

fn texts(n: usize) -> Vec<Option<String>> {
    let text = |i| match i {
        0 => None,
        1 => Some(String::new()),
        _ => Some(format!("{SENTINEL} {i} 👩‍⚕️: aspirin {i} mg, dolor torácico {} y disnea.", "é ".repeat(i % 5))),
    };
    (0..n).map(text).collect()
}

fn table(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, column)| (name, column, true))).unwrap()
}

struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    /// Writes in.parquet with `id` and `note`, and char.parquet with the entities of a tiny model.
    fn new() -> Self {
        let job = Self { folder: tempfile::tempdir().unwrap() };
        let ids: ArrayRef = Arc::new(Int64Array::from_iter_values(0..30));
        let notes: ArrayRef = Arc::new(texts(30).into_iter().collect::<StringArray>());
        write(Path::new(&job.path("in.parquet")), &table(vec![("id", ids), ("note", notes)]));
        job.annotate("char.parquet", &[]);
        job
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn read(&self, name: &str) -> RecordBatch {
        read(Path::new(&self.path(name)))
    }

    fn annotate(&self, output: &str, more: &[&str]) {
        let (input, output, model) = (self.path("in.parquet"), self.path(output), test_model("multi-head"));
        let base = ["annotate", &input, "-o", &output, "--column", "note", "--model", &model, "--quiet"];
        let done = spanframe(&[&base[..], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
    }

    fn diff(&self, a: &str, b: &str, more: &[&str]) -> std::process::Output {
        let (a, b) = (self.path(a), self.path(b));
        spanframe(&[&["diff", &a, &b][..], more].concat())
    }

    fn json(&self, a: &str, b: &str, more: &[&str]) -> Value {
        let output = self.diff(a, b, &[&["--json"], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    }

    fn found(&self) -> Vec<Option<Vec<Found>>> {
        rows(self.read("char.parquet").column_by_name("ner").unwrap())
    }

    /// Writes the documents of char.parquet as gold, each changed by `change`.
    fn gold(&self, name: &str, change: impl Fn(usize, &mut Value)) {
        let mut lines = String::new();
        for (i, (text, found)) in texts(30).into_iter().zip(self.found()).enumerate() {
            let Some((text, found)) = text.zip(found) else { continue };
            let entity = |f: &Found| json!({"start": f.begin, "end": f.end, "label": f.entity});
            let entities: Vec<Value> = found.iter().map(entity).collect();
            let mut document = json!({"id": i.to_string(), "lang": "es", "text": text, "entities": entities});
            change(i, &mut document);
            lines += &format!("{document}\n");
        }
        let file = fs::File::create(self.path(name)).unwrap();
        if name.ends_with(".gz") {
            let mut writer = flate2::write::GzEncoder::new(file, flate2::Compression::default());
            writer.write_all(lines.as_bytes()).unwrap();
            writer.finish().unwrap();
        } else {
            fs::write(self.path(name), lines).unwrap();
        }
    }
}

fn count(report: &Value, kind: &str) -> u64 {
    report["differences"][kind].as_object().unwrap().values().map(|v| v.as_u64().unwrap()).sum()
}

/// Checks the counts of `kinds`, and that there is no other difference.
fn check_only(report: &Value, kinds: &[(&str, u64)]) {
    for kind in ["missing", "extra", "label", "boundary", "attribute", "offset_unit", "truncation"] {
        let expect = kinds.iter().find(|(name, _)| *name == kind).map_or(0, |(_, count)| *count);
        assert_eq!(count(report, kind), expect, "{kind}: {report:#}");
    }
}

/// The column that Spark NLP's `NerConverter` writes: a null text has an empty list.
fn annotations(found: &[Option<Vec<Found>>]) -> ArrayRef {
    let all: Vec<&Found> = found.iter().flatten().flatten().collect();
    let mut metadata = MapBuilder::new(None, StringBuilder::new(), StringBuilder::new());
    for (i, f) in all.iter().enumerate() {
        for (key, value) in [("sentence", "0"), ("entity", &f.entity), ("chunk", &i.to_string()), ("confidence", "0.5")]
        {
            metadata.keys().append_value(key);
            metadata.values().append_value(value);
        }
        metadata.append(true).unwrap();
    }
    let numbers = |get: fn(&Found) -> u32| -> ArrayRef {
        Arc::new(Int32Array::from_iter_values(all.iter().map(|f| i32::try_from(get(f)).unwrap())))
    };
    let strings =
        |get: fn(&Found) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(all.iter().map(|f| get(f)))) };
    let fields: Vec<(&str, ArrayRef)> = vec![
        ("annotatorType", strings(|_| "chunk")),
        ("begin", numbers(|f| f.begin)),
        ("end", numbers(|f| f.end)),
        ("result", strings(|f| &f.chunk)),
        ("metadata", Arc::new(metadata.finish())),
    ];
    let structs = StructArray::from(table(fields));
    let lengths = found.iter().map(|row| row.as_ref().map_or(0, Vec::len));
    let item = Arc::new(Field::new("item", structs.data_type().clone(), true));
    Arc::new(ListArray::new(item, OffsetBuffer::from_lengths(lengths), Arc::new(structs), None))
}

#[test]
fn a_column_equals_itself_in_every_layout_and_unit() {
    let job = Job::new();
    let total: usize = job.found().iter().flatten().map(Vec::len).sum();
    assert!(total > 20, "{total}");
    for (layout, offsets) in [("struct_of_lists", "char"), ("list_of_structs", "byte"), ("struct_of_lists", "spark")] {
        let name = format!("{layout}-{offsets}.parquet");
        job.annotate(&name, &["--layout", layout, "--offsets", offsets]);
        let report = job.json("char.parquet", &name, &["--offsets-b", offsets, "--text-column", "note"]);
        check_only(&report, &[]);
        assert_eq!(report["rows"]["equal"], 30);
        assert_eq!(report["mentions"]["equal"], total);
        assert_eq!(report["agreement"]["f1"], 1.0);
    }
}

#[test]
fn another_unit_than_declared_is_explained() {
    let job = Job::new();
    for offsets in ["byte", "spark"] {
        job.annotate("b.parquet", &["--offsets", offsets, "--overwrite"]);
        let report = job.json("char.parquet", "b.parquet", &["--text-column", "note"]);
        let shifted = report["mentions"]["a"].as_u64().unwrap() - report["mentions"]["equal"].as_u64().unwrap();
        assert!(shifted > 10);
        check_only(&report, &[("offset_unit", shifted)]);
        assert_eq!(report["readings"], json!({format!("B as {offsets}"): shifted}));
    }
    // without the text, the declared units explain every difference
    let report = job.json("char.parquet", "b.parquet", &["--offsets-b", "spark"]);
    check_only(&report, &[("offset_unit", count(&report, "offset_unit"))]);
}

#[test]
fn removed_types_are_missing_or_extra() {
    let job = Job::new();
    job.annotate("some.parquet", &["--entities", "DISEASE"]);
    let others = job.found().iter().flatten().flatten().filter(|f| f.entity != "DISEASE").count() as u64;
    assert!(others > 0);
    let report = job.json("char.parquet", "some.parquet", &["--examples", "3"]);
    // mentions beyond the last kept one may be truncation; there is no other difference
    assert_eq!(count(&report, "missing") + count(&report, "truncation"), others);
    assert_eq!(report["agreement"]["precision"], 1.0);
    let turned = job.json("some.parquet", "char.parquet", &["--id", "id"]);
    assert_eq!(count(&turned, "extra") + count(&turned, "truncation"), others);
    assert_eq!(turned["examples"][0]["a"], Value::Null);
    assert!(turned["examples"][0]["id"].is_string());
}

#[test]
fn annotations_of_spark_nlp_are_read() {
    let job = Job::new();
    job.annotate("spark.parquet", &["--offsets", "spark"]);
    let found = rows(job.read("spark.parquet").column_by_name("ner").unwrap());
    let ids = job.read("in.parquet").column(0).clone();
    let columns =
        vec![("id", ids), ("document", annotations(&found[..0]).slice(0, 0)), ("ner_chunk", annotations(&found))];
    write(Path::new(&job.path("nlp.parquet")), &table(columns.into_iter().filter(|(n, _)| *n != "document").collect()));
    let report = job.json("nlp.parquet", "char.parquet", &[]);
    assert_eq!(report["mentions"]["a"], report["mentions"]["b"]);
    let report = job.json("char.parquet", "nlp.parquet", &["--text-column", "note", "--id", "id"]);
    check_only(&report, &[]);
    assert_eq!(report["rows"]["null_only_in_a"], 1, "Spark NLP has no null");
    let shown = stdout(&spanframe(&["head", &job.path("nlp.parquet"), "-c", "ner_chunk", "-n", "2"]));
    assert!(shown.contains("| 0.5 "), "{shown}");
    let slice = annotations(&found).slice(2, 3);
    let all = entity_column::read(&slice).unwrap();
    assert_eq!(all[0].as_ref().unwrap().len(), found[2].as_ref().unwrap().len(), "a slice is read at its place");
}

#[test]
fn gold_joins_by_id_and_speaks_of_its_types() {
    let job = Job::new();
    for name in ["gold.jsonl", "gold.jsonl.gz"] {
        job.gold(name, |_, _| {});
        let report = job.json(name, "char.parquet", &["--id", "id"]);
        check_only(&report, &[]);
        assert_eq!((&report["rows"]["equal"], &report["rows"]["only_in_b"]), (&json!(29), &json!(1)));
        check_only(&job.json("char.parquet", name, &["--id", "id"]), &[]);
        check_only(&job.json(name, name, &[]), &[]);
    }
    job.gold("masked.jsonl", |_, document| {
        document["annotated_types"] = json!(["DISEASE"]);
        document["entities"].as_array_mut().unwrap().retain(|e| e["label"] == "DISEASE");
    });
    check_only(&job.json("masked.jsonl", "char.parquet", &["--id", "id"]), &[]);
    let renamed = job.found().iter().flatten().filter(|row| !row.is_empty()).count() as u64;
    job.gold("renamed.jsonl", |_, document| {
        if let Some(first) = document["entities"].get_mut(0) {
            first["label"] = json!("OTHER");
        }
    });
    check_only(&job.json("renamed.jsonl", "char.parquet", &["--id", "id"]), &[("label", renamed)]);
}

#[test]
fn the_agreement_with_gold_is_the_strict_f1_of_evaluate() {
    let job = Job::new();
    // gold of one type that it does not name; some mentions are left out and some are repeated
    job.gold("some.jsonl", |i, document| {
        let entities = document["entities"].as_array_mut().unwrap();
        entities.retain(|e| e["label"] == "DISEASE");
        if i % 3 == 0 {
            entities.pop();
        }
        entities.extend(entities.first().cloned());
    });
    let report = job.json("some.jsonl", "char.parquet", &["--id", "id"]);
    let gold = job.path("some.jsonl");
    let scored = spanframe(&["evaluate", &gold, "--model", &test_model("multi-head"), "--json", "--quiet"]);
    let scored: Value = serde_json::from_str(&stdout(&scored)).unwrap();
    let all = scored["scores"].as_array().unwrap().iter().find(|row| row["type"] == "all").unwrap();
    for name in ["precision", "recall", "f1"] {
        let agreement = report["agreement"][name].as_f64().unwrap();
        assert_eq!((agreement * 10_000.0).round() / 10_000.0, all["strict"][name].as_f64().unwrap(), "{name}");
    }
    assert!(report["agreement"]["precision"].as_f64().unwrap() < 1.0);
    assert_eq!(report["mentions"]["equal"], all["support"]);
    // compared with other gold, a label of only one of them is a difference
    job.gold("gold.jsonl", |_, _| {});
    let report = job.json("some.jsonl", "gold.jsonl", &[]);
    assert!(report["mentions"]["b"].as_u64().unwrap() > all["found"].as_u64().unwrap());
}

#[test]
fn text_is_shown_when_asked_for_alone() {
    let job = Job::new();
    job.gold("none.jsonl", |_, document| {
        let text = document["text"].as_str().unwrap().chars().count();
        let end = text.min(SENTINEL.len());
        document["entities"] = if text == 0 { json!([]) } else { json!([{"start": 0, "end": end, "label": "OTHER"}]) };
    });
    for more in [&["--id", "id"][..], &["--id", "id", "--json"]] {
        let quiet = job.diff("none.jsonl", "char.parquet", more);
        assert!(quiet.status.success() && stdout(&quiet).contains("missing"), "{}", stderr(&quiet));
        assert!(!stdout(&quiet).contains(SENTINEL) && stderr(&quiet).is_empty());
        let shown = job.diff("none.jsonl", "char.parquet", &[more, &["--show-text"]].concat());
        assert!(stdout(&shown).contains(SENTINEL), "{}", stdout(&shown));
    }
}

#[test]
fn check_ends_with_its_own_code() {
    let job = Job::new();
    assert_eq!(job.diff("char.parquet", "char.parquet", &["--check"]).status.code(), Some(0));
    job.annotate("some.parquet", &["--entities", "DISEASE"]);
    assert_eq!(job.diff("char.parquet", "some.parquet", &[]).status.code(), Some(0));
    let differ = job.diff("char.parquet", "some.parquet", &["--check"]);
    assert_eq!(differ.status.code(), Some(5));
    assert!(stdout(&differ).contains("agreement") && stderr(&differ).contains("the columns differ"));
}

#[test]
fn wrong_inputs_are_named_without_any_text() {
    let job = Job::new();
    let batch = job.read("char.parquet");
    write(Path::new(&job.path("short.parquet")), &batch.slice(0, 9));
    let twice = vec![("ner", batch.column(2).clone()), ("same", Arc::new(Int64Array::from(vec![7; 30])) as ArrayRef)];
    write(Path::new(&job.path("twice.parquet")), &table(twice));
    let two = vec![("x", batch.column(2).clone()), ("y", batch.column(2).clone())];
    write(Path::new(&job.path("two.parquet")), &table(two));
    fs::write(
        job.path("bad.jsonl"),
        format!("{{\"id\": 1, \"text\": \"{SENTINEL}\", \"entities\": [{{\"start\": 0}}]}}\n"),
    )
    .unwrap();
    fs::write(job.path("text.jsonl"), format!("{SENTINEL}\n")).unwrap();
    job.gold("gold.jsonl", |_, _| {});
    let check = |a: &str, b: &str, more: &[&str], message: &str| {
        let output = job.diff(a, b, more);
        let said = stderr(&output);
        assert!(said.contains(message), "`{message}` is not in: {said}");
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains(SENTINEL) && stdout(&output).is_empty(), "{said}");
    };
    let itself = |more: &[&str], message: &str| check("char.parquet", "char.parquet", more, message);
    check("none.parquet", "char.parquet", &[], "there is no file `");
    check("char.parquet", "none.jsonl", &[], "there is no file `");
    itself(&["--column-a", "nerr"], "has no column `nerr`; it has id, note, ner");
    itself(&["--column-b", "note"], "column `note` of `");
    itself(&["--column-b", "note"], "is Utf8, expected entities as spanframe or Spark NLP writes them");
    itself(&["--text-column", "id"], "is Int64, expected strings");
    itself(&["--id", "ner"], "expected ids, strings or integers");
    itself(&["--id", "note"], "column `note` of `");
    itself(&["--offsets-b", "utf16"], "it may be char, byte, spark");
    check("char.parquet", "in.parquet", &[], "has no column of entities; its columns are id, note");
    check("two.parquet", "char.parquet", &[], "has several columns of entities, x, y: name one with --column-a");
    check("char.parquet", "short.parquet", &[], "has 30 rows and `");
    check("twice.parquet", "twice.parquet", &["--id", "same"], "has the same id in rows 0 and 1");
    check("gold.jsonl", "char.parquet", &[], "is joined by id: pass the id column of `");
    check("bad.jsonl", "gold.jsonl", &[], "bad.jsonl`, line 1: ");
    check("bad.jsonl", "gold.jsonl", &[], "an entity needs integers `start` and `end`");
    check("gold.jsonl", "text.jsonl", &[], "this is not JSON");
}
