//! Folders that Spark NLP saved (data/reference/sparknlp_folders) give the entities of the ONNX files they were made
//! from.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    home::{Home, copy},
    support::{data, read, stderr, test_model, write},
};

const NOTES: usize = 300;
const KINDS: [&str; 7] =
    ["bert-cased", "bert-uncased", "roberta", "xlm-roberta-fp32", "distilbert", "camembert", "deberta-v2"];

fn saved(name: &str) -> PathBuf {
    data("reference/sparknlp_folders").join(name)
}

/// A copy of a test model with the scores of its pieces rounded to 32 bits, as SentencePiece stores them.
fn original(name: &str, folder: &Path) -> PathBuf {
    let copied = folder.join(name);
    copy(test_model(name).as_ref(), &copied);
    let file = copied.join("tokenizer.json");
    let mut tokenizer: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    if tokenizer["model"]["type"] == "Unigram" {
        for piece in tokenizer["model"]["vocab"].as_array_mut().unwrap() {
            piece[1] = json!(f64::from(piece[1].as_f64().unwrap() as f32));
        }
        fs::write(file, tokenizer.to_string()).unwrap();
    }
    copied
}

/// The entities that the program finds in the hard cases and in the first notes.
fn annotated(home: &Home, model: &str) -> Vec<arrow_array::RecordBatch> {
    let notes = home.folder.path().join("notes.parquet");
    write(&notes, &read(&data("notes.parquet")).slice(0, NOTES));
    [data("hard_cases.parquet"), notes]
        .map(|input| {
            let output = home.folder.path().join("out.parquet");
            let [input, output] = [&input, &output].map(|path| path.to_str().unwrap());
            // a folder of Spark NLP does not record the window length of the model
            home.done(&[
                "annotate",
                input,
                "-o",
                output,
                "--column",
                "note",
                "--select",
                "note",
                "--model",
                model,
                "--overwrite",
                "--quiet",
                "--max-length",
                "64",
            ]);
            read(output.as_ref())
        })
        .into()
}

#[test]
fn every_kind_of_folder_gives_the_entities_of_the_onnx_file_it_came_from() {
    let folder = tempfile::tempdir().unwrap();
    for name in KINDS {
        let home = Home::new();
        let said = home.done(&["model", "import", saved(name).to_str().unwrap()]);
        assert!(said.starts_with(&format!("installed     {name}\n")), "{said}");
        let expect = annotated(&home, original(name, folder.path()).to_str().unwrap());
        let found = annotated(&home, name);
        for (found, expect) in found.iter().zip(&expect) {
            // the columns alone: the schemas name different models
            assert!(found.num_rows() > 20 && found.columns() == expect.columns(), "{name}");
        }
        // config.json has labels, positions and padding
        let config = |path: PathBuf| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
        let (found, expect) = (
            config(home.models().join(name).join("config.json")),
            config(folder.path().join(name).join("config.json")),
        );
        for field in ["model_type", "architectures", "id2label", "pad_token_id"] {
            assert_eq!(found[field], expect[field], "{name} {field}");
        }
        if name != "deberta-v2" {
            assert_eq!(found["max_position_embeddings"], expect["max_position_embeddings"], "{name}");
        }
        let card = home.done(&["model", "show", name]);
        assert!(
            card.contains("Imported from a folder that Spark NLP saved") && card.contains("| maxSentenceLength | 96 |")
        );
        home.done(&["model", "verify", name]);
    }
}

#[test]
fn a_pipeline_and_a_zip_give_what_the_classifier_gives() {
    let home = Home::new();
    home.done(&["model", "import", saved("bert-cased").to_str().unwrap(), "--name", "alone"]);
    home.done(&["model", "import", saved("pipeline").to_str().unwrap()]);
    let archive = home.folder.path().join("bert_token_classifier_en.zip");
    let mut writer = ZipWriter::new(File::create(&archive).unwrap());
    add(&mut writer, &saved("bert-cased"), "");
    writer.finish().unwrap();
    home.done(&["model", "import", archive.to_str().unwrap()]);
    let expect = home.entities("alone");
    assert_ne!(expect.trim(), "[]");
    for name in ["pipeline", "bert_token_classifier_en"] {
        assert_eq!(home.entities(name), expect);
        for file in ["tokenizer.json", "config.json", "model.onnx"] {
            let of = |name: &str| fs::read(home.models().join(name).join(file)).unwrap();
            assert_eq!(of(name), of("alone"), "{name} {file}");
        }
    }
    assert_eq!(home.installed(), ["alone", "bert_token_classifier_en", "pipeline"]);
    home.refused(&["model", "add", saved("bert-cased").to_str().unwrap()], 2, &["use `spanframe model import` for it"]);
    home.refused(&["model", "import", &test_model("bert-cased")], 2, &["use `spanframe model add` for a model folder"]);
}

/// Spark NLP 5.5.3 saves external data neither in the zip file nor beside it. In either place it is found.
#[test]
fn weights_beside_the_graph_are_imported_or_missed() {
    let source = tempfile::tempdir().unwrap();
    let folder = source.path().join("saved");
    copy(&saved("bert-cased"), &folder);
    let onnx = PathBuf::from(test_model("bert-cased")).join("onnx");
    let zip = |files: &[&str]| {
        let mut writer = ZipWriter::new(File::create(folder.join("bert_classification_onnx")).unwrap());
        for file in files {
            writer.start_file(*file, SimpleFileOptions::default()).unwrap();
            writer.write_all(&fs::read(onnx.join(file)).unwrap()).unwrap();
        }
        writer.finish().unwrap();
    };
    let home = Home::new();
    let path = folder.to_str().unwrap();
    zip(&["model.onnx"]);
    home.refused(&["model", "import", path], 3, &["`model.onnx_data`, which is not there", "copy it into the folder"]);
    zip(&["model.onnx", "model.onnx_data"]);
    home.done(&["model", "import", path, "--name", "inside"]);
    zip(&["model.onnx"]);
    fs::copy(onnx.join("model.onnx_data"), folder.join("bert_classification_model.onnx_data")).unwrap();
    home.done(&["model", "import", path, "--name", "beside"]);
    for name in ["inside", "beside"] {
        assert_eq!(home.entities(name), home.entities(&test_model("bert-cased")));
    }
}

fn add(writer: &mut ZipWriter<File>, folder: &Path, below: &str) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        match entry.path().is_dir() {
            true => add(writer, &entry.path(), &format!("{name}/")),
            false => {
                writer.start_file(name, SimpleFileOptions::default()).unwrap();
                writer.write_all(&fs::read(entry.path()).unwrap()).unwrap();
            }
        }
    }
}

#[test]
fn a_folder_that_cannot_be_read_is_refused_with_file_and_place() {
    let check = |name: &str, change: &dyn Fn(&Path), expect: &[&str]| {
        let source = tempfile::tempdir().unwrap();
        let folder = source.path().join("saved");
        copy(&saved(name), &folder);
        change(&folder);
        let home = Home::new();
        home.refused(&["model", "import", folder.to_str().unwrap()], 3, expect);
        assert_eq!(home.installed(), [""; 0]);
    };
    let truncate = |path: PathBuf| {
        let bytes = fs::read(&path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 7]).unwrap();
    };
    let edit = |path: PathBuf, from: &str, to: &str| {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from));
        fs::write(path, text.replace(from, to)).unwrap();
    };
    let metadata = |folder: &Path| folder.join("metadata/part-00000");
    check(
        "bert-cased",
        &|f| truncate(f.join("fields/vocabulary/part-00000")),
        &["fields/vocabulary/part-00000", "byte ", "truncated"],
    );
    check("roberta", &|f| fs::write(f.join("fields/merges/part-00000"), "SEQ").unwrap(), &["merges", "byte 3"]);
    check(
        "bert-cased",
        &|f| fs::remove_dir_all(f.join("fields/labels")).unwrap(),
        &["fields/labels", "copy the whole folder"],
    );
    check(
        "distilbert",
        &|f| {
            fs::rename(f.join("distilbert_classification_onnx"), f.join("distilbert_classification_tensorflow"))
                .unwrap();
        },
        &["it was saved with the engine TensorFlow", "spanframe model export"],
    );
    check(
        "camembert",
        &|f| fs::write(f.join("camembert_spp"), "no model").unwrap(),
        &["camembert_spp", "SentencePiece"],
    );
    // an offset in the normalizer's table leads beyond its end
    let leads_out = |f: &Path| {
        let path = f.join("xlmroberta_spp");
        let mut bytes = fs::read(&path).unwrap();
        let table = [0x00, 0xb4, 0x02, 0x00, 0x00, 0x84, 0x00, 0x00];
        let at = bytes.windows(8).position(|w| w == table).unwrap();
        bytes[at + 6..at + 8].copy_from_slice(&[0xff, 0x7f]);
        fs::write(path, bytes).unwrap();
    };
    check("xlm-roberta-fp32", &leads_out, &["not a usable tokenizer", "precompiled_charsmap"]);
    check("deberta-v2", &|f| truncate(f.join("deberta_classification_onnx")), &["deberta_classification_onnx"]);
    check("bert-cased", &|f| edit(metadata(f), "BertForTokenClassification", "NerDLModel"), &["it is a NerDLModel"]);
    check("bert-cased", &|f| fs::write(metadata(f), "{").unwrap(), &["metadata/part-00000", "not metadata of Spark"]);
    check(
        "pipeline",
        &|f| {
            let stages = fs::read_dir(f.join("stages")).unwrap().flatten().map(|e| e.path());
            let stage = stages.into_iter().find(|p| p.to_str().unwrap().contains("BERT")).unwrap();
            copy(&stage, &f.join("stages/4_second"));
        },
        &["several token classifiers", "4_second"],
    );
    check(
        "pipeline",
        &|f| {
            let stages = fs::read_dir(f.join("stages")).unwrap().flatten().map(|e| e.path());
            fs::remove_dir_all(stages.into_iter().find(|p| p.to_str().unwrap().contains("BERT")).unwrap()).unwrap();
        },
        &["no stage of the pipeline (DocumentAssembler, TokenizerModel, NerConverter)"],
    );
    let home = Home::new();
    let output = home.run(&["model", "import", "no/such/folder"]);
    assert!(stderr(&output).contains("there is no model at `no/such/folder`"), "{}", stderr(&output));
}
