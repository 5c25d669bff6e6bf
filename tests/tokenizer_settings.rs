//! Compares tokens under settings beside tokenizer.json with those of transformers' AutoTokenizer.
//!
//! `data/recipe/tokenizer_reference.py` made the reference, which names its versions.

mod support;

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use spanframe_model::{ModelFiles, Tokenizer};
use support::{data, reference, spanframe, stderr, stdout, test_model};

const FILES: [&str; 4] = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"];

/// A copy of the small files of a test model, with changed and removed fields.
fn changed(model: &str, files: &Map<String, Value>, removed: &Value) -> tempfile::TempDir {
    let (home, from) = (tempfile::tempdir().unwrap(), data("test_models").join(model));
    for name in FILES {
        fs::copy(from.join(name), home.path().join(name)).unwrap();
    }
    for (name, fields) in files {
        let path = home.path().join(name);
        let mut content: Map<String, Value> =
            fs::read(&path).map_or_else(|_| Map::new(), |bytes| serde_json::from_slice(&bytes).unwrap());
        content.extend(fields.as_object().unwrap().clone());
        content.retain(|field, _| !removed[name].as_array().unwrap().contains(&json!(field)));
        fs::write(path, Value::Object(content).to_string()).unwrap();
    }
    home
}

fn files(folder: &Path) -> ModelFiles {
    ModelFiles::Folder { folder: folder.to_path_buf(), onnx: folder.join("model.onnx") }
}

/// A span; an empty one has no place, because libraries count it in bytes or in code points.
fn placed(span: (usize, usize)) -> (usize, usize) {
    if span.0 == span.1 { (0, 0) } else { span }
}

/// Ids and spans in code points, special tokens included, as the reference has them.
fn answer(tokenizer: &Tokenizer, text: &str) -> (Vec<u32>, Vec<(usize, usize)>) {
    let encoding = tokenizer.encode_without_words(text).unwrap();
    let chars = |byte: usize| text[..byte].chars().count();
    let around = |ids: &[u32]| vec![(0, 0); ids.len()];
    let spans = encoding.raw().iter().map(|span| placed((chars(span.begin()), chars(span.end())))).collect();
    let ids = [tokenizer.prefix(), encoding.ids(), tokenizer.suffix()].concat();
    (ids, [around(tokenizer.prefix()), spans, around(tokenizer.suffix())].concat())
}

#[test]
fn settings_give_the_tokens_of_transformers() {
    let reference = reference("tokenizer_settings.json.gz");
    let (mut compared, mut failed) = (0, Vec::new());
    for case in reference["cases"].as_array().unwrap() {
        let model = case["model"].as_str().unwrap();
        let home = changed(model, case["files"].as_object().unwrap(), &case["removed"]);
        let tokenizer = Tokenizer::read(&files(home.path())).unwrap();
        let plain;
        // an id beyond the embeddings cannot run, so such a token stays text
        let answers = if let Value::String(_) = case["answers"] {
            let unchanged = |other: &&Value| other["model"] == model && other["name"] == "unchanged";
            plain = reference["cases"].as_array().unwrap().iter().find(unchanged).unwrap();
            &plain["answers"]
        } else {
            &case["answers"]
        };
        for (text, expect) in reference["texts"][model].as_array().unwrap().iter().zip(answers.as_array().unwrap()) {
            let text = text.as_str().unwrap();
            let (ids, spans): (Vec<u32>, Vec<(usize, usize)>) = serde_json::from_value(expect.clone()).unwrap();
            let expect = (ids, spans.into_iter().map(placed).collect());
            let found = answer(&tokenizer, text);
            if found != expect {
                failed.push(format!("{model}, {} {}: {text}\n{found:?}\n{expect:?}", case["name"], case["files"]));
            }
            compared += 1;
        }
    }
    let first = failed.iter().take(8).cloned().collect::<Vec<_>>().join("\n");
    assert!(failed.is_empty(), "{} of {compared}:\n{first}", failed.len());
    assert!(compared > 4000);
}

/// The entities that the program finds with the model in `folder`, and what it says on standard error.
fn run(folder: &Path) -> (String, String) {
    let note = "Paciente con DIABETES MELLITUS tipo 2, toma Metformina. Refiere DOLOR TORÁCICO.";
    let output = spanframe(&["text", "--json", "--model", folder.to_str().unwrap(), note]);
    (stdout(&output), stderr(&output))
}

/// A copy of a test model with `fields` in tokenizer_config.json; `None` for no such file.
fn model(name: &str, fields: Option<Value>) -> tempfile::TempDir {
    let (home, from) = (tempfile::tempdir().unwrap(), test_model(name));
    for file in ["config.json", "tokenizer.json", "model.onnx"] {
        fs::copy(Path::new(&from).join(file), home.path().join(file)).unwrap();
    }
    if let Some(fields) = fields {
        fs::write(home.path().join("tokenizer_config.json"), fields.to_string()).unwrap();
    }
    home
}

/// The way of a user: a setting in tokenizer_config.json alone does what the same setting in tokenizer.json does.
#[test]
fn a_setting_alone_changes_the_entities_as_in_tokenizer_json() {
    let set = model("bert-uncased", Some(json!({"do_lower_case": false, "tokenizer_class": "BertTokenizer"})));
    let baked = model("bert-uncased", None);
    let path = baked.path().join("tokenizer.json");
    let tokenizer = fs::read_to_string(&path).unwrap();
    assert!(tokenizer.contains("\"lowercase\": true") || tokenizer.contains("\"lowercase\":true"));
    let tokenizer = tokenizer.replace("\"lowercase\": true", "\"lowercase\": false");
    fs::write(path, tokenizer.replace("\"lowercase\":true", "\"lowercase\":false")).unwrap();
    let plain = model("bert-uncased", None);
    assert_eq!(run(set.path()), run(baked.path()));
    assert_ne!(run(set.path()).0, run(plain.path()).0);
}

#[test]
fn a_default_that_contradicts_tokenizer_json_is_warned_of() {
    let home = model("distilbert", Some(json!({"model_max_length": 128})));
    let folder = home.path().to_str().unwrap();
    let warning = "tokenizer_config.json leaves out `do_lower_case`, so the default of transformers' DistilBertTokenizerFast \
                   replaces what tokenizer.json says: add \"do_lower_case\": false if tokenizer.json is right";
    assert_eq!(run(home.path()).1, format!("warning: model `{folder}`: {warning}\n"));
    assert!(stdout(&spanframe(&["model", "show", folder])).contains(&format!("warning       {warning}\n")));
    // said, it is no default
    let said = model("distilbert", Some(json!({"do_lower_case": false})));
    assert_eq!(run(said.path()), run(model("distilbert", None).path()));
}

#[test]
fn a_setting_of_a_wrong_type_is_refused_by_its_name() {
    let check = |fields: Value, expect: &str| {
        let home = model("roberta", Some(fields));
        let said = run(home.path()).1.replace(home.path().to_str().unwrap(), "M");
        assert_eq!(said, format!("error: `M/tokenizer_config.json` is not usable: {expect}\n"));
    };
    check(json!({"add_prefix_space": "no"}), "`add_prefix_space` is the string \"no\", expected true or false");
    check(
        json!({"mask_token": 7}),
        "`mask_token` is the number 7, expected a token: a string, or an object with its `content`",
    );
    check(
        json!({"from_slow": true}),
        "`from_slow` is true, expected false: transformers would build another tokenizer and leave tokenizer.json out; save \
         that tokenizer with save_pretrained",
    );
}

/// Files of old versions count for the digest where they change tokens, and nowhere else.
#[test]
fn old_files_change_the_digest_only_where_they_change_tokens() {
    let home = model("bert-uncased", Some(json!({"do_lower_case": true})));
    let digest = || ModelFiles::find(home.path(), "").unwrap().digest().unwrap();
    let alone = digest();
    fs::write(home.path().join("special_tokens_map.json"), json!({"mask_token": "[MASK]"}).to_string()).unwrap();
    assert_eq!(digest(), alone);
    fs::write(home.path().join("added_tokens.json"), json!({"later": 7}).to_string()).unwrap();
    let added = digest();
    assert_ne!(added, alone);
    fs::write(home.path().join("added_tokens.json"), json!({"aspirin": 7}).to_string()).unwrap();
    assert_ne!(digest(), added);
}
