//! Jobs on disks that are full or read-only.

use std::{
    fs,
    process::{Command, Output},
    sync::Arc,
};

use arrow_array::StringArray;

use crate::{
    place::{Place, SMALL_UNITS, with_notes},
    support::stderr,
};

/// Writes notes of words that do not compress, so that the output is large.
fn large(place: &Place, files: usize) {
    let mut state = 7u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:012x} ", state >> 16)
    };
    for file in 0..files {
        let notes: Vec<String> = (0..50).map(|_| (0..80).map(|_| word()).collect()).collect();
        let notes = StringArray::from_iter_values(notes);
        place.write(&format!("in/part-{file}.parquet"), &with_notes(file * 50..file * 50 + 50, Arc::new(notes)));
    }
}

/// A file system in memory, mounted until it is dropped.
struct Mount(std::path::PathBuf);

impl Mount {
    /// `None` where mounting is not permitted.
    fn new(place: &Place, name: &str, options: &str) -> Option<Self> {
        let path = place.path(name);
        fs::create_dir(&path).unwrap();
        let mount = Self(path);
        let done = mount.mount(options);
        if !done {
            println!("no file system can be mounted here: this part of the test is left out");
        }
        done.then_some(mount)
    }

    fn mount(&self, options: &str) -> bool {
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(&self.0).output();
        done.is_ok_and(|done| done.status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).output();
    }
}

fn assert_full(output: &Output) {
    assert_eq!(output.status.code(), Some(2), "{}", stderr(output));
    let message = stderr(output);
    assert!(message.contains("error: no space is left for `") && message.contains("start again"), "{message}");
}

#[test]
fn a_limit_on_files_is_a_full_disk_and_the_job_goes_on_later() {
    let place = Place::with_files(1);
    place.ok("small", SMALL_UNITS);
    large(&place, 2);
    fs::rename(place.path("in/part-0.parquet"), place.path("in/large.parquet")).unwrap();
    fs::rename(place.path("in/part-1.parquet"), place.path("in/later.parquet")).unwrap();
    place.write("in/early.parquet", &crate::place::notes(0..50));
    // the limit has room for the outputs of `early`, and none for those of `large`
    let run = place.command("out", SMALL_UNITS);
    let mut limited = Command::new("sh");
    limited.current_dir(place.path("")).args(["-c", "trap '' XFSZ; ulimit -f 40; exec \"$0\" \"$@\""]);
    let output = limited.arg(run.get_program()).args(run.get_args()).output().unwrap();
    assert_full(&output);
    assert_eq!(place.names("out"), ["early-00000.parquet", "early-00001.parquet"]);
    place.assert_tidy("out");
    let before = place.shown("out");
    assert_eq!(place.ok("out", SMALL_UNITS)["units_now"], 4);
    assert!(before.iter().all(|(name, file)| place.shown("out")[name] == *file));
    place.ok("whole", SMALL_UNITS);
    place.assert_same("whole", "out");
}

#[test]
fn a_full_disk_ends_the_run_and_it_goes_on_with_more_space() {
    let place = Place::new();
    large(&place, 20);
    let Some(mount) = Mount::new(&place, "disk", "size=1m") else { return };
    assert_full(&place.run("disk/out", SMALL_UNITS));
    let before = place.shown("disk/out");
    assert!(!before.is_empty() && before.len() < 40, "{}", before.len());
    // reads every file to its end
    place.outputs("disk/out");
    place.assert_tidy("disk/out");
    // the disk is still full
    assert_full(&place.run("disk/out", SMALL_UNITS));
    assert!(mount.mount("remount,size=64m"));
    assert_eq!(place.ok("disk/out", SMALL_UNITS)["units_done"], 40);
    assert!(before.iter().all(|(name, file)| place.shown("disk/out")[name] == *file));
    place.ok("whole", SMALL_UNITS);
    place.assert_same("whole", "disk/out");
}

#[test]
fn a_read_only_output_is_named() {
    let place = Place::with_files(1);
    let Some(mount) = Mount::new(&place, "disk", "size=8m") else { return };
    place.ok("disk/out", &["--unit-rows", "25", "--shard", "0/2"]);
    assert!(mount.mount("remount,ro"));
    let error = place.error("disk/out", SMALL_UNITS);
    assert!(error.contains("disk/out.job") && error.contains("read-only file system"), "{error}");
    let error = place.error("disk/out", &["--unit-rows", "25", "--state", "state"]);
    assert!(error.contains("disk/out") && error.contains("read-only file system"), "{error}");
    assert!(mount.mount("remount,rw"));
    assert_eq!(place.ok("disk/out", SMALL_UNITS)["units_now"], 2);
    place.ok("whole", SMALL_UNITS);
    place.assert_same("whole", "disk/out");
}

#[test]
fn an_output_below_a_file_or_without_rights_is_named() {
    let place = Place::with_files(1);
    place.write_bytes("file", b"");
    let error = place.error("file/out", SMALL_UNITS);
    assert!(error.contains("file/out") && error.contains("below, a file where a folder is needed"), "{error}");
    place.write_bytes("out", b"");
    let error = place.error("out", SMALL_UNITS);
    assert!(error.contains("`out") && error.contains("a file where a folder is needed"), "{error}");
    use std::os::unix::fs::PermissionsExt;
    fs::create_dir(place.path("closed")).unwrap();
    fs::set_permissions(place.path("closed"), fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(place.path("closed/probe"), b"").is_ok() {
        println!("this user may write everywhere: rights are not tested");
        return;
    }
    let error = place.error("closed/out", SMALL_UNITS);
    assert!(error.contains("access to `closed/out") && error.contains("is denied"), "{error}");
}
