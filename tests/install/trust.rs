//! A changed model is refused, and an ONNX file can neither bring code nor reach other files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{
    home::{Home, TEXT, copy},
    support::test_model,
};

fn flip_a_byte(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A change of a model folder, and a part of the message about it.
type Change<'a> = (&'a dyn Fn(&Path), &'a str);

#[test]
fn an_altered_model_is_refused_by_name() {
    let changes: [Change<'_>; 5] = [
        (&|f| flip_a_byte(&f.join("onnx/model.onnx")), "onnx/model.onnx was changed"),
        (&|f| flip_a_byte(&f.join("onnx/model.onnx_data")), "onnx/model.onnx_data was changed"),
        (&|f| fs::write(f.join("config.json"), "{}").unwrap(), "config.json was changed"),
        (&|f| fs::remove_file(f.join("tokenizer_config.json")).unwrap(), "tokenizer_config.json is absent"),
        (&|f| fs::write(f.join("onnx/model.onnx_data2"), "x").unwrap(), "onnx/model.onnx_data2 was added"),
    ];
    let home = Home::new();
    for (change, expect) in changes {
        home.done(&["model", "add", &test_model("bert-cased"), "--name", "ours", "--replace"]);
        change(&home.models().join("ours"));
        home.refused(&["text", "--model", "ours", TEXT], 3, &[expect, "manifest.json", "install it again"]);
        home.refused(&["model", "verify", "ours"], 3, &[expect]);
        home.refused(&["model", "pack", "ours", "never.zip"], 3, &[expect]);
    }
    // by path too
    let folder = home.models().join("ours");
    home.refused(&["text", "--model", folder.to_str().unwrap(), TEXT], 3, &["was added"]);
    fs::remove_file(folder.join("manifest.json")).unwrap();
    assert_ne!(home.entities("ours").trim(), "[]", "a folder without a manifest loads");
    assert!(home.done(&["model", "verify", "ours"]).contains("has no manifest.json"));
}

#[test]
fn a_manifest_that_lists_other_places_is_refused() {
    let home = Home::new();
    home.done(&["model", "add", &test_model("distilbert"), "--name", "ours"]);
    let path = home.models().join("ours/manifest.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("config.json", "../../secret", 1)).unwrap();
    home.refused(&["text", "--model", "ours", TEXT], 3, &["`../../secret`, which is not a path inside"]);
    fs::write(&path, text.replace("\"format\": 1", "\"format\": 7")).unwrap();
    home.refused(&["text", "--model", "ours", TEXT], 3, &["its format is 7"]);
    fs::write(&path, &text[..text.len() / 2]).unwrap();
    home.refused(&["text", "--model", "ours", TEXT], 3, &["manifest.json", "is not usable"]);
}

/// A copy of a test model whose ONNX file was changed.
fn changed(model: &str, onnx: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("changed");
    copy(test_model(model).as_ref(), &folder);
    let path = folder.join(onnx);
    fs::write(&path, change(fs::read(&path).unwrap())).unwrap();
    (home, folder)
}

fn replace(bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes;
    let places: Vec<usize> =
        bytes.windows(from.len()).enumerate().filter(|(_, w)| *w == from.as_bytes()).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
    bytes
}

#[test]
fn external_data_outside_of_the_folder_is_refused_before_onnx_runtime_sees_it() {
    let home = Home::new();
    for to in ["../outside_data", "/etc/hostname_x", "a/../../b/c/d/e", "C:\\weights_data"] {
        let (_kept, folder) = changed("bert-cased", "onnx/model.onnx", |b| replace(b, "model.onnx_data", to));
        let expect = ["is refused", to, "is outside of its folder"];
        home.refused(&["text", "--model", folder.to_str().unwrap(), TEXT], 3, &expect);
        home.refused(&["model", "add", folder.to_str().unwrap()], 3, &expect);
    }
    #[cfg(unix)]
    {
        let (kept, folder) = changed("bert-cased", "onnx/model.onnx", |bytes| bytes);
        let data = folder.join("onnx/model.onnx_data");
        fs::rename(&data, kept.path().join("elsewhere")).unwrap();
        std::os::unix::fs::symlink(kept.path().join("elsewhere"), &data).unwrap();
        let expect = ["is refused", "a link to a file outside of its folder"];
        home.refused(&["text", "--model", folder.to_str().unwrap(), TEXT], 3, &expect);
        // `model add` copies the file behind the link
        home.done(&["model", "add", folder.to_str().unwrap(), "--name", "copied"]);
        assert_eq!(home.entities("copied"), home.entities(&test_model("bert-cased")));
    }
}

/// A node `domain.Operator` in the wire format, to append to a file: a second graph is merged into the first.
fn node(domain: &str) -> Vec<u8> {
    let field = |number: u8, content: &[u8]| [&[number << 3 | 2, content.len() as u8], content].concat();
    let node = [field(4, b"Operator"), field(7, domain.as_bytes())].concat();
    field(7, &field(1, &node))
}

#[test]
fn operators_that_need_a_library_of_their_own_are_refused_by_name() {
    let home = Home::new();
    let (_kept, folder) = changed("bert-uncased", "model.onnx", |bytes| [bytes, node("evil.ops")].concat());
    let expect = ["is refused", "evil.ops.Operator", "standard operators"];
    home.refused(&["text", "--model", folder.to_str().unwrap(), TEXT], 3, &expect);
    home.refused(&["model", "add", folder.to_str().unwrap()], 3, &expect);
}
