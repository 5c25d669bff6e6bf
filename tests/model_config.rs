//! What config.json may say, and how a file that says something else is refused.

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use spanframe_engine::RawOptions;
use support::{annotate, engine, raw, spanframe, stderr, stdout, test_model};

/// A copy of a test model with fields of config.json changed; `Value::Null` stays in the file as null.
fn with_config(model: &str, fields: Value) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.onnx"] {
        fs::copy(Path::new(&test_model(model)).join(name), home.path().join(name)).unwrap();
    }
    let path = home.path().join("config.json");
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    for (field, value) in fields.as_object().unwrap() {
        config[field] = value.clone();
    }
    fs::write(path, config.to_string()).unwrap();
    home
}

/// The message with which the program refuses the model in `folder`.
fn refused(folder: &Path) -> String {
    let output = spanframe(&["text", "--model", folder.to_str().unwrap(), "Niega disnea."]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    said.replace(folder.to_str().unwrap(), "M")
}

#[test]
fn null_is_absent() {
    let fields = ["architectures", "model_type", "decoder", "heads", "window_length", "tag_scheme", "lower_capitals"];
    let nulls: Value = fields.iter().map(|field| (field.to_string(), Value::Null)).collect();
    let home = with_config("bert-uncased", nulls);
    let notes = support::column("notes.parquet", "note").slice(0, 5);
    let found = engine(RawOptions { model: Some(home.path().display().to_string().into()), ..raw(None) });
    assert_eq!(annotate(&found, &notes), annotate(&engine(raw(Some("bert-uncased"))), &notes));
}

#[test]
fn an_odd_field_is_named_with_its_value_and_what_it_may_be() {
    let check = |fields: Value, expect: &str| {
        let home = with_config("bert-uncased", fields);
        assert_eq!(refused(home.path()), format!("error: `M/config.json` is not usable: {expect}\n"));
    };
    let decoder = "expected an object such as {\"name\": \"viterbi\"}";
    check(json!({"decoder": "crf"}), &format!("`decoder` is the string \"crf\", {decoder}"));
    check(json!({"decoder": {"whole_words": true}}), &format!("`decoder` has no `name`, {decoder}"));
    check(json!({"decoder": {"name": "crf"}}), "`decoder.name` is the string \"crf\", expected viterbi or posterior");
    check(
        json!({"decoder": {"name": "viterbi", "trimmed": true}}),
        "`decoder.trimmed` is true, expected one of the options name, begin_after_entity_cost, whole_words, trim, \
         calibration",
    );
    check(json!({"model_type": 7}), "`model_type` is the number 7, expected a string");
    check(json!({"architectures": "Bert"}), "`architectures` is the string \"Bert\", expected a list of strings");
    check(json!({"window_length": -1}), "`window_length` is the number -1, expected an integer from 1 on");
    check(json!({"pad_token_id": "0"}), "`pad_token_id` is the string \"0\", expected an integer");
    check(
        json!({"lower_capitals": "yes"}),
        "`lower_capitals` is the string \"yes\", expected true, false or \"phrases\"",
    );
    let calibrated = |name: &str, calibration: Value| json!({"decoder": {"name": name, "calibration": calibration}});
    check(
        calibrated("viterbi", json!({})),
        "`decoder.calibration` is the object {}, expected nothing: only the decoder posterior takes it",
    );
    check(
        calibrated("posterior", json!({"DRUG": {"slope": 0.9}})),
        "`decoder.calibration.DRUG` is the object {\"slope\":0.9}, expected one of the types MEDICATION, DISEASE, PROCEDURE, SYMPTOM",
    );
    check(
        calibrated("posterior", json!({"DISEASE": {"slope": 0}})),
        "`decoder.calibration.DISEASE.slope` is the number 0.0, expected a number above 0 and up to 100",
    );
    check(
        calibrated("posterior", json!({"DISEASE": {"offset": 1}})),
        "`decoder.calibration.DISEASE.offset` is the number 1, expected one of the options slope, intercept",
    );
    check(
        json!({"id2label": ["O"]}),
        "`id2label` is the list [\"O\"], expected an object such as {\"0\": \"O\", \"1\": \"B-DISEASE\"}",
    );
    check(
        json!({"tag_scheme": "IOB7"}),
        "`tag_scheme` is the string \"IOB7\", expected IO, IOB1, IOB2, IOE1, IOE2, IOBES, BILOU, none",
    );
    // control characters of a stranger's file do not reach the terminal, and a long value is cut
    check(
        json!({"model_type": ["\u{1b}[31m", "x".repeat(99)]}),
        &format!("`model_type` is the list [\"\\u001b[31m\",\"{}…, expected a string", "x".repeat(25)),
    );
}

#[test]
fn a_file_that_is_no_json_is_described_in_our_words() {
    let check = |content: &str, expect: &str| {
        let home = with_config("bert-uncased", json!({}));
        fs::write(home.path().join("config.json"), content).unwrap();
        assert_eq!(refused(home.path()), format!("error: `M/config.json` is not usable: {expect}\n"));
    };
    let again = "or copy it again from its source";
    check(
        "{\"id2label\": {\"0\"",
        "it ends at line 1, column 17, in the middle of a value: copy it again from its source",
    );
    check("{'id2label': 1}", &format!("it is not JSON from line 1, column 2 on: mend it, {again}"));
    check("[1]", "it is the list [1], expected a JSON object");
    let home = with_config("bert-uncased", json!({}));
    fs::write(home.path().join("tokenizer.json"), "<html>").unwrap();
    let expect = "`M/tokenizer.json` is not a usable tokenizer (it is not JSON from line 1, column 1 on";
    assert!(refused(home.path()).contains(expect), "{}", refused(home.path()));
}

#[test]
fn a_pointer_of_git_lfs_is_called_so() {
    let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0a0b\nsize 438000000\n";
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.onnx"] {
        let home = with_config("bert-uncased", json!({}));
        fs::write(home.path().join(file), pointer).unwrap();
        let said = refused(home.path());
        let expect = format!("error: `M/{file}` is a Git LFS pointer, not the file itself: run `git lfs pull`");
        assert!(said.starts_with(&expect), "{said}");
    }
    let home = tempfile::tempdir().unwrap();
    let from = test_model("bert-cased");
    for name in ["config.json", "tokenizer.json", "tokenizer_config.json", "onnx/model.onnx"] {
        fs::copy(Path::new(&from).join(name), home.path().join(name.trim_start_matches("onnx/"))).unwrap();
    }
    fs::write(home.path().join("model.onnx_data"), pointer).unwrap();
    assert!(refused(home.path()).contains("`M/model.onnx_data` is a Git LFS pointer"));
}

#[test]
fn a_model_without_an_outside_label_warns_with_the_way_out() {
    let config: Value =
        serde_json::from_slice(&fs::read(Path::new(&test_model("bert-uncased")).join("config.json")).unwrap()).unwrap();
    let outside = config["id2label"].as_object().unwrap().iter().find(|(_, label)| *label == "O").unwrap().0.clone();
    let notes = support::column("notes.parquet", "note").slice(0, 20);
    let expect = annotate(&engine(raw(Some("bert-uncased"))), &notes);
    for name in ["OUT", "0", "o", "Outside"] {
        let mut labels = config["id2label"].clone();
        labels[&outside] = json!(name);
        let home = with_config("bert-uncased", json!({"id2label": labels}));
        let folder = home.path().to_str().unwrap();
        let warning = format!(
            "none of its labels is `O`, so every word is in an entity: if `{name}` means outside, use `--ignore-labels O,{name}` \
             (ignore_labels=[\"O\", \"{name}\"])"
        );
        assert!(stdout(&spanframe(&["model", "show", folder])).contains(&format!("warning       {warning}\n")));
        let said = stderr(&spanframe(&["text", "--model", folder, "Niega disnea."]));
        assert_eq!(said, format!("warning: model `{folder}`: {warning}\n"), "once at loading");
        // the way out works
        let ignored = vec!["O".to_string(), name.to_string()];
        let raw = RawOptions { model: Some(folder.into()), ignore_labels: Some(ignored), ..RawOptions::default() };
        assert_eq!(annotate(&engine(raw), &notes), expect);
    }
    let labels: Value = (0..labels_of(&config)).map(|id| (id.to_string(), json!(format!("LABEL_{id}")))).collect();
    let home = with_config("bert-uncased", json!({"id2label": labels}));
    let shown = stdout(&spanframe(&["model", "show", home.path().to_str().unwrap()]));
    assert!(shown.contains("if `LABEL_0` means outside, use `--ignore-labels O,LABEL_0`"), "{shown}");
}

fn labels_of(config: &Value) -> usize {
    config["id2label"].as_object().unwrap().len()
}
