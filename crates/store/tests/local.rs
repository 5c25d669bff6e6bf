//! A folder on disk: atomic writes, and partial files of killed processes.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use spanframe_store::{Store, StoreError, locate};
use tempfile::TempDir;

fn folder() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().to_str().unwrap()).unwrap();
    (folder, store)
}

fn paths(store: &Store, prefix: &str) -> Vec<String> {
    store.list(prefix).unwrap().into_iter().map(|object| object.path).collect()
}

fn partials(folder: &Path) -> usize {
    fs::read_dir(folder.join(".spanframe-partial")).map_or(0, Iterator::count)
}

#[test]
fn a_file_is_invisible_before_its_commit() {
    let (folder, store) = folder();
    let mut writer = store.create("year=2024/part-0").unwrap();
    writer.write_all(b"whole").unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.written(), 5);
    assert_eq!((paths(&store, ""), store.stat("year=2024/part-0").unwrap()), (vec![], None));
    assert_eq!(partials(folder.path()), 1);
    assert!(writer.commit(false).unwrap());
    assert_eq!(paths(&store, ""), ["year=2024/part-0"]);
    assert_eq!(store.get("year=2024/part-0").unwrap().unwrap(), "whole");
    assert!(!folder.path().join(".spanframe-partial").exists(), "no file or folder of ours is left");
}

#[test]
fn a_dropped_writer_leaves_nothing() {
    let (folder, store) = folder();
    let mut writer = store.create("a").unwrap();
    writer.write_all(&[7; 1 << 20]).unwrap();
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_committed_file_is_replaced_only_when_asked() {
    let (folder, store) = folder();
    store.put("a", b"old").unwrap();
    let mut writer = store.create("a").unwrap();
    writer.write_all(b"new").unwrap();
    assert!(!writer.commit(false).unwrap());
    assert_eq!((store.get("a").unwrap().unwrap(), partials(folder.path())), ("old".into(), 0));
    assert!(!store.put_new("a", b"new").unwrap());
    assert_eq!(store.get("a").unwrap().unwrap(), "old");
    store.put("a", b"new").unwrap();
    assert_eq!(store.get("a").unwrap().unwrap(), "new");
}

#[test]
fn of_many_writers_one_creates_the_file() {
    let (_folder, store) = folder();
    let created = thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|i| {
                let store = &store;
                scope.spawn(move || (0..50).filter(|n| store.put_new(&format!("d/{n}"), &[i; 3]).unwrap()).count())
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).sum::<usize>()
    });
    assert_eq!((created, paths(&store, "").len()), (50, 50));
}

#[test]
fn readers_see_the_old_or_the_new() {
    let (_folder, store) = folder();
    store.put("a", &[0; 100_000]).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| (1..40u8).for_each(|i| store.put("a", &[i; 100_000]).unwrap()));
        while !writer.is_finished() {
            let seen = store.get("a").unwrap().unwrap();
            assert!(seen.len() == 100_000 && seen.iter().all(|&byte| byte == seen[0]));
        }
    });
}

#[test]
fn rights_follow_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, store) = folder();
    let plain = folder.path().join("plain");
    File::create(&plain).unwrap();
    store.put("ours", b"").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(plain), mode(folder.path().join("ours")));
}

/// Not a test itself: the process that [`sweep_removes_files_of_killed_processes_alone`] kills while it writes.
#[test]
#[expect(clippy::disallowed_methods, reason = "set by the parent process of this test alone")]
fn writer_to_be_killed() {
    let Some(place) = std::env::var_os("SPANFRAME_STORE_TEST_WRITE") else { return };
    let mut writer = Store::open(place.to_str().unwrap()).unwrap().create("a").unwrap();
    writer.write_all(b"half").unwrap();
    writer.flush().unwrap();
    println!("\nwriting");
    thread::sleep(Duration::from_secs(60));
}

#[test]
fn sweep_removes_files_of_killed_processes_alone() {
    use std::io::BufRead;
    let (folder, store) = folder();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer_to_be_killed", "--nocapture"])
        .env("SPANFRAME_STORE_TEST_WRITE", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "writing"));
    let mine = store.create("b").unwrap();
    assert_eq!((store.sweep().unwrap(), partials(folder.path())), (0, 2));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(partials(folder.path()), 2, "a killed process removes nothing");
    assert_eq!((store.sweep().unwrap(), partials(folder.path())), (1, 1));
    assert!(mine.commit(false).unwrap());
    assert_eq!(paths(&store, ""), ["b"]);
    assert!(!folder.path().join(".spanframe-partial").exists());
}

#[test]
fn sweep_waits_a_day_for_another_machine() {
    let (folder, store) = folder();
    let partial = folder.path().join(".spanframe-partial");
    fs::create_dir_all(&partial).unwrap();
    let file = File::create(partial.join("elsewhere_.x.partial")).unwrap();
    assert_eq!(store.sweep().unwrap(), 0);
    file.set_modified(SystemTime::now() - Duration::from_secs(25 * 60 * 60)).unwrap();
    assert_eq!(store.sweep().unwrap(), 1);
}

#[test]
fn sweep_of_nothing() {
    let (folder, store) = folder();
    assert_eq!(store.sweep().unwrap(), 0);
    let absent = Store::open(folder.path().join("absent").to_str().unwrap()).unwrap();
    assert_eq!((absent.sweep().unwrap(), absent.list("").unwrap()), (0, vec![]));
}

#[test]
fn writers_and_sweeps_at_once() {
    let (folder, store) = folder();
    thread::scope(|scope| {
        let store = &store;
        let writers: Vec<_> = (0..4)
            .map(|w| scope.spawn(move || (0..100).for_each(|n| store.put(&format!("{w}/{n}"), b"x").unwrap())))
            .collect();
        while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
            // it may remove a file before its lock; the writer then creates another
            store.sweep().unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    });
    assert_eq!(paths(&store, "").len(), 400);
    assert!(!folder.path().join(".spanframe-partial").exists());
}

#[test]
fn a_lock_has_one_holder() {
    let (_folder, store) = folder();
    let held = store.lock("job").unwrap().unwrap();
    assert!(store.lock("job").unwrap().is_none());
    assert!(store.lock("other").unwrap().is_some());
    drop(held);
    assert!(store.lock("job").unwrap().is_some());
    assert!(matches!(store.lock("a/b"), Err(StoreError::BadPath { .. })));
    assert_eq!(paths(&store, ""), [""; 0]);
}

#[test]
fn lists_as_spark_reads() {
    let (folder, store) = folder();
    for path in ["b", "a/x", "a.b", "_SUCCESS", ".crc", "_k=1/p", "a/_t/x", ".own/m/1", ".own/m/.2"] {
        store.put(path, path.as_bytes()).unwrap();
    }
    assert_eq!(paths(&store, ""), ["_k=1/p", "a.b", "a/x", "b"]);
    assert_eq!(paths(&store, "a"), ["a/x"]);
    assert_eq!(paths(&store, "a/"), ["a/x"]);
    assert_eq!(paths(&store, ".own/m"), [".own/m/1"]);
    assert_eq!(paths(&store, "b"), ["b"]);
    assert_eq!(paths(&store, "b/c"), [""; 0]);
    assert_eq!(store.list("a/x").unwrap()[0], store.stat("a/x").unwrap().unwrap());
    std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
    assert_eq!(paths(&store, "link"), ["link/x"]);
    std::os::unix::fs::symlink("..", folder.path().join("a/up")).unwrap();
    assert!(store.list("").unwrap_err().to_string().contains("is a link to a folder above it"));
    fs::remove_file(folder.path().join("a/up")).unwrap();
    std::os::unix::fs::symlink("gone", folder.path().join("a/up")).unwrap();
    assert!(matches!(store.list(""), Err(StoreError::NotFound { url }) if url.ends_with("/up")));
}

#[test]
fn a_name_that_is_not_utf8_is_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let (folder, store) = folder();
    File::create(folder.path().join(std::ffi::OsStr::from_bytes(b"x\xff"))).unwrap();
    assert!(matches!(store.list(""), Err(StoreError::NotUtf8 { .. })));
}

#[test]
fn a_replaced_file_has_another_version() {
    let (folder, store) = folder();
    store.put("a", b"one").unwrap();
    let before = store.stat("a").unwrap().unwrap();
    assert_eq!((before.size, &before), (3, &store.stat("a").unwrap().unwrap()));
    thread::sleep(Duration::from_millis(20));
    fs::write(folder.path().join("a"), b"two").unwrap();
    assert_ne!(store.stat("a").unwrap().unwrap().version, before.version);
    assert_eq!((store.stat("").unwrap(), store.stat("a/b").unwrap()), (None, None));
}

#[test]
fn reads_inside_the_file_alone() {
    let (_folder, store) = folder();
    store.put("a", b"0123456789").unwrap();
    let reader = store.reader("a").unwrap();
    assert_eq!(reader.len(), 10);
    assert_eq!(reader.read_at(3, 4).unwrap(), "3456");
    assert_eq!(reader.read_at(10, 0).unwrap(), "");
    for (offset, length) in [(7, 4), (11, 0), (u64::MAX, 1), (0, usize::MAX)] {
        assert_eq!(reader.read_at(offset, length).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
    store.put("a", b"another").unwrap();
    assert_eq!(reader.read_at(0, 10).unwrap(), "0123456789", "a reader keeps the file it opened");
}

#[test]
fn absent_files_are_none_or_an_error() {
    let (_folder, store) = folder();
    assert!(matches!(store.reader("a"), Err(StoreError::NotFound { .. })));
    assert!(store.get("a").unwrap().is_none());
    store.remove("a").unwrap();
    store.put("a", b"").unwrap();
    store.remove("a").unwrap();
    assert_eq!(store.stat("a").unwrap(), None);
}

#[test]
fn a_file_where_a_folder_is_needed() {
    let (folder, store) = folder();
    store.put("a", b"").unwrap();
    assert!(matches!(store.put("a/b", b""), Err(StoreError::WrongKind { found: "file", .. })));
    store.put("d/x", b"").unwrap();
    assert!(matches!(store.put("d", b""), Err(StoreError::WrongKind { found: "folder", .. })));
    assert!(matches!(store.get("d"), Err(StoreError::WrongKind { found: "folder", .. })));
    assert!(matches!(store.reader("d"), Err(StoreError::WrongKind { found: "folder", .. })));
    assert!(matches!(store.create(""), Err(StoreError::WrongKind { .. })));
    let below = Store::open(folder.path().join("a").to_str().unwrap()).unwrap();
    assert!(matches!(below.put("b", b""), Err(StoreError::WrongKind { found: "file", .. })));
    assert_eq!(partials(folder.path()), 0);
}

/// Not a test itself: [`disks_that_are_full_or_read_only`] runs it on such a disk.
#[test]
#[expect(clippy::disallowed_methods, reason = "set by the parent process of this test alone")]
fn writer_on_an_odd_disk() {
    let Some(place) = std::env::var_os("SPANFRAME_STORE_TEST_DISK") else { return };
    let (folder, store) = (Path::new(&place), Store::open(place.to_str().unwrap()).unwrap());
    if store.get("old").unwrap().is_none() {
        store.put("old", b"x").unwrap();
        let mut writer = store.create("a").unwrap();
        let error = writer.write_all(&[7; 4 << 20]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert!(matches!(StoreError::from_io("", error), StoreError::Full { url } if url == store.url("a")));
        drop(writer);
        assert!(
            matches!(store.put("a", &[7; 200 << 10]), Err(StoreError::Full { .. })),
            "the buffer fails when it is flushed"
        );
        assert_eq!((partials(folder), paths(&store, "")), (0, vec!["old".to_string()]));
        store.put("new", b"x").unwrap();
        println!("\nfull");
    } else {
        assert!(matches!(store.put("a", b""), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(store.put("d/a", b""), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(store.remove("old"), Err(StoreError::ReadOnly { .. })));
        assert!(matches!(store.lock("job"), Err(StoreError::ReadOnly { .. })));
        assert_eq!((store.sweep().unwrap(), paths(&store, "").len()), (0, 2));
        println!("\nread-only");
    }
}

/// Mounts a disk of 64 KiB, where the system lets a user do so.
#[cfg(target_os = "linux")]
#[test]
fn disks_that_are_full_or_read_only() {
    let (folder, _) = folder();
    let script = r#"mount -t tmpfs -o size=64k none "$1" || exit 9
        "$0" --exact writer_on_an_odd_disk --nocapture && mount -o remount,ro "$1" &&
        "$0" --exact writer_on_an_odd_disk --nocapture"#;
    let done = Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", script])
        .args([std::env::current_exe().unwrap().as_os_str(), folder.path().as_os_str()])
        .env("SPANFRAME_STORE_TEST_DISK", folder.path())
        .output();
    let printed = match done {
        Ok(done) if done.status.success() => String::from_utf8(done.stdout).unwrap(),
        Ok(done) if done.status.code() != Some(9) && !String::from_utf8_lossy(&done.stderr).contains("unshare") => {
            panic!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr))
        }
        _ => return eprintln!("no disk can be mounted here: not tested"),
    };
    assert!(printed.contains("\nfull") && printed.contains("\nread-only"), "{printed}");
}

#[test]
fn a_file_system_that_takes_no_writes() {
    let store = Store::open("/proc/spanframe").unwrap();
    let error = store.put("a", b"").unwrap_err();
    assert!(error.to_string().contains("/proc/spanframe/a"), "{error}");
}

/// `/dev/full` fails every write with a full disk. A rename cannot target it, so this writes to it directly.
#[test]
fn a_full_disk_keeps_its_kind() {
    let full = File::options().write(true).open("/dev/full").unwrap().write_all(b"x").unwrap_err();
    let error = StoreError::from_io("out/a", full);
    assert!(matches!(&error, StoreError::Full { url } if url == "out/a"));
    let io = std::io::Error::from(error);
    assert_eq!(io.kind(), ErrorKind::StorageFull);
    assert!(matches!(StoreError::from_io("elsewhere", io), StoreError::Full { url } if url == "out/a"));
}

#[test]
fn paths_stay_inside() {
    let (_folder, store) = folder();
    for bad in ["../a", "/etc/passwd", "a/../../b"] {
        assert!(matches!(store.put(bad, b""), Err(StoreError::BadPath { .. })));
        assert!(matches!(store.get(bad), Err(StoreError::BadPath { .. })));
    }
}

#[test]
fn located_on_disk() {
    let (folder, store) = folder();
    store.put("in/a.parquet", b"x").unwrap();
    let root = folder.path().to_str().unwrap();
    let found = |path: String| {
        let (store, path) = locate(&path).unwrap();
        assert!(store.is_local());
        (store.url(&path), path)
    };
    assert_eq!(found(format!("{root}/in")), (format!("{root}/in"), String::new()));
    assert_eq!(found(format!("{root}/in/a.parquet")), (format!("{root}/in/a.parquet"), "a.parquet".into()));
    assert_eq!(found(format!("file://{root}/in/a.parquet")).1, "a.parquet");
    assert_eq!(found(format!("{root}/new")).1, "new");
    assert_eq!(found(format!("{root}/new/")).1, "");
    assert_eq!(found("Cargo.toml".into()), ("./Cargo.toml".into(), "Cargo.toml".into()));
    assert_eq!(found(".".into()), (".".into(), String::new()));
    assert!(matches!(locate(""), Err(StoreError::BadUrl { .. })));
    assert!(matches!(locate("ftp://host/x"), Err(StoreError::UnknownScheme { .. })));
    let (store, path) = locate(&format!("{root}/in/a.parquet")).unwrap();
    assert_eq!(store.local_path(&path).unwrap(), folder.path().join("in/a.parquet"));
}
