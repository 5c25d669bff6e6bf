//! Model folders: which load, and with which message the others are refused.

mod support;

use std::{fs, path::Path};

use serde_json::{Value, json};
use spanframe_engine::{Engine, EngineError, EngineOptions, ErrorKind, RawOptions};
use support::{annotate, data, engine, raw, texts};
use tempfile::TempDir;

#[test]
fn the_bundled_model_is_the_folder_in_data() {
    let notes = texts([Some("Refiere dolor torácico y toma aspirina 100 mg.")]);
    let folder = data("models/clinical-ner-small").display().to_string();
    let from_folder = engine(RawOptions { model: Some(folder.clone().into()), ..RawOptions::default() });
    let by_file =
        engine(RawOptions { model: Some(format!("{folder}/model_int8.onnx").into()), ..RawOptions::default() });
    let by_name = engine(RawOptions { model: Some("clinical-ner-small".into()), ..RawOptions::default() });
    let expect = annotate(&engine(RawOptions::default()), &notes);
    assert!(!expect[0].as_ref().unwrap().is_empty());
    for other in [from_folder, by_file, by_name] {
        assert_eq!(annotate(&other, &notes), expect);
    }
}

/// RoBERTa counts positions from its padding id on. A graph with an input for positions gets them so.
#[test]
fn positions_are_given_to_a_graph_that_asks_for_them() {
    let notes = support::column("notes.parquet", "note").slice(0, 12);
    let with_positions = engine(raw(Some("roberta/model_positions.onnx")));
    assert_eq!(annotate(&with_positions, &notes), annotate(&engine(raw(Some("roberta"))), &notes));
}

/// The families derived from RoBERTa count positions likewise, whatever the name of their `model_type`.
#[test]
fn a_window_beyond_the_positions_is_refused_when_the_model_is_loaded() {
    let called = |name: &str, window: Option<usize>| {
        let home = tempfile::tempdir().unwrap();
        copy(&data("test_models/roberta"), home.path());
        fs::remove_file(home.path().join("tokenizer_config.json")).unwrap();
        edit(home.path(), "config.json", "\"roberta\"", &format!("\"{name}\""));
        if let Some(window) = window {
            edit(home.path(), "config.json", "\"id2label\"", &format!("\"window_length\": {window}, \"id2label\""));
        }
        home
    };
    let long = "Refiere dolor torácico y toma aspirina 100 mg ".repeat(50);
    let annotated = |home: &Path| {
        let model = Some(home.display().to_string().into());
        annotate(&engine(RawOptions { model, ..RawOptions::default() }), &texts([Some(long.as_str())]))
    };
    let expect = annotated(called("roberta", None).path());
    for name in ["longformer", "mpnet", "xmod", "data2vec-text", "luke"] {
        assert_eq!(annotated(called(name, None).path()), expect, "{name}");
    }
    let refused = refusal(called("relative", None).path());
    assert_eq!(refused.kind(), ErrorKind::Model);
    for part in ["config.json", "windows of 132 tokens", "model.onnx", "132 position embeddings", "`window_length`"] {
        assert!(refused.to_string().contains(part), "{refused}");
    }
    assert_eq!(annotated(called("relative", Some(130)).path()), expect);
    // fewer positions than config.json promises
    check_refused(
        "bert-uncased",
        |f| {
            fs::remove_file(f.join("tokenizer_config.json")).unwrap();
            edit(f, "config.json", "\"max_position_embeddings\": 130", "\"max_position_embeddings\": 512");
        },
        &["windows of 512 tokens", "130 position embeddings"],
    );
}

#[test]
fn a_tokenizer_with_a_malformed_table_is_refused() {
    let change = |folder: &Path| {
        let path = folder.join("tokenizer.json");
        let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        // a table of one entry, whose offset leads beyond the table
        tokenizer["normalizer"]["normalizers"][0]["precompiled_charsmap"] = "BAAAAAD//38=".into();
        fs::write(path, tokenizer.to_string()).unwrap();
    };
    check_refused("xlm-roberta", change, &["tokenizer.json", "precompiled_charsmap", "copy it again"]);
}

/// The `tokenizers` library panics on them.
#[test]
fn a_tokenizer_with_a_malformed_decoder_is_refused() {
    for decoder in
        [r#"{"type":"WordPiece","prefix":"\ud800","cleanup":true}"#, r#"{"type":"WordPiece","prefix":1e999}"#]
    {
        let change = |folder: &Path| {
            let path = folder.join("tokenizer.json");
            let mut tokenizer: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            tokenizer["decoder"] = "DECODER".into();
            fs::write(path, tokenizer.to_string().replace("\"DECODER\"", decoder)).unwrap();
        };
        check_refused("bert-cased", change, &["tokenizer.json` is not a usable tokenizer", "copy it again"]);
    }
}

#[test]
fn lines_in_capitals_are_read_in_lower_case_where_the_model_asks_for_it() {
    let home = tempfile::tempdir().unwrap();
    copy(&data("test_models/bert-cased"), home.path());
    edit(home.path(), "config.json", "\"id2label\"", "\"lower_capitals\": true, \"id2label\"");
    let written = "REFIERE DISNEA, TOS Y NÁUSEAS; TOMA ASPIRINA.\nTAC normal, sin DIABETES. HTA";
    let lowered = "refiere disnea, tos y náuseas; toma aspirina.\nTAC normal, sin DIABETES. HTA";
    let find = |model: &Path, emulate: Option<&str>, text: &str| {
        let model = Some(model.display().to_string().into());
        let emulate = emulate.map(Into::into);
        let engine = engine(RawOptions { model, emulate, ..RawOptions::default() });
        let found = annotate(&engine, &texts([Some(text)])).remove(0).unwrap();
        found.into_iter().map(|f| (f.entity, f.begin, f.end, f.confidence, f.chunk)).collect::<Vec<_>>()
    };
    let plain = data("test_models/bert-cased");
    assert_ne!(find(&plain, None, written), find(&plain, None, lowered));
    let mut expect = find(&plain, None, lowered);
    for found in &mut expect {
        found.4 = written.chars().skip(found.1 as usize).take((found.2 - found.1) as usize).collect();
    }
    assert!(expect.iter().any(|found| found.4.chars().any(char::is_uppercase)));
    assert_eq!(find(home.path(), None, written), expect);
    // Hugging Face does not lower capitals, so its emulation does not either
    assert_eq!(find(home.path(), Some("huggingface"), written), find(&plain, Some("huggingface"), written));
}

#[test]
fn phrases_in_capitals_are_read_in_lower_case_where_the_model_asks_for_it() {
    let home = tempfile::tempdir().unwrap();
    copy(&data("test_models/bert-cased"), home.path());
    edit(home.path(), "config.json", "\"id2label\"", "\"lower_capitals\": \"phrases\", \"id2label\"");
    let written = "- DISNEA / paciente con DOLOR LUMBAR, toma ASPIRINA. HTA";
    let lowered = "- disnea / paciente con dolor lumbar, toma aspirina. HTA";
    let find = |model: &Path, text: &str| {
        let engine = engine(RawOptions { model: Some(model.display().to_string().into()), ..RawOptions::default() });
        let found = annotate(&engine, &texts([Some(text)])).remove(0).unwrap();
        found.into_iter().map(|f| (f.entity, f.begin, f.end, f.confidence)).collect::<Vec<_>>()
    };
    let plain = data("test_models/bert-cased");
    assert_ne!(find(&plain, written), find(&plain, lowered));
    assert_eq!(find(home.path(), written), find(&plain, lowered));
}

#[test]
fn calibration_changes_the_confidence_of_its_type_and_no_entity() {
    let homes = [None, Some(json!({"DISEASE": {"slope": 0.5, "intercept": -0.4}}))].map(|calibration| {
        let home = tempfile::tempdir().unwrap();
        copy(&data("models/clinical-ner-small"), home.path());
        let path = home.path().join("config.json");
        let mut config: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let decoder = config["decoder"].as_object_mut().unwrap();
        assert!(decoder.remove("calibration").is_some());
        decoder.extend(calibration.map(|types| ("calibration".to_owned(), types)));
        fs::write(path, config.to_string()).unwrap();
        home
    });
    let find = |home: &TempDir, decoding: Option<&str>| {
        let model = Some(home.path().display().to_string().into());
        let engine = engine(RawOptions { model, decoding: decoding.map(Into::into), ..RawOptions::default() });
        let note = "Paciente con neumonía y diabetes mellitus. Toma metformina, refiere disnea y dolor torácico.";
        annotate(&engine, &texts([Some(note)])).remove(0).unwrap()
    };
    let [plain, calibrated] = [0, 1].map(|i| find(&homes[i], None));
    assert!(plain.iter().any(|f| f.entity == "DISEASE") && plain.iter().any(|f| f.entity != "DISEASE"));
    for (plain, calibrated) in plain.iter().zip(&calibrated) {
        assert_eq!((&plain.entity, plain.begin, plain.end), (&calibrated.entity, calibrated.begin, calibrated.end));
        assert_eq!(plain.confidence == calibrated.confidence, plain.entity != "DISEASE", "{plain:?}, {calibrated:?}");
        assert!(calibrated.confidence <= plain.confidence);
    }
    assert_eq!(plain.len(), calibrated.len());
    // other decoders give no probability of a mention, so nothing is calibrated
    let confidence = |found: Vec<support::Found>| found.into_iter().map(|f| f.confidence).collect::<Vec<_>>();
    assert_eq!(confidence(find(&homes[1], Some("viterbi"))), confidence(find(&homes[0], Some("viterbi"))));
}

#[test]
fn the_bundled_model_reads_capitals() {
    let note = "PACIENTE CON DIABETES MELLITUS TIPO 2 QUE REFIERE DISNEA. TRATAMIENTO CON METFORMINA.";
    let found = annotate(&engine(RawOptions::default()), &texts([Some(note)])).remove(0).unwrap();
    let found: Vec<_> = found.iter().map(|f| (f.entity.as_str(), f.chunk.as_str())).collect();
    let expect = [("DISEASE", "DIABETES MELLITUS TIPO 2"), ("SYMPTOM", "DISNEA"), ("MEDICATION", "METFORMINA")];
    assert_eq!(found, expect);
}

/// In the first notes of data/notes.parquet the bundled model finds every entity and no other.
#[test]
fn the_sample_paragraphs_are_fully_right() {
    let notes = support::column("notes.parquet", "note").slice(0, 3);
    let found = annotate(&engine(RawOptions::default()), &notes);
    let expect = [
        [
            ("DISEASE", "type 2 diabetes mellitus"),
            ("DISEASE", "arterial hypertension"),
            ("PROCEDURE", "percutaneous coronary intervention"),
            ("MEDICATION", "metformin"),
            ("MEDICATION", "insulin glargine"),
            ("MEDICATION", "aspirin"),
            ("SYMPTOM", "chest pain"),
            ("SYMPTOM", "shortness of breath"),
        ],
        [
            ("DISEASE", "diabetes mellitus tipo 2"),
            ("DISEASE", "hipertensión arterial"),
            ("PROCEDURE", "intervención coronaria percutánea"),
            ("MEDICATION", "metformina"),
            ("MEDICATION", "insulina glargina"),
            ("MEDICATION", "aspirina"),
            ("SYMPTOM", "dolor torácico"),
            ("SYMPTOM", "disnea"),
        ],
        [
            ("DISEASE", "diabete mellito di tipo 2"),
            ("DISEASE", "ipertensione arteriosa"),
            ("PROCEDURE", "intervento coronarico percutaneo"),
            ("MEDICATION", "metformina"),
            ("MEDICATION", "insulina glargine"),
            ("MEDICATION", "aspirina"),
            ("SYMPTOM", "dolore toracico"),
            ("SYMPTOM", "dispnea"),
        ],
    ];
    for (row, expect) in found.iter().zip(expect) {
        let row: Vec<_> = row.iter().flatten().map(|f| (f.entity.as_str(), f.chunk.as_str())).collect();
        assert_eq!(row, expect);
    }
}

fn refusal(model: &Path) -> EngineError {
    let raw = RawOptions { model: Some(model.display().to_string().into()), ..RawOptions::default() };
    Engine::new(&EngineOptions::new(raw).unwrap()).err().expect("the model is refused")
}

/// Changes a copy of a test model and checks that loading fails with all of `expect` in the message.
fn check_refused(model: &str, change: impl FnOnce(&Path), expect: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    copy(&data("test_models").join(model), folder.path());
    change(folder.path());
    let error = refusal(folder.path());
    let message = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Model, "{message}");
    for part in expect {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn truncate(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

#[test]
fn unusable_folders_are_refused_with_the_file_and_the_way_out() {
    let remove = |file: &'static str| move |folder: &Path| fs::remove_file(folder.join(file)).unwrap();
    check_refused("bert-uncased", remove("config.json"), &["has no config.json"]);
    check_refused("bert-uncased", remove("tokenizer.json"), &["has no tokenizer.json", "save_pretrained"]);
    check_refused("bert-uncased", remove("model.onnx"), &["has no model.onnx", "spanframe model export"]);
    check_refused("bert-cased", remove("onnx/model.onnx_data"), &["model.onnx", "such as model.onnx_data"]);
    check_refused("bert-uncased", |f| fs::write(f.join("config.json"), "{").unwrap(), &["config.json", "line 1"]);
    check_refused("bert-uncased", |f| fs::write(f.join("config.json"), "{}").unwrap(), &["config.json", "id2label"]);
    check_refused(
        "bert-uncased",
        |f| fs::write(f.join("tokenizer.json"), "{}").unwrap(),
        &["tokenizer.json", "copy it again"],
    );
    check_refused("bert-uncased", |f| truncate(&f.join("model.onnx")), &["model.onnx", "truncated or damaged"]);
    check_refused("bert-uncased", |f| fs::write(f.join("model.onnx"), "not a model").unwrap(), &["model.onnx"]);
    check_refused("multi-head", |f| edit(f, "config.json", "\"viterbi\"", "\"viterby\""), &["config.json", "viterby"]);
    check_refused(
        "multi-head",
        |f| edit(f, "config.json", "\"begin_after_entity_cost\": 2.0", "\"begin_after_entity_cost\": -1.0"),
        &["config.json", "begin_after_entity_cost -1 is not from 0 to 100"],
    );
    check_refused(
        "multi-head",
        |f| edit(f, "config.json", "\"window_length\": 64", "\"window_length\": 640"),
        &["window_length 640"],
    );
    check_refused(
        "multi-head",
        |f| edit(f, "config.json", "\"B-DISEASE\"", "\"DISEASE\""),
        &["head `DISEASE`", "`decoder`"],
    );
    check_refused(
        "bert-uncased",
        |f| fs::copy(data("test_models/roberta/config.json"), f.join("config.json")).map(drop).unwrap(),
        &["model.onnx", "13", "config.json has 13 labels"],
    );
    check_refused(
        "bert-uncased",
        |f| {
            fs::rename(f.join("model.onnx"), f.join("model_a.onnx")).unwrap();
            fs::copy(f.join("model_a.onnx"), f.join("model_b.onnx")).map(drop).unwrap();
        },
        &["model_a.onnx", "model_b.onnx", "name one of these files"],
    );
}

/// The opset is a varint near the end of the file: field 2 of the operator set in field 8 of the model.
#[test]
fn an_opset_from_the_future_is_refused_with_the_way_out() {
    let change = |folder: &Path| {
        let path = folder.join("model.onnx");
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(4).rposition(|w| {
            w[0] == 0x42 && w[2] == 0x0a && w[3] == 0x00 || w[0] == 0x42 && w[1] == 0x02 && w[2] == 0x10
        });
        let at = at.expect("an operator set without domain");
        let version = at + bytes[at..].iter().position(|&b| b == 17).expect("opset 17");
        bytes[version] = 120;
        fs::write(path, bytes).unwrap();
    };
    check_refused("bert-uncased", change, &["model.onnx", "older opset"]);
}

#[test]
fn a_second_library_is_refused() {
    engine(raw(Some("bert-uncased")));
    let other = Some(data("sample.txt"));
    let options = EngineOptions::new(RawOptions { onnxruntime: other, ..raw(Some("bert-uncased")) }).unwrap();
    let error = Engine::new(&options).err().expect("a process has one library");
    assert!(error.to_string().contains("is already loaded from"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Device);
}

#[test]
fn an_absent_model_is_refused_with_the_names_there_are() {
    let error = refusal(Path::new("no/such/model"));
    let said = error.to_string();
    let expect = "there is no model at `no/such/model`: name a folder with config.json, tokenizer.json and model.onnx, an .onnx \
         file in such a folder, or a name that `spanframe model list` shows, such as ";
    assert!(said.starts_with(expect), "{said}");
    assert_eq!(said[expect.len()..].split(", ").count(), 4, "{said}");
}

#[test]
fn options_are_checked_against_the_model() {
    let refused = |change: fn(&mut RawOptions)| {
        let mut raw = raw(Some("multi-head"));
        change(&mut raw);
        Engine::new(&EngineOptions::new(raw).unwrap()).err().expect("refused").to_string()
    };
    assert_eq!(
        refused(|o| o.entities = Some(vec!["DISEASES".into()])),
        "option `entities` cannot be `DISEASES`; did you mean `DISEASE`?; it may be MEDICATION, DISEASE, PROCEDURE, SYMPTOM"
    );
    assert_eq!(
        refused(|o| o.max_length = Some(2)),
        "option `max_length` cannot be 2; it may be 3 to 130 with this model"
    );
    assert_eq!(
        refused(|o| o.stride = Some(62)),
        "option `stride` cannot be 62; it may be 0 to 61, below the 62 tokens of a window"
    );
}

#[test]
fn logits_that_are_not_numbers_are_an_error() {
    let home = tempfile::tempdir().unwrap();
    copy(&data("test_models/bert-uncased"), home.path());
    let file = home.path().join("model.onnx");
    let mut graph = fs::read(&file).unwrap();
    // the name of the classifier's bias, followed by the field with its raw data
    let name = b"classifier.bias";
    let at = graph.windows(name.len()).rposition(|bytes| bytes == name).unwrap() + name.len();
    let length = usize::from(graph[at + 1]);
    assert!(graph[at] == 0x4a && length % 4 == 0, "raw_data of a few floats");
    graph[at + 2..at + 6].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&file, graph).unwrap();
    let options = EngineOptions::new(RawOptions {
        model: Some(home.path().display().to_string().into()),
        ..RawOptions::default()
    });
    let error = Engine::new(&options.unwrap()).err().expect("not a model that finds nothing").to_string();
    assert!(error.contains("not numbers") && error.contains("model.onnx"), "{error}");
}

#[test]
fn emulating_spark_nlp_wants_a_token_at_the_end() {
    let home = tempfile::tempdir().unwrap();
    copy(&data("test_models/bert-uncased"), home.path());
    let file = home.path().join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    tokenizer["post_processor"] = Value::Null;
    fs::write(&file, tokenizer.to_string()).unwrap();
    let with = |emulate: Option<&str>| {
        let model = Some(home.path().display().to_string().into());
        Engine::new(
            &EngineOptions::new(RawOptions { model, emulate: emulate.map(Into::into), ..RawOptions::default() })
                .unwrap(),
        )
    };
    assert!(with(None).is_ok());
    let error = with(Some("sparknlp")).err().expect("refused").to_string();
    assert!(error.contains("emulate") && error.contains("post_processor"), "{error}");
}

#[test]
fn scripts_without_spaces_have_no_words() {
    // every character is a unit, so that a run of them does not take the label of its first one
    let found =
        annotate(&engine(raw(Some("bert-uncased"))), &texts([Some("日本糖尿病高血圧肺炎 aspirin")])).remove(0).unwrap();
    assert!(found.iter().filter(|entity| entity.begin < 10).count() > 1);
}
