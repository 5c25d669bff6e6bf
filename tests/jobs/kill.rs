//! Jobs that are killed or interrupted, and started again.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::{
    place::{Place, SMALL_UNITS, Shown, notes, signal, summary},
    support::{rows, stderr},
};

const KILLS: usize = 50;

/// Random numbers from a seed (splitmix64).
struct Random(u64);

impl Random {
    /// Returns a number from 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Inputs of sixteen units, in four Hive folders.
fn hive() -> Place {
    let place = Place::new();
    for i in 0..4 {
        let name = format!("in/year={}/month={}/part-0.parquet", 2023 + i / 2, i % 2 + 1);
        place.write(&name, &notes(i * 100..(i + 1) * 100));
    }
    place
}

/// Returns what a job has committed: outputs and records.
fn committed(place: &Place, out: &str) -> BTreeMap<String, Shown> {
    let named =
        |folder: String| place.shown(&folder).into_iter().map(move |(name, file)| (folder.clone() + "/" + &name, file));
    named(out.to_string()).chain(named(format!("{out}.job/units"))).collect()
}

/// Asserts that files committed before are still there, unchanged and not rewritten.
fn assert_kept(before: &BTreeMap<String, Shown>, now: &BTreeMap<String, Shown>) {
    for (name, file) in before {
        assert!(now.get(name) == Some(file), "{name} changed after it was committed");
    }
}

/// Counts how often each unit was written, by the log.
fn writes(place: &Place, log: &str) -> BTreeMap<u64, usize> {
    let mut writes = BTreeMap::new();
    for line in fs::read_to_string(place.path(log)).unwrap().lines() {
        // a killed run may end in the middle of a line
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if line["fields"]["message"] == "unit done" {
            *writes.entry(line["fields"]["unit"].as_u64().unwrap()).or_default() += 1;
        }
    }
    writes
}

/// Starts a run that appends its log to a file.
fn start(mut command: Command, place: &Place, log: &str) -> Child {
    let log = File::options().create(true).append(true).open(place.path(log)).unwrap();
    command.args(["--quiet", "--log", "info"]).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// Waits until a job has `units` records, or its process ended.
fn until_done(place: &Place, out: &str, units: usize, child: &mut Child) {
    let folder = place.path(&format!("{out}.job/units"));
    let names = || {
        fs::read_dir(&folder).map_or(0, |entries| {
            entries.filter_map(Result::ok).filter(|e| !e.file_name().to_string_lossy().starts_with('.')).count()
        })
    };
    while names() < units && child.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_job_that_was_killed_fifty_times_ends_as_one_that_was_not() {
    let place = hive();
    // warms up, so that the next run measures the usual time
    place.ok("whole", SMALL_UNITS);
    fs::rename(place.path("whole"), place.path("first")).unwrap();
    fs::remove_dir_all(place.path("whole.job")).unwrap();
    let began = Instant::now();
    assert_eq!(place.ok("whole", SMALL_UNITS)["units_now"], 16);
    let length = began.elapsed();
    place.assert_same("first", "whole");
    let expected = place.names("whole");
    assert_eq!(expected.len(), 16);

    let mut random = Random(20);
    let mut kills = 0;
    // kills by the number of outputs that were visible
    let mut moments: BTreeMap<usize, usize> = BTreeMap::new();
    for job in 0.. {
        let (out, log) = (format!("out{job}"), format!("log{job}"));
        let mut before = BTreeMap::new();
        loop {
            let mut child = start(place.command(&out, SMALL_UNITS), &place, &log);
            if kills < KILLS {
                thread::sleep(length.mul_f64(random.next() * 0.7));
                child.kill().unwrap();
            }
            let status = child.wait().unwrap();
            let now = committed(&place, &out);
            assert_kept(&before, &now);
            let names = place.names(&out);
            assert!(names.iter().all(|name| expected.contains(name)), "{names:?}");
            // every visible output is a whole file
            names.iter().for_each(|name| assert!(crate::support::read(&place.path(&out).join(name)).num_rows() == 25));
            before = now;
            if status.signal() != Some(9) {
                assert!(status.success(), "{status} {}", fs::read_to_string(place.path(&log)).unwrap());
                break;
            }
            kills += 1;
            *moments.entry(names.len()).or_default() += 1;
        }
        place.assert_same("whole", &out);
        place.assert_tidy(&out);
        // a run that was killed between rename and log leaves no line for its unit
        assert!(writes(&place, &log).values().all(|&times| times == 1), "{:?}", writes(&place, &log));
        if kills >= KILLS {
            break;
        }
    }
    println!("{kills} kills in runs of {length:?}, by units that were there: {moments:?}");
    assert!(moments.len() > 3, "all kills hit the same moment: {moments:?}");
}

/// A redo that was killed is started again, with or without `on_change=redo`. Outputs of two settings are never mixed.
#[test]
fn a_redo_that_was_killed_goes_on_as_one() {
    const OTHER: &[&str] = &["--unit-rows", "25", "--threshold", "0.3"];
    let place = hive();
    place.ok("first", SMALL_UNITS);
    place.ok("whole", OTHER);
    let began = Instant::now();
    place.ok("out", SMALL_UNITS);
    let length = began.elapsed();
    let mut random = Random(6);
    for (options, expected) in [(OTHER, "whole"), (SMALL_UNITS, "first"), (OTHER, "whole")] {
        let mut kills = 0;
        loop {
            let redo: &[&str] = if random.next() < 0.5 { &["--on-change", "redo"] } else { &[] };
            let mut child = start(place.command("out", &[options, redo].concat()), &place, "log");
            if kills < 6 {
                thread::sleep(length.mul_f64(random.next() * 0.7));
                child.kill().unwrap();
            }
            let status = child.wait().unwrap();
            kills += 1;
            if status.success() {
                break;
            }
            // as long as the redo has not begun, a run without it is refused
            assert!(status.signal() == Some(9) || (status.code() == Some(2) && redo.is_empty()), "{status}");
        }
        place.assert_same(expected, "out");
        place.assert_tidy("out");
    }
}

/// Without a common lock, two processes may do the same unit. One of the two outputs is kept.
#[test]
fn processes_that_do_the_same_units_do_no_harm() {
    let place = hive();
    place.ok("whole", SMALL_UNITS);
    let shards: [&[&str]; 3] = [&[], &["--shard", "0/2"], &["--shard", "1/2"]];
    let runs: Vec<Child> =
        shards.iter().map(|shard| start(place.command("out", &[SMALL_UNITS, shard].concat()), &place, "log")).collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success(), "{}", fs::read_to_string(place.path("log")).unwrap());
    }
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 0);
    place.assert_same("whole", "out");
    assert!(writes(&place, "log").values().all(|&times| times == 1), "{:?}", writes(&place, "log"));
}

#[test]
fn of_four_shards_one_is_killed_and_started_again() {
    let place = hive();
    place.ok("whole", SMALL_UNITS);
    let shard = |i: usize| {
        let shard = format!("{i}/4");
        place.command("out", &[SMALL_UNITS, &["--shard", &shard]].concat())
    };
    let mut victim = start(shard(2), &place, "log");
    until_done(&place, "out", 1, &mut victim);
    // paused in the middle of its work while the others run
    signal(&victim, "STOP");
    let mut others: Vec<Child> = [0, 1, 3].map(|i| start(shard(i), &place, "log")).into();
    assert!(others.iter_mut().all(|other| other.wait().unwrap().success()));
    victim.kill().unwrap();
    assert_eq!(victim.wait().unwrap().signal(), Some(9), "it was done before it was killed");

    let finalize = ["--finalize", "--shard", "0/4"];
    let output = place.run("out", &finalize);
    assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("of 16 units are not done") && stderr(&output).contains("run `shard` 2/4"),
        "{}",
        stderr(&output)
    );
    assert!(!place.path("out.job/summary.json").exists());

    let before = committed(&place, "out");
    assert!(start(shard(2), &place, "log").wait().unwrap().success());
    assert_kept(&before, &committed(&place, "out"));
    let output = Command::new(env!("CARGO_BIN_EXE_spanframe"))
        .current_dir(place.path(""))
        .args(["run", "-o", "out", "--finalize", "--json"])
        .output()
        .unwrap();
    let summary = summary(&output);
    assert_eq!((&summary["units"], &summary["units_done"]), (&16.into(), &16.into()));
    assert_eq!(summary["counts"]["rows"], 400);
    place.assert_same("whole", "out");
    place.assert_tidy("out");
    assert!(writes(&place, "log").values().all(|&times| times == 1));
}

#[test]
fn shards_that_begin_at_once_are_one_job() {
    let place = hive();
    let form = ["--form", "note_nlp", "--id", "id", "--unit-rows", "25"];
    let shards: Vec<Child> = (0..4)
        .map(|i| start(place.command("out", &[&form[..], &["--shard", &format!("{i}/4")]].concat()), &place, "log"))
        .collect();
    for mut shard in shards {
        assert!(shard.wait().unwrap().success(), "{}", fs::read_to_string(place.path("log")).unwrap());
    }
    assert_eq!(place.ok("out", &["--finalize"])["units_done"], 16);
    let times = place.column("out", "nlp_datetime");
    let times = arrow_array::cast::AsArray::as_primitive::<arrow_array::types::TimestampMicrosecondType>(&times);
    assert!(times.values().windows(2).all(|w| w[0] == w[1]), "the job has one time");
}

#[test]
fn an_interrupt_ends_a_run_cleanly() {
    let place = hive();
    place.ok("whole", SMALL_UNITS);
    let mut child = place.command("out", SMALL_UNITS).stderr(Stdio::piped()).spawn().unwrap();
    until_done(&place, "out", 1, &mut child);
    signal(&child, "INT");
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("stopped; start the same command again to go on"), "{}", stderr(&output));
    place.assert_tidy("out");
    let before = committed(&place, "out");
    assert!(!before.is_empty());
    let summary = place.ok("out", SMALL_UNITS);
    assert!(summary["units_now"].as_u64() < Some(16), "{summary}");
    assert_kept(&before, &committed(&place, "out"));
    place.assert_same("whole", "out");
    assert!(rows(&place.column("out", "ner")).iter().flatten().flatten().count() > 100);
}
