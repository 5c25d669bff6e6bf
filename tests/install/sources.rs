//! Folders and archives become installed models, and installed models archives.

use std::{
    fs::{self, File},
    time::{Duration, SystemTime},
};

use serde_json::Value;

use crate::{
    home::{Home, copy},
    support::test_model,
};

fn manifest(home: &Home, name: &str) -> Value {
    serde_json::from_slice(&fs::read(home.models().join(name).join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_folder_is_installed_with_its_manifest_and_gives_the_same_entities() {
    let home = Home::new();
    let source = tempfile::tempdir().unwrap();
    let folder = source.path().join("our_model");
    copy(test_model("bert-cased").as_ref(), &folder);
    fs::write(folder.join("pytorch_model.bin"), "not needed").unwrap();
    fs::write(folder.join("LICENSE.txt"), "free").unwrap();
    let said = home.done(&["model", "add", folder.to_str().unwrap()]);
    assert!(said.starts_with("installed     our_model\n") && said.contains("DISEASE"), "{said}");
    assert_eq!(home.installed(), ["our_model"]);
    assert_eq!(home.entities("our_model"), home.entities(folder.to_str().unwrap()));
    assert_ne!(home.entities("our_model").trim(), "[]");
    let manifest = manifest(&home, "our_model");
    let files: Vec<&str> = manifest["files"].as_array().unwrap().iter().map(|f| f["path"].as_str().unwrap()).collect();
    let expect = [
        "LICENSE.txt",
        "config.json",
        "onnx/model.onnx",
        "onnx/model.onnx_data",
        "special_tokens_map.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    assert_eq!(files, expect);
    assert_eq!(manifest["source"], "our_model", "without the path on this machine");
    assert!(home.done(&["model", "verify", "our_model"]).contains("is unchanged since it came from our_model"));
    assert!(home.done(&["model", "show", "our_model"]).starts_with("model         our_model\n"));
    let removed = home.done(&["model", "remove", "our_model"]);
    assert!(removed.starts_with("removed our_model"), "{removed}");
    assert_eq!(home.installed(), [""; 0]);
}

#[test]
fn what_others_keep_beside_the_models_is_left() {
    let home = Home::new();
    for name in [".git", ".spanframe-staging.m.abc123"] {
        let folder = home.models().join(name);
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("file"), "").unwrap();
        File::open(folder).unwrap().set_modified(SystemTime::now() - Duration::from_secs(86_400)).unwrap();
    }
    home.done(&["model", "add", &test_model("bert-cased"), "--name", "ours"]);
    home.done(&["model", "pack", "ours", home.folder.path().join("ours.tar.gz").to_str().unwrap()]);
    home.done(&["model", "remove", "ours"]);
    assert_eq!(home.installed(), [".git"]);
    assert!(home.models().join(".git/file").exists());
}

#[test]
fn one_of_several_onnx_files_is_added_by_its_name() {
    let home = Home::new();
    let onnx = format!("{}/model_positions.onnx", test_model("roberta"));
    home.done(&["model", "add", &onnx, "--name", "positions"]);
    assert!(home.models().join("positions/model_positions.onnx").exists());
    assert!(!home.models().join("positions/model.onnx").exists());
    assert_eq!(home.entities("positions"), home.entities(&onnx));
}

#[test]
fn a_packed_model_is_installed_elsewhere_as_it_was() {
    let here = Home::new();
    here.done(&["model", "add", &test_model("distilbert"), "--name", "ours"]);
    let archives = tempfile::tempdir().unwrap();
    for ending in ["tar.gz", "tgz", "zip"] {
        let there = Home::new();
        let archive = archives.path().join(format!("moved.{ending}"));
        let archive = archive.to_str().unwrap();
        here.done(&["model", "pack", "ours", archive]);
        here.refused(&["model", "pack", "ours", archive], 2, &["moved.", "exists: name another archive"]);
        there.done(&["model", "add", archive]);
        assert_eq!(there.installed(), ["moved"]);
        assert_eq!(there.entities("moved"), here.entities("ours"));
        assert_eq!(manifest(&there, "moved"), manifest(&here, "ours"), "the first source is kept");
        // a folder that was never installed can be packed too
        let folder = archives.path().join(format!("folder.{ending}"));
        here.done(&["model", "pack", &test_model("distilbert"), folder.to_str().unwrap()]);
        assert_eq!(here.installed(), ["ours"]);
        there.done(&["model", "add", folder.to_str().unwrap()]);
        assert_eq!(there.entities("folder"), here.entities("ours"));
    }
    here.refused(&["model", "pack", "ours", "moved.rar"], 2, &["end it with .tar.gz"]);
}

/// A packed archive is readable for everyone who can read a new file of the user.
#[cfg(unix)]
#[test]
fn an_archive_has_the_rights_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let home = Home::new();
    let mode = |name: &str| fs::metadata(home.folder.path().join(name)).unwrap().permissions().mode();
    File::create(home.folder.path().join("new")).unwrap();
    for name in ["ours.tgz", "ours.zip"] {
        home.done(&["model", "pack", &test_model("distilbert"), home.folder.path().join(name).to_str().unwrap()]);
        assert_eq!(mode(name), mode("new"), "{name}");
    }
}

/// Where folders cannot be exchanged, the old model is moved aside first.
#[test]
fn a_model_whose_replacement_was_killed_is_back_for_the_next_command() {
    let home = Home::new();
    let other = test_model("bert-cased");
    let archive = home.folder.path().join("ours.zip");
    let commands: [&[&str]; 4] = [
        &["model", "verify", "ours"],
        &["model", "remove", "ours"],
        &["model", "pack", "ours", archive.to_str().unwrap()],
        &["model", "add", &other, "--name", "other"],
    ];
    for command in commands {
        home.done(&["model", "add", &test_model("distilbert"), "--name", "ours", "--replace"]);
        let aside = home.models().join(".spanframe-staging.ours+replaced.abc123");
        fs::create_dir(&aside).unwrap();
        fs::write(aside.join(".lock"), "").unwrap();
        fs::rename(home.models().join("ours"), aside.join("replaced")).unwrap();
        home.done(command);
        assert!(!aside.exists(), "{command:?}");
        assert_eq!(home.models().join("ours").exists(), command[1] != "remove", "{command:?}");
    }
    home.done(&["model", "verify", "ours"]);
}

#[test]
fn names_are_checked_and_never_taken_twice() {
    let home = Home::new();
    let model = test_model("bert-uncased");
    home.done(&["model", "add", &model, "--name", "ours"]);
    home.refused(&["model", "add", &model, "--name", "ours"], 2, &["`ours` is installed already", "--replace"]);
    let other = test_model("distilbert");
    home.done(&["model", "add", &other, "--name", "ours", "--replace"]);
    assert_eq!(home.entities("ours"), home.entities(&other));
    for name in ["../ours", "a/b", ".x", "clinical-ner-small"] {
        home.refused(&["model", "add", &model, "--name", name], 2, &["cannot be the name of an installed model"]);
    }
    for command in ["remove", "verify"] {
        home.refused(&["model", command, "other"], 2, &["no installed model `other`", "installed are ours"]);
    }
    home.refused(&["model", "remove", ".."], 2, &["no installed model"]);
    home.refused(&["model", "add", "no/such/model"], 2, &["there is no model at `no/such/model`"]);
}

#[test]
fn a_model_that_cannot_be_used_is_not_installed() {
    let source = tempfile::tempdir().unwrap();
    let add = |change: &dyn Fn(&std::path::Path), expect: &[&str]| {
        let folder = source.path().join("broken");
        copy(test_model("bert-uncased").as_ref(), &folder);
        change(&folder);
        Home::new().refused(&["model", "add", folder.to_str().unwrap()], 3, expect);
        fs::remove_dir_all(folder).unwrap();
    };
    add(&|f| fs::remove_file(f.join("tokenizer.json")).unwrap(), &["has no tokenizer.json", "save_pretrained"]);
    add(&|f| fs::remove_file(f.join("model.onnx")).unwrap(), &["has no model.onnx", "spanframe model export"]);
    add(&|f| fs::write(f.join("model.onnx"), "no graph").unwrap(), &["model.onnx", "it is not an ONNX file"]);
    add(&|f| fs::write(f.join("config.json"), "{}").unwrap(), &["config.json", "id2label"]);
    let config = fs::read(test_model("multi-head") + "/config.json").unwrap();
    add(&|f| fs::write(f.join("config.json"), &config).unwrap(), &["labels"]);
}

#[test]
fn a_refusal_names_the_place_that_the_user_gave() {
    let home = Home::new();
    let source = tempfile::tempdir().unwrap();
    let folder = source.path().join("ours");
    let broken = |change: &dyn Fn(&std::path::Path)| {
        let _ = fs::remove_dir_all(&folder);
        copy(test_model("bert-uncased").as_ref(), &folder);
        change(&folder);
        let said = home.refused(&["model", "add", folder.to_str().unwrap()], 3, &[folder.to_str().unwrap()]);
        assert!(!said.contains("staging"), "{said}");
    };
    broken(&|f| fs::write(f.join("config.json"), "{}").unwrap());
    broken(&|f| fs::write(f.join("tokenizer.json"), "{}").unwrap());
    broken(&|f| fs::write(f.join("model.onnx"), "no model").unwrap());
    broken(&|f| fs::write(f.join("tokenizer_config.json"), "version https://git-lfs.github.com/spec/v1\n").unwrap());
    broken(&|f| {
        let graph = fs::read(f.join("model.onnx")).unwrap();
        fs::write(f.join("model.onnx"), &graph[..graph.len() / 2]).unwrap();
    });
    // weights that ONNX Runtime refuses: its own words name the file too
    broken(&|f| {
        let mut graph = fs::read(f.join("model.onnx")).unwrap();
        let at = graph.windows(6).position(|bytes| bytes == b"Gather").unwrap();
        graph[at..at + 6].copy_from_slice(b"Gathes");
        fs::write(f.join("model.onnx"), graph).unwrap();
    });
    let archive = source.path().join("ours.tar.gz");
    let status = std::process::Command::new("tar").arg("-czf").arg(&archive).arg("-C").arg(&folder).arg(".").status();
    assert!(status.unwrap().success());
    let said = home.refused(&["model", "add", archive.to_str().unwrap()], 3, &[archive.to_str().unwrap()]);
    assert!(!said.contains("staging"), "{said}");
}

#[test]
fn a_home_that_cannot_be_written_is_told_the_variable() {
    let home = Home::new();
    fs::write(home.models(), "a file, where the folder of models would be").unwrap();
    let expect =
        ["cannot write to the folder of installed models", "set SPANFRAME_HOME to a folder that you can write to"];
    home.refused(&["model", "add", &test_model("bert-cased")], 2, &expect);
}

#[test]
fn a_snapshot_of_the_hub_is_installed_under_the_name_of_its_repository() {
    let home = Home::new();
    let cache = tempfile::tempdir().unwrap();
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let folder = cache.path().join("models--some-org--clinical-ner/snapshots").join(commit);
    copy(test_model("bert-uncased").as_ref(), &folder);
    let said = home.done(&["model", "add", folder.to_str().unwrap()]);
    assert!(said.starts_with("installed     clinical-ner\n"), "{said}");
    assert!(said.contains(&format!("from          some-org/clinical-ner@{commit}\n")), "{said}");
    assert_eq!(home.installed(), ["clinical-ner"]);
    let file = folder.join("model.onnx");
    let said = home.done(&["model", "add", file.to_str().unwrap(), "--replace"]);
    assert!(said.starts_with("installed     clinical-ner\n"), "{said}");
}
