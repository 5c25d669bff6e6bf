//! What a run reports: metrics, summary, log and footers.

use std::{collections::BTreeMap, fs};

use arrow_array::Array;

use crate::{
    place::{Place, SMALL_UNITS, footer, notes, summary},
    support::{rows, spanframe, stderr, stdout, test_model},
};

/// Parses the Prometheus text format into samples by name and labels. Asserts that each has its help and type before
/// it.
pub fn prometheus(text: &str) -> BTreeMap<String, f64> {
    let mut samples = BTreeMap::new();
    let (mut help, mut kind) = ("", "");
    for line in text.lines() {
        let words: Vec<&str> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, _] => help = name,
            ["#", "TYPE", name, "gauge" | "counter"] => kind = name,
            _ => {
                let (name, value) = line.rsplit_once(' ').unwrap();
                let bare = name.split('{').next().unwrap();
                assert!(bare == help && bare == kind, "{line}");
                assert!(bare.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
                assert!(samples.insert(name.to_string(), value.parse().unwrap()).is_none(), "{line}");
            }
        }
    }
    samples
}

#[test]
fn metrics_and_summary_add_up() {
    let place = Place::with_files(2);
    place.write_bytes("metrics.partial", b"of someone else");
    let summary = place.ok("out", &["--unit-rows", "25", "--metrics", "metrics.prom"]);
    assert_eq!(fs::read(place.path("metrics.partial")).unwrap(), b"of someone else");
    let counts = &summary["counts"];
    let mut entities: BTreeMap<String, u64> = BTreeMap::new();
    for found in rows(&place.column("out", "ner")).into_iter().flatten().flatten() {
        *entities.entry(found.entity).or_default() += 1;
    }
    assert!(entities.values().sum::<u64>() > 100);
    assert_eq!(counts["entities"], serde_json::to_value(&entities).unwrap());
    assert_eq!((&counts["rows"], &counts["written"]), (&200.into(), &200.into()));
    assert_eq!((&counts["nulled"], &counts["rejected"], &counts["lost"]), (&0.into(), &0.into(), &0.into()));
    assert!(counts["tokens"].as_u64() > Some(1000));

    let metrics = prometheus(&fs::read_to_string(place.path("metrics.prom")).unwrap());
    assert_eq!(metrics["spanframe_units"], 8.0);
    assert_eq!(metrics["spanframe_units_done"], 8.0);
    assert_eq!(metrics["spanframe_rows_total"], 200.0);
    assert_eq!(metrics["spanframe_share_done"], 1.0);
    assert_eq!(metrics["spanframe_rows_failed_total{outcome=\"lost\"}"], 0.0);
    assert_eq!(metrics["spanframe_tokens_total"], counts["tokens"].as_f64().unwrap());
    for (name, count) in &entities {
        assert_eq!(metrics[&format!("spanframe_entities_total{{entity=\"{name}\"}}")], *count as f64);
    }
    // the stored summary is the printed one
    let kept: serde_json::Value =
        serde_json::from_slice(&fs::read(place.path("out.job/summary.json")).unwrap()).unwrap();
    assert_eq!(kept, summary);

    // a run with nothing to do reports that all is done
    place.ok("out", &["--unit-rows", "25", "--metrics", "metrics.prom"]);
    let metrics = prometheus(&fs::read_to_string(place.path("metrics.prom")).unwrap());
    assert_eq!((metrics["spanframe_units_done"], metrics["spanframe_rows_total"]), (8.0, 0.0));
    assert_eq!(metrics["spanframe_share_done"], 1.0);
}

#[test]
fn metrics_that_cannot_be_written_end_the_run_and_hide_no_other_error() {
    let place = Place::with_files(1);
    let error = place.error("out", &["--metrics", "nowhere/metrics.prom"]);
    assert!(error.contains("cannot write the metrics file"), "{error}");
    place.write_bytes("in/part-0.parquet", b"PAR1 no more");
    let error = place.error("other", &["--metrics", "nowhere/metrics.prom"]);
    assert!(error.contains("part-0.parquet"), "{error}");
}

#[test]
fn json_escapes_what_could_steer_a_terminal_and_keeps_its_values() {
    let place = Place::new();
    let name = "a\u{9b}31m\u{202e}\u{7f}.parquet";
    place.write(&format!("in/{name}"), &notes(0..3));
    place.write_bytes(&format!("in/b{name}"), b"PAR1");
    let output = place.run("out", &["--log", "info", "--json", "--on-damage", "skip"]);
    for text in [stderr(&output), stdout(&output)] {
        assert!(!text.contains(|c: char| c != '\n' && (c.is_control() || c == '\u{202e}')), "{text:?}");
        assert!(text.contains("a\\u009b31m\\u202e\\u007f.parquet"), "{text}");
    }
    let damaged = &summary(&output)["damaged"];
    assert!(damaged.to_string().contains(name), "{damaged}");
}

#[test]
fn json_lines_of_metrics_and_log_are_json() {
    let place = Place::with_files(1);
    let output = place.run("out", &["--unit-rows", "25", "--metrics", "metrics.jsonl", "--log", "info", "--quiet"]);
    assert!(output.status.success());
    let log: Vec<serde_json::Value> = stderr(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(log.iter().filter(|line| line["fields"]["message"] == "unit done").count(), 4);
    let metrics = fs::read_to_string(place.path("metrics.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(metrics.lines().last().unwrap()).unwrap();
    assert_eq!((&last["units_done"], &last["counts"]["rows"]), (&4.into(), &100.into()));
}

#[test]
fn outputs_say_what_made_them() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    let pairs = footer(&place.path("out/part-0-00000.parquet"));
    assert_eq!(pairs["spanframe.column"], "note");
    assert_eq!(pairs["spanframe.spanframe"], env!("CARGO_PKG_VERSION"));
    assert_eq!(pairs["spanframe.model_sha256"].len(), 64);
    assert!(pairs.contains_key("spanframe.model"));
}

#[test]
fn run_gives_what_annotate_gives() {
    let place = Place::with_files(1);
    place.ok("out", &[]);
    let (input, output) = (place.path("in/part-0.parquet"), place.path("annotated.parquet"));
    let (input, output) = (input.to_str().unwrap(), output.to_str().unwrap());
    let done = spanframe(&["annotate", input, "-o", output, "-c", "note", "-m", &test_model("bert-uncased"), "-q"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let annotated = crate::support::read(&place.path("annotated.parquet"));
    let column = place.column("out", "ner");
    assert!(column.len() == 100 && column.null_count() == 5);
    assert_eq!(annotated.column_by_name("ner").unwrap(), &column);
}
