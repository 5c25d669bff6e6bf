//! What a job removes, and what stays when it cannot begin.

use std::{fs, process::Stdio};

use crate::{
    place::{Place, SMALL_UNITS},
    support::stderr,
};

#[test]
fn overwrite_removes_the_outputs_and_records_of_a_job_and_no_other_file() {
    let place = Place::with_files(1);
    let state = |folder: &'static str| ["--unit-rows", "25", "--state", folder];
    let mine = ["mine.txt", "notes.parquet", "plan/mine.json", "units/mine.json", "rejects/mine.parquet"];
    // a folder with other files is refused for records, even if it has a job.json of another tool
    mine.iter().for_each(|name| place.write_bytes(&format!("mine/{name}"), b"mine"));
    place.write_bytes("mine/job.json", b"{\"name\": \"mine\"}");
    let before = (place.shown("in"), place.shown("mine"));
    for folder in [".", "mine"] {
        for more in [&[][..], &["--overwrite"]] {
            let error = place.error("out", &[&state(folder), more].concat());
            assert!(error.contains(&format!("`{folder}` has files in it, and no job")), "{error}");
            assert!(error.contains("`state`"), "{error}");
        }
    }
    assert!(before == (place.shown("in"), place.shown("mine")));
    assert!(place.names("out").is_empty());

    // files that others put beside the records stay
    place.ok("out", &state("records"));
    mine.iter().for_each(|name| place.write_bytes(&format!("records/{name}"), b"mine"));
    place.write_bytes("out/mine.parquet", b"mine");
    assert_eq!(place.ok("out", &state("records"))["units_now"], 0);
    let redone = place.ok("out", &["--overwrite", "--state", "records"]);
    assert_eq!((&redone["units"], &redone["units_now"]), (&1.into(), &1.into()));
    assert_eq!(place.names("out"), ["mine.parquet", "part-0.parquet"]);
    assert!(mine.iter().all(|name| fs::read(place.path("records").join(name)).unwrap() == b"mine"));
    let records = place.names("records").len() - mine.len();
    assert_eq!(records, 4, "{:?}", place.names("records"));
}

#[test]
fn a_job_that_cannot_begin_removes_nothing() {
    let place = Place::with_files(2);
    place.ok("out", SMALL_UNITS);
    let before = (place.shown("out"), place.shown("out.job"));
    let check = |inputs: &[&str], more: &[&str]| {
        let output = place.command_on(inputs, "out", &[more, &["--overwrite"]].concat()).output().unwrap();
        assert!(!output.status.success(), "{more:?}");
        assert!(before == (place.shown("out"), place.shown("out.job")), "{more:?} {}", stderr(&output));
    };
    check(&["absent"], &[]);
    check(&["in"], &["--column", "text"]);
    check(&["in"], &["--select", "text"]);
    check(&["in"], &["--output-column", "kind"]);
    check(&["in"], &["--model", "nowhere"]);
    check(&["in"], &["--language-column", "kind"]);
    place.write_bytes("in/part-2.parquet", b"PAR1 no more");
    check(&["in"], &[]);
}

#[test]
fn a_job_that_cannot_begin_leaves_no_record() {
    for wrong in [&["--column", "text"][..], &["--output-column", "kind"], &["--select", "text"]] {
        let place = Place::with_files(1);
        let shard = |shard, more: &[&'static str]| [more, &["--unit-rows", "25", "--shard", shard]].concat();
        place.error("out", &shard("0/2", wrong));
        assert!(place.names("out.job").is_empty());
        place.ok("out", &shard("0/2", &[]));
        // and a wrong shard changes no record of another
        let before = place.shown("out.job");
        place.error("out", &shard("1/2", wrong));
        assert!(place.shown("out.job") == before);
        assert_eq!(place.ok("out", &shard("1/2", &[]))["units_done"], 4);
    }
}

#[test]
fn an_output_without_a_name_has_its_records_beside_its_folder_or_needs_state() {
    let place = Place::with_files(1);
    for bucket in ["s3://clinic", "s3://clinic/", "/"] {
        let error = place.error(bucket, &[]);
        assert!(error.contains("has no name to put `.job` after") && error.contains("`state`"), "{error}");
    }
    fs::create_dir_all(place.path("here/below")).unwrap();
    for (folder, out) in [("here", "."), ("here", "./"), ("here/below", ".."), ("here/below", "../below/..")] {
        let mut command = place.command_on(&[place.path("in").to_str().unwrap()], out, SMALL_UNITS);
        let output = command.current_dir(place.path(folder)).stdout(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{out} {}", stderr(&output));
        assert_eq!((place.names("here").len(), place.names("here.job/units").len()), (4, 4), "{out}");
    }
}
