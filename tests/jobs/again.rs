//! Jobs that are started again with the same options, and the same, more or fewer inputs.

use std::{fs, process::Stdio, thread, time::Duration};

use crate::{
    place::{Place, SMALL_UNITS, notes, signal},
    support::stderr,
};

#[test]
fn a_finished_job_touches_no_file() {
    let place = Place::with_files(2);
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 8);
    let (out, job) = (place.shown("out"), place.shown("out.job"));
    let summary = place.ok("out", SMALL_UNITS);
    assert_eq!((&summary["units"], &summary["units_done"], &summary["units_now"]), (&8.into(), &8.into(), &0.into()));
    assert!(place.shown("out") == out);
    assert!(place.shown("out.job") == job);
}

#[test]
fn added_files_are_picked_up() {
    let place = Place::with_files(2);
    place.ok("out", SMALL_UNITS);
    let before = place.shown("out");
    // its name sorts before the others
    place.write("in/a/early.parquet", &notes(200..250));
    let summary = place.ok("out", SMALL_UNITS);
    assert_eq!((&summary["units"], &summary["units_now"]), (&10.into(), &2.into()));
    let now = place.shown("out");
    assert!(before.iter().all(|(name, file)| now[name] == *file));
    place.ok("fresh", SMALL_UNITS);
    place.assert_same("fresh", "out");
}

#[test]
fn an_input_may_go_when_it_is_done_and_not_before() {
    let place = Place::with_files(2);
    // does two of its four units
    place.ok("out", &["--unit-rows", "25", "--shard", "0/2"]);
    let bytes = fs::read(place.path("in/part-1.parquet")).unwrap();
    let time = fs::metadata(place.path("in/part-1.parquet")).unwrap().modified().unwrap();
    fs::remove_file(place.path("in/part-1.parquet")).unwrap();
    let error = place.error("out", SMALL_UNITS);
    assert!(error.contains("in/part-1.parquet` is gone before all of its rows were annotated"), "{error}");
    place.write_bytes("in/part-1.parquet", &bytes);
    let file = fs::File::options().write(true).open(place.path("in/part-1.parquet")).unwrap();
    file.set_modified(time).unwrap();
    place.ok("out", SMALL_UNITS);
    place.ok("fresh", SMALL_UNITS);
    fs::remove_file(place.path("in/part-1.parquet")).unwrap();
    let summary = place.ok("out", SMALL_UNITS);
    assert_eq!((&summary["units"], &summary["units_now"]), (&8.into(), &0.into()));
    place.assert_same("fresh", "out");
}

#[test]
fn two_processes_do_not_run_one_job() {
    let place = Place::with_files(6);
    let mut first = place.command("out", SMALL_UNITS).stderr(Stdio::null()).spawn().unwrap();
    while !place.path("out.job/plan/00000.json").exists() && first.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(2));
    }
    signal(&first, "STOP");
    let error = place.error("out", SMALL_UNITS);
    signal(&first, "CONT");
    assert!(error.contains("another process is running this job") && error.contains("its own `shard`"), "{error}");
    assert!(first.wait().unwrap().success());
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 0);
}

#[test]
fn a_file_of_someone_else_is_not_replaced() {
    let place = Place::with_files(1);
    place.write("out/part-0.parquet", &notes(0..3));
    let before = place.shown("out");
    for more in [&[][..], &["--on-change", "redo"], &["--on-change", "keep"], &["--overwrite"]] {
        let error = place.error("out", more);
        assert!(error.contains("out/part-0.parquet` exists and was not written by this job"), "{error}");
        assert!(place.shown("out") == before, "{more:?}");
    }
}

#[test]
fn an_output_that_is_gone_is_named_and_made_again_when_asked() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    fs::rename(place.path("out"), place.path("whole")).unwrap();
    fs::create_dir(place.path("out")).unwrap();
    for name in place.names("whole") {
        fs::copy(place.path("whole").join(&name), place.path("out").join(&name)).unwrap();
    }
    fs::remove_file(place.path("out/part-0-00002.parquet")).unwrap();
    for more in [SMALL_UNITS, &["--finalize"]] {
        let error = place.error("out", more);
        assert!(error.contains("out/part-0-00002.parquet` is gone though it was written"), "{error}");
    }
    assert_eq!(place.ok("out", &["--unit-rows", "25", "--on-change", "redo"])["units_now"], 1);
    place.assert_same("whole", "out");
}

#[test]
fn records_that_are_gone_are_found_in_the_outputs() {
    let place = Place::with_files(1);
    place.ok("out", SMALL_UNITS);
    let before = place.shown("out");
    fs::remove_dir_all(place.path("out.job")).unwrap();
    // outputs of other options are not of this job
    let error = place.error("out", &["--unit-rows", "25", "--threshold", "0.9"]);
    assert!(error.contains("was not written by this job"), "{error}");
    fs::remove_dir_all(place.path("out.job")).unwrap();
    let summary = place.ok("out", SMALL_UNITS);
    assert_eq!((&summary["units_done"], &summary["units_now"]), (&4.into(), &0.into()));
    assert_eq!(summary["counts"]["rows"], 100);
    assert!(place.shown("out") == before);
}

#[test]
fn overwrite_starts_over() {
    let place = Place::with_files(2);
    place.ok("out", SMALL_UNITS);
    let error = place.error("out", &["--overwrite", "--shard", "0/2"]);
    assert!(error.contains("overwrite") && error.contains("shard"), "{error}");
    // also if a record is not valid JSON
    for damage in [None, Some("out.job/plan/00000.json"), Some("out.job/job.json")] {
        if let Some(record) = damage {
            fs::write(place.path(record), "{").unwrap();
            let error = place.error("out", SMALL_UNITS);
            assert!(error.contains(record) && error.contains("start over with `overwrite`"), "{error}");
        }
        let redone = place.command("out", &["--unit-rows", "25", "--overwrite"]).output().unwrap();
        assert!(redone.status.success(), "{damage:?} {}", stderr(&redone));
        assert_eq!(place.names("out").len(), 8);
    }
    fs::remove_file(place.path("in/part-1.parquet")).unwrap();
    assert_eq!(place.ok("out", &["--overwrite"])["units_now"], 1);
    assert_eq!(place.names("out"), ["part-0.parquet"]);
}

#[test]
fn two_inputs_with_one_output_are_refused() {
    let place = Place::with_files(1);
    place.write_bytes("in/part-0.csv", b"id,note\n1,aspirin\n");
    let error = place.error("out", &["--select", "note"]);
    assert!(
        error.contains("in/part-0.csv") && error.contains("in/part-0.parquet") && error.contains("`part-0.parquet`")
    );
    assert!(place.names("out").is_empty());
}

#[test]
fn an_output_inside_the_input_is_not_read() {
    let place = Place::with_files(1);
    assert_eq!(place.ok("in/out", &[])["units"], 1);
    let summary = place.ok("./in/../in/out", &[]);
    assert_eq!((&summary["units"], &summary["units_now"]), (&1.into(), &0.into()));
}
