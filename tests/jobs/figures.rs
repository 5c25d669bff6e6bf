//! What a job says of itself: summary, metrics and log tell the same figures and losses after each kind of trouble, and
//! tell this run from the whole job.

use std::{collections::BTreeMap, fs, sync::Arc};

use arrow_array::BinaryArray;
use serde_json::{Value, json};

use crate::{
    damage::damage,
    place::{Place, SMALL_UNITS, notes, with_notes},
    seen::prometheus,
    support::{stderr, test_model},
};

/// Counts that are whole numbers, by their names in summary and log.
const COUNTS: [&str; 7] = ["rows", "written", "nulled", "rejected", "lost", "unknown_language", "tokens"];

/// A count of a summary, metric or log line.
fn number(counts: &Value, name: &str) -> u64 {
    counts[name].as_u64().unwrap_or_else(|| panic!("{name} in {counts}"))
}

/// Counts without seconds, whose last digits depend on the order of the sum.
fn exact(counts: &Value) -> Value {
    let mut counts = counts.clone();
    counts.as_object_mut().unwrap().remove("seconds").unwrap();
    counts
}

/// The fields of the log lines with this message.
fn lines<'l>(log: &'l [Value], message: &str) -> Vec<&'l Value> {
    log.iter().map(|line| &line["fields"]).filter(|fields| fields["message"] == message).collect()
}

/// Runs a job, and compares what it says of itself in summary, metrics and log. Returns the summary.
fn check(place: &Place, more: &[&str]) -> Value {
    let own = ["--json", "--metrics", "figures.jsonl", "--log", "info"];
    let output = place.run("out", &[more, &own].concat());
    let said = stderr(&output);
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{said}"));
    let run = &summary["run"];
    let failed = run["failed"].as_object().unwrap().len();
    assert_eq!(output.status.code(), Some(if failed == 0 { 0 } else { 2 }), "{said}");

    let metrics = fs::read_to_string(place.path("figures.jsonl")).unwrap();
    let metrics: Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert_eq!(metrics["state"], if failed == 0 { "done" } else { "failed" });
    assert_eq!(exact(&metrics["counts"]), exact(&run["counts"]), "{said}");
    assert_eq!(exact(&metrics["shard_counts"]), exact(&summary["counts"]), "{said}");
    assert_eq!(metrics["began"], run["began"]);
    assert!(metrics["time"].as_str() >= run["began"].as_str() && run["began"].as_str().unwrap().ends_with('Z'));
    assert_eq!(number(&metrics, "units_done"), number(&summary, "units_now"));
    assert_eq!(number(&metrics, "units_done") + number(&metrics, "units_before"), number(&summary, "units_done"));
    assert_eq!(number(&metrics, "files_failed"), failed as u64);
    let damaged = summary["damaged"].as_object().unwrap().len() as u64;
    assert_eq!(number(&metrics, "files_lost") + number(&metrics, "files_lost_before"), damaged);
    assert_eq!(metrics["files_lost"], run["files_lost"]);

    let log: Vec<Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let all = |message| *lines(&log, message).last().unwrap_or_else(|| panic!("{message} in {said}"));
    let ends = all("run ends");
    assert_eq!((number(ends, "files_lost"), number(ends, "files_failed")), (number(run, "files_lost"), failed as u64));
    let job = if failed == 0 { "job done" } else { "job so far" };
    for (message, counts, units) in [("run done", &run["counts"], "units_now"), (job, &summary["counts"], "units_done")]
    {
        let line = all(message);
        COUNTS.iter().for_each(|name| assert_eq!(number(line, name), number(counts, name), "{message} {name} {said}"));
        let entities: u64 = counts["entities"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        assert_eq!((number(line, "entities"), number(line, "units")), (entities, number(&summary, units)));
    }
    // each loss of this run has a warning
    let warned = |message, field| lines(&log, message).iter().map(|line| number(line, field)).sum::<u64>();
    assert_eq!(warned("rows nulled", "rows"), number(&run["counts"], "nulled"), "{said}");
    assert_eq!(warned("rows rejected", "rows"), number(&run["counts"], "rejected"), "{said}");
    assert_eq!(warned("rows lost", "end") - warned("rows lost", "first"), number(&run["counts"], "lost"), "{said}");
    assert_eq!(lines(&log, "file lost").len() as u64, number(run, "files_lost"), "{said}");
    assert!(lines(&log, "input failed").len() >= failed, "{said}");

    // rows are those of the files
    let written: usize = place.outputs("out").values().map(arrow_array::RecordBatch::num_rows).sum();
    assert_eq!(number(&summary["counts"], "written"), written as u64);
    if failed == 0 && summary["units_now"] != 0 {
        let stored: Value = serde_json::from_slice(&fs::read(place.path("out.job/summary.json")).unwrap()).unwrap();
        assert_eq!(stored, summary);
    }
    summary
}

/// Runs the same job from its beginning with metrics for Prometheus, and compares them with `summary`.
fn check_prometheus(place: &Place, more: &[&str], summary: &Value) {
    let output = place.run("again", &[more, &["--metrics", "figures.prom"]].concat());
    let (metrics, said) = (prometheus(&fs::read_to_string(place.path("figures.prom")).unwrap()), stderr(&output));
    let counts = &summary["run"]["counts"];
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (prefix, suffix) in [("", "_total"), ("shard_", "")] {
        let mut expect = |name: &str, labels: &str, count: &str| {
            expected.insert(format!("spanframe_{prefix}{name}{suffix}{labels}"), number(counts, count));
        };
        expect("rows", "", "rows");
        expect("rows_written", "", "written");
        expect("tokens", "", "tokens");
        expect("unknown_language", "", "unknown_language");
        for outcome in ["nulled", "rejected", "lost"] {
            expect("rows_failed", &format!("{{outcome=\"{outcome}\"}}"), outcome);
        }
    }
    let failed = summary["run"]["failed"].as_object().unwrap().len() as u64;
    let lost = number(&summary["run"], "files_lost");
    expected.insert("spanframe_files_failed_total{outcome=\"lost\"}".to_string(), lost);
    expected.insert("spanframe_files_failed_total{outcome=\"failed\"}".to_string(), failed);
    expected.insert("spanframe_files_lost".to_string(), lost);
    expected.insert("spanframe_run_failed".to_string(), u64::from(failed > 0));
    for (name, count) in expected {
        assert_eq!(metrics[&name], count as f64, "{name}\n{said}");
    }
    assert!(metrics["spanframe_run_start_time_seconds"] > 1e9);
    // the text says the same
    let (rows, written) = (number(counts, "rows"), number(counts, "written"));
    assert!(said.contains(&format!("all by this run; {rows} rows read, {written} written")), "{said}");
    for name in ["nulled", "rejected", "lost"] {
        let count = number(counts, name);
        let line = format!("  {name:<10} {count} rows");
        assert_eq!(said.contains(&line), count > 0, "{line}\n{said}");
    }
}

/// Thirty notes as bytes, of which two are not UTF-8.
fn bytes(place: &Place) {
    let notes = (0..30).map(|row| Some(if row % 20 == 5 { &b"\xff tos"[..] } else { b"Toma aspirina." }));
    place.write("in/bytes.parquet", &with_notes(0..30, Arc::new(notes.collect::<BinaryArray>())));
}

#[test]
fn summary_metrics_and_log_tell_the_same_after_each_kind_of_trouble() {
    type Trouble = (&'static str, fn(&Place), &'static [&'static str], Value);
    let set = "roberta_disease_ner_es_onnx,bert_token_classifier_disease_ner_it_onnx";
    let language = ["--model", set, "--language-column", "kind", "--unknown-language", "skip"];
    let language: &'static [&'static str] = Vec::leak(language.to_vec());
    let troubles: [Trouble; 9] = [
        ("none", |place| place.write("in/a.parquet", &notes(0..50)), SMALL_UNITS, json!({"rows": 50, "written": 50})),
        ("nulled", bytes, &["--on-error", "null"], json!({"rows": 30, "written": 30, "nulled": 2})),
        ("rejected", bytes, &["--on-error", "reject"], json!({"rows": 30, "written": 28, "rejected": 2})),
        (
            "bad lines",
            |place| place.write_bytes("in/a.csv", b"id,note\n1,aspirin\n2,a,b\n3,tos\n"),
            &["--on-error", "reject"],
            json!({"rows": 3, "written": 2, "rejected": 1}),
        ),
        (
            "a lost row group",
            |place| {
                place.write("in/a.parquet", &notes(0..100));
                damage(place, "in/a.parquet", 1);
            },
            &["--on-damage", "skip"],
            json!({"rows": 75, "written": 75, "lost": 25}),
        ),
        (
            "a lost file",
            |place| {
                place.write("in/a.parquet", &notes(0..50));
                place.write_bytes("in/b.parquet", b"PAR1 no more");
            },
            &["--on-damage", "skip"],
            json!({"rows": 50, "written": 50, "lost": 0}),
        ),
        (
            "a failed file",
            |place| {
                place.write("in/a.parquet", &notes(0..50));
                place.write_bytes("in/b.parquet", b"PAR1 no more");
            },
            SMALL_UNITS,
            json!({"rows": 50, "written": 50}),
        ),
        (
            "a failed unit",
            |place| {
                place.write("in/a.parquet", &notes(0..100));
                damage(place, "in/a.parquet", 1);
            },
            SMALL_UNITS,
            json!({"rows": 75, "written": 75, "lost": 0}),
        ),
        (
            "unknown languages",
            |place| place.write("in/a.parquet", &notes(0..30)),
            language,
            json!({"rows": 30, "written": 30, "unknown_language": 28}),
        ),
    ];
    for (name, prepare, options, expected) in troubles {
        let place = Place::new();
        prepare(&place);
        let summary = check(&place, options);
        for (count, value) in expected.as_object().unwrap() {
            assert_eq!(&summary["run"]["counts"][count], value, "{name}: {count} of {summary}");
        }
        check_prometheus(&place, options, &summary);
        if summary["run"]["failed"] == json!({}) {
            // a run that finds nothing to do has no figures of its own, and those of the job stay
            let again = check(&place, options);
            assert_eq!(number(&again["run"]["counts"], "rows"), 0, "{name}: {again}");
            assert_eq!(exact(&again["counts"]), exact(&summary["counts"]), "{name}");
            assert_eq!(again["damaged"], summary["damaged"]);
        }
    }
}

#[test]
fn a_row_an_entity_is_counted_as_written() {
    let place = Place::with_files(1);
    let summary = check(&place, &["--form", "exploded"]);
    let counts = &summary["run"]["counts"];
    let entities: u64 = counts["entities"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!((number(counts, "rows"), number(counts, "written")), (100, entities));
}

#[test]
fn what_earlier_runs_did_is_told_apart() {
    let place = Place::with_files(2);
    place.ok("out", &["--unit-rows", "25", "--shard", "0/4"]);
    let summary = check(&place, SMALL_UNITS);
    assert_eq!((number(&summary, "units_now"), number(&summary["run"]["counts"], "rows")), (6, 150));
    assert_eq!((number(&summary, "units_done"), number(&summary["counts"], "rows")), (8, 200));
    let said = stderr(&place.run("out", SMALL_UNITS));
    assert!(said.starts_with("8 of 8 units done, 0 by this run\nwhole job: 200 rows read, 200 written\n"), "{said}");
    assert!(!said.contains("this run: "), "{said}");
    place.write("in/part-2.parquet", &notes(200..250));
    let said = stderr(&place.run("out", SMALL_UNITS));
    assert!(said.starts_with("10 of 10 units done, 2 by this run\nthis run: 50 rows read, 50 written\n"), "{said}");
    assert!(said.contains("\nwhole job: 250 rows read, 250 written\n"), "{said}");

    // an output without a record was made by an earlier run
    fs::remove_file(place.path("out.job/units/00000003.json")).unwrap();
    let summary = check(&place, SMALL_UNITS);
    assert_eq!((number(&summary, "units_now"), number(&summary["run"]["counts"], "rows")), (0, 0));
    // the stored summary keeps the last run that made a unit
    let stored: Value = serde_json::from_slice(&fs::read(place.path("out.job/summary.json")).unwrap()).unwrap();
    assert_eq!((number(&stored, "units_now"), number(&stored["run"]["counts"], "rows")), (2, 50));
}

#[test]
fn lines_of_several_nights_are_told_apart() {
    let place = Place::with_files(1);
    let metrics = ["--metrics", "nights.jsonl", "--model", &test_model("bert-uncased")];
    place.ok("out", &metrics);
    place.write("in/part-1.parquet", &notes(100..150));
    place.ok("out", &metrics);
    let text = fs::read_to_string(place.path("nights.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut nights: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for line in &lines {
        assert!(line["began"].as_str() <= line["time"].as_str(), "{line}");
        nights.entry(line["began"].as_str().unwrap()).or_default().push(line);
    }
    let last: Vec<_> = nights.values().map(|lines| number(&lines.last().unwrap()["counts"], "rows")).collect();
    assert_eq!(last, [100, 50]);
    assert!(nights.values().all(|lines| lines.iter().filter(|line| line["state"] != "running").count() == 1));
}
