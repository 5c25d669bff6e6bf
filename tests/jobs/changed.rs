//! Jobs that are started again with other options, another model, or replaced inputs.

use std::fs::{self, File};

use parquet::{
    arrow::ArrowWriter,
    file::{metadata::KeyValue, properties::WriterProperties},
};

use crate::place::{Place, SMALL_UNITS, footer, notes};

const OTHER: &[&str] = &["--unit-rows", "25", "--threshold", "0.3"];

fn with<'a>(options: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [options, more].concat()
}

#[test]
fn a_changed_option_or_model_is_refused_by_name() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    let before = (place.shown("out"), place.shown("out.job"));
    let check = |more: &[&str], expected: &str| {
        let error = place.error("out", &with(SMALL_UNITS, more));
        assert!(error.contains(expected) && error.contains("`on_change=redo`"), "{error}");
    };
    check(&["--threshold", "0.3"], "threshold = left out, and it is 0.3 now");
    check(&["--form", "exploded"], "form = \"Nested\", and it is \"Exploded\" now");
    check(&["--select", "id,note"], "select = left out");
    check(&["--model", &crate::support::test_model("bert-cased")], "model = ");
    assert!(before == (place.shown("out"), place.shown("out.job")));
    // options that change speed alone are no change
    assert_eq!(place.ok("out", &["--batch-tokens", "64", "--sessions", "1", "--row-group-rows", "7"])["units_now"], 0);
}

#[test]
fn keep_leaves_what_is_done_and_goes_on_with_the_new_options() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    let before = place.shown("out");
    place.write("in/part-1.parquet", &notes(100..200));
    place.ok("fresh", OTHER);
    assert_eq!(place.ok("out", &with(OTHER, &["--on-change", "keep"]))["units_now"], 4);
    let now = place.shown("out");
    assert!(before.iter().all(|(name, file)| now[name] == *file));
    assert_eq!(
        place.outputs("out")["part-1-00000.parquet"].columns(),
        place.outputs("fresh")["part-1-00000.parquet"].columns()
    );
    // once kept, no run needs `on_change` again
    assert_eq!(place.ok("out", OTHER)["units_now"], 0);
    assert_eq!(place.ok("out", &with(OTHER, &["--on-change", "redo"]))["units_now"], 4);
    place.assert_same("fresh", "out");
}

#[test]
fn redo_makes_everything_again_even_if_it_is_stopped() {
    let place = Place::with_files(2);
    place.ok("out", SMALL_UNITS);
    place.ok("fresh", OTHER);
    // half of the units, as if the redo was stopped then
    assert_eq!(place.ok("out", &with(OTHER, &["--on-change", "redo", "--shard", "1/2"]))["units_now"], 4);
    let output = place.run("out", &["--finalize"]);
    assert_eq!(output.status.code(), Some(6), "outputs of the earlier options do not count");
    assert_eq!(place.ok("out", OTHER)["units_now"], 4);
    place.assert_same("fresh", "out");
    let path = place.path("out/part-0-00000.parquet");
    assert_eq!(footer(&path)["spanframe.threshold"], "0.3");
    // and back to the first settings
    place.ok("first", SMALL_UNITS);
    assert_eq!(place.ok("out", &with(SMALL_UNITS, &["--on-change", "redo"]))["units_now"], 8);
    place.assert_same("first", "out");
}

#[test]
fn redo_with_other_columns_takes_new_files_too() {
    let place = Place::with_files(1);
    place.ok("out", &with(SMALL_UNITS, &["--select", "note"]));
    place.write("in/part-1.parquet", &notes(100..200));
    place.ok("fresh", SMALL_UNITS);
    place.ok("out", &with(SMALL_UNITS, &["--on-change", "redo"]));
    place.assert_same("fresh", "out");
}

#[test]
fn a_replaced_input_is_refused_and_made_again_when_asked() {
    let place = Place::with_files(2);
    place.ok("out", SMALL_UNITS);
    let before = place.shown("out");
    let old = place.path("in/part-0.parquet");
    let time = fs::metadata(&old).unwrap().modified().unwrap();
    fs::rename(&old, place.path("old")).unwrap();
    place.write("in/part-0.parquet", &notes(500..560));
    let error = place.error("out", SMALL_UNITS);
    assert!(error.contains("in/part-0.parquet` was replaced") && error.contains("`on_change=redo`"), "{error}");
    assert_eq!(place.ok("out", &with(SMALL_UNITS, &["--on-change", "keep"]))["units_now"], 0);
    assert!(place.shown("out") == before);
    let summary = place.ok("out", &with(SMALL_UNITS, &["--on-change", "redo"]));
    assert_eq!(
        (&summary["units"], &summary["units_now"], &summary["counts"]["rows"]),
        (&7.into(), &3.into(), &160.into())
    );
    place.ok("fresh", SMALL_UNITS);
    // the fourth output of the old file is removed
    place.assert_same("fresh", "out");
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 0);

    // put the old file back, with its modification time
    fs::rename(place.path("old"), &old).unwrap();
    File::options().write(true).open(&old).unwrap().set_modified(time).unwrap();
    let summary = place.ok("out", &with(SMALL_UNITS, &["--on-change", "redo"]));
    assert_eq!((&summary["units"], &summary["counts"]["rows"]), (&8.into(), &200.into()));
    place.ok("back", SMALL_UNITS);
    place.assert_same("back", "out");
}

#[test]
fn rejects_of_rows_that_are_well_now_go() {
    let place = Place::with_files(1);
    let reject = ["--unit-rows", "25", "--on-error", "reject"];
    let summary = place.ok("out", &with(&reject, &["--max-document-bytes", "150"]));
    assert!(summary["counts"]["rejected"].as_u64() > Some(0));
    assert!(!place.names("out.job/rejects").is_empty());
    let summary = place.ok("out", &with(&reject, &["--on-change", "redo"]));
    assert_eq!(summary["counts"]["rejected"], 0);
    assert!(place.names("out.job/rejects").is_empty());
}

#[test]
fn a_replaced_output_is_refused_always() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    let path = place.path("out/part-0-00001.parquet");
    let ours = fs::read(&path).unwrap();
    // as another tool would write it: fewer rows, and our footer copied
    let batch = crate::support::read(&path).slice(0, 20);
    let pairs = footer(&path).into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
    let properties = WriterProperties::builder().set_key_value_metadata(Some(pairs)).build();
    let file = File::create(place.path("fewer.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    assert!(footer(&place.path("fewer.parquet")).contains_key("spanframe.record"));
    place.write("other.parquet", &notes(25..50));
    let others =
        ["fewer.parquet", "other.parquet", "out/part-0-00002.parquet"].map(|name| fs::read(place.path(name)).unwrap());
    for other in others.into_iter().chain([Vec::new(), vec![0; ours.len()]]) {
        fs::write(&path, &other).unwrap();
        for more in [&[][..], &["--finalize"], &["--on-change", "redo"], &["--on-change", "keep"]] {
            let error = place.error("out", &with(SMALL_UNITS, more));
            assert!(
                error.contains("out/part-0-00001.parquet` exists and was not written by this job"),
                "{more:?} {error}"
            );
        }
        assert!(fs::read(&path).unwrap() == other);
    }
    // put back, it belongs to the job although its modification time differs
    fs::write(&path, &ours).unwrap();
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 0);
    assert_eq!(place.ok("out", &["--finalize"])["units_done"], 4);
}

#[test]
fn records_of_an_earlier_version_are_records() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    for name in place.names("out.job/units") {
        let path = place.path("out.job/units").join(name);
        let mut record: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // early versions did not record the output's version
        assert!(record.as_object_mut().unwrap().remove("shown").is_some());
        fs::write(&path, record.to_string()).unwrap();
    }
    let before = (place.shown("out"), place.shown("out.job"));
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 0);
    assert_eq!(place.ok("out", &["--finalize"])["units_done"], 4);
    assert!(before == (place.shown("out"), place.shown("out.job")));
}

#[test]
fn a_job_that_has_done_nothing_takes_other_options() {
    let place = Place::with_files(1);
    // no row fits
    place.error("out", &with(SMALL_UNITS, &["--max-document-bytes", "10"]));
    assert!(place.path("out.job/job.json").exists());
    assert_eq!(place.ok("out", OTHER)["units_now"], 4);
    place.error("out", SMALL_UNITS);
}

#[test]
fn rows_may_be_rejected_from_now_on() {
    let place = Place::with_files(2);
    let limit = ["--unit-rows", "25", "--max-document-bytes", "155"];
    // ends at the first unit with a long note
    place.error("out", &limit);
    let before = place.shown("out");
    place.ok("out", &with(&limit, &["--on-error", "reject"]));
    assert!(before.iter().all(|(name, file)| place.shown("out")[name] == *file));
    place.ok("fresh", &with(&limit, &["--on-error", "reject"]));
    place.assert_same("fresh", "out");
}
