//! Jobs on file systems that lack calls.
#![cfg(target_os = "linux")]

use std::{fs, process::Command, thread};

use crate::{
    missing_calls::{ERRORS, LINK, LOCK, NOREPLACE, RENAME, SYNC, without},
    place::{Place, SMALL_UNITS, notes, summary},
    support::{stderr, test_model},
};

#[test]
fn a_job_needs_neither_renames_that_never_replace_nor_links_locks_or_syncs() {
    let place = Place::with_files(1);
    place.ok("whole", SMALL_UNITS);
    let no_claims = [NOREPLACE, LINK].concat();
    let nothing = [NOREPLACE, LINK, LOCK, SYNC].concat();
    for (what, calls) in
        [("no-replace", NOREPLACE), ("links", &no_claims), ("locks", LOCK), ("syncs", SYNC), ("all", &nothing)]
    {
        for error in ERRORS {
            let out = format!("{what}-{error}");
            let run = |more: &[&str]| without(calls, error, place.command(&out, &[SMALL_UNITS, more].concat()));
            assert_eq!(summary(&run(&["--json"]))["units_now"], 4, "{out}");
            place.assert_same("whole", &out);
            place.assert_tidy(&out);
            assert_eq!(summary(&run(&["--json"]))["units_now"], 0, "{out}");
            // replaced in place, and no claim is left
            assert_eq!(
                summary(&run(&["--json", "--threshold", "0.3", "--on-change", "redo"]))["units_now"],
                4,
                "{out}"
            );
            for folder in [place.path(&out), place.path(&format!("{out}.job"))] {
                let hidden = fs::read_dir(folder).unwrap().filter_map(Result::ok);
                let hidden: Vec<_> = hidden.filter(|e| e.file_name().to_string_lossy().contains("claim")).collect();
                assert!(hidden.is_empty(), "{hidden:?}");
            }
        }
    }
}

#[test]
fn without_renames_that_never_replace_and_without_links_no_file_is_replaced_and_shards_agree() {
    let place = Place::with_files(2);
    let calls = [NOREPLACE, LINK].concat();
    place.write("out/part-0.parquet", &notes(0..3));
    let before = place.shown("out");
    let output = without(&calls, libc::EPERM, place.command("out", &[]));
    let said = stderr(&output);
    assert!(said.contains("out/part-0.parquet` exists and was not written by this job"), "{said}");
    assert!(before == place.shown("out"));
    let input = place.path("in/part-0.parquet").display().to_string();
    let taken = place.path("out/part-0.parquet").display().to_string();
    let mut annotate = Command::new(env!("CARGO_BIN_EXE_spanframe"));
    annotate.args(["annotate", &input, "-o", &taken, "-c", "note", "-m", &test_model("bert-uncased")]);
    assert!(stderr(&without(&calls, libc::EPERM, annotate)).contains("part-0.parquet` exists"));
    assert!(before == place.shown("out"));

    place.ok("whole", SMALL_UNITS);
    let shards = thread::scope(|scope| {
        let run = |index: usize| {
            let shard = format!("{index}/4");
            let command = place.command("shards", &[SMALL_UNITS, &["--shard", &shard]].concat());
            let calls = &calls;
            scope.spawn(move || without(calls, libc::ENOSYS, command))
        };
        let started: Vec<_> = (0..4).map(run).collect();
        started.into_iter().map(|shard| shard.join().unwrap()).collect::<Vec<_>>()
    });
    shards.iter().for_each(|output| assert!(output.status.success(), "{}", stderr(output)));
    assert_eq!(place.ok("shards", &["--finalize"])["units_done"], 8);
    place.assert_same("whole", "shards");
}

#[test]
fn a_file_system_without_renames_is_named() {
    for error in ERRORS {
        let place = Place::with_files(1);
        let output = without(RENAME, error, place.command("out", SMALL_UNITS));
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("error: the file system of `out") && said.contains("cannot rename files"), "{said}");
        assert!(said.contains("on another one, or the URL of an object store"), "{said}");
        // on one that has them, the job goes on
        place.ok("out", SMALL_UNITS);
        place.ok("whole", SMALL_UNITS);
        place.assert_same("whole", "out");
    }
}
