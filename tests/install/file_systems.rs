//! Models on file systems that lack calls.
#![cfg(target_os = "linux")]

use std::fs;

use crate::{
    home::Home,
    missing_calls::{ERRORS, LINK, LOCK, NOREPLACE, RENAME, SYNC, without},
    support::{stderr, test_model},
};

#[test]
fn a_model_needs_neither_renames_that_never_replace_nor_links_locks_or_syncs() {
    let calls = [NOREPLACE, LINK, LOCK, SYNC].concat();
    let model = test_model("bert-cased");
    for error in ERRORS {
        let home = Home::new();
        let archive = home.folder.path().join("model.tar.gz").display().to_string();
        let run = |args: &[&str]| without(&calls, error, home.command(args));
        let ok = |args: &[&str]| {
            let output = run(args);
            assert!(output.status.success(), "{error}: {}", stderr(&output));
        };
        ok(&["model", "add", &model, "--name", "m"]);
        ok(&["model", "add", &model, "--name", "m", "--replace"]);
        ok(&["model", "pack", "m", &archive]);
        let packed = fs::read(&archive).unwrap();
        let again = stderr(&run(&["model", "pack", "m", &archive]));
        assert!(again.contains("model.tar.gz` exists: name another archive, or remove it"), "{again}");
        assert_eq!(fs::read(&archive).unwrap(), packed);
        ok(&["model", "remove", "m"]);
        ok(&["model", "add", &archive, "--name", "m"]);
        home.done(&["model", "verify", "m"]);
        let visible: Vec<_> = home.installed().into_iter().filter(|name| !name.starts_with('.')).collect();
        assert_eq!(visible, ["m"]);
        let names = fs::read_dir(home.folder.path()).unwrap().flatten().map(|entry| entry.file_name());
        assert!(names.into_iter().all(|name| !name.to_string_lossy().starts_with('.')), "no claim is left");
    }
}

#[test]
fn a_file_system_without_renames_is_named() {
    for error in ERRORS {
        let home = Home::new();
        let said = stderr(&without(RENAME, error, home.command(&["model", "add", &test_model("bert-cased")])));
        assert!(said.contains("cannot rename folders") && said.contains("set SPANFRAME_HOME to a folder"), "{said}");
        home.done(&["model", "add", &test_model("bert-cased")]);
    }
}
