//! Models by name: published names, installed folders, and their scores in card, README and list.

mod support;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use spanframe_engine::catalogue::ALIASES;
use support::{data, stderr, stdout, test_model};

const TEXT: &str = "Paciente con diabetes mellitus tipo 2 en tratamiento con metformina. Refiere dolor torácico; se realiza una \
                    radiografía de tórax. Patient takes aspirin. Paziente con dispnea.";

/// Runs the program with the installed models of `home`.
fn run(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanframe")).args(args).env("SPANFRAME_HOME", home).output().unwrap()
}

fn json(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).unwrap()),
        }
    }
}

#[test]
fn a_published_name_gives_its_entity_of_the_bundled_model() {
    let home = tempfile::tempdir().unwrap();
    let all = json(&run(home.path(), &["text", "--json", TEXT]));
    let types: HashSet<&str> = all.iter().map(|e| e["entity"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 4, "{all:?}");
    for alias in &ALIASES {
        let found = json(&run(home.path(), &["text", "--json", "--model", alias.name, TEXT]));
        let expect: Vec<Value> = all.iter().filter(|e| e["entity"] == alias.entity).cloned().collect();
        assert_eq!(found, expect, "{}", alias.name);
    }
}

#[test]
fn a_published_name_has_no_other_entity_and_says_whose_weights_it_has() {
    let home = tempfile::tempdir().unwrap();
    let name = "roberta_symptom_ner_es_onnx";
    let refused = run(home.path(), &["text", "--model", name, "--entities", "DISEASE", TEXT]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("option `entities` cannot be `DISEASE`; it may be SYMPTOM"),
        "{}",
        stderr(&refused)
    );
    let card = stdout(&run(home.path(), &["model", "show", name]));
    assert!(card.starts_with(&format!("model         {name}\n")), "{card}");
    assert!(
        card.contains("whose weights are spanframe's own: not those of any model published under this name"),
        "{card}"
    );
    assert!(card.contains("entities      SYMPTOM\n"), "{card}");
}

#[test]
fn a_published_name_has_no_outside_entities() {
    let home = tempfile::tempdir().unwrap();
    let strategy = ["text", "--ignore-labels", "--json", "--aggregation-strategy", "simple"];
    let all = json(&run(home.path(), &[&strategy[..], &[TEXT]].concat()));
    assert!(all.iter().any(|e| e["entity"] == "O"), "the label O is kept: {all:?}");
    let alias = &ALIASES[1];
    let found = json(&run(home.path(), &[&strategy[..], &["--model", alias.name, TEXT]].concat()));
    let expect: Vec<Value> = all.iter().filter(|e| e["entity"] == alias.entity).cloned().collect();
    assert!(!expect.is_empty());
    assert_eq!(found, expect);
}

#[test]
fn an_installed_folder_comes_before_a_published_name() {
    let home = tempfile::tempdir().unwrap();
    let models = home.path().join("models");
    let (name, own) = ("roberta_med_ner_onnx", "of_this_house");
    for installed in [name, own] {
        copy(Path::new(&test_model("multi-head")), &models.join(installed));
        let found = json(&run(home.path(), &["text", "--json", "--model", installed, TEXT]));
        let expect = json(&run(home.path(), &["text", "--json", "--model", &test_model("multi-head"), TEXT]));
        assert_eq!(found, expect);
        assert!(found.iter().any(|e| e["entity"] != "MEDICATION"), "an installed folder keeps all its types");
    }
    fs::create_dir(models.join("broken")).unwrap();
    let listed = json(&run(home.path(), &["model", "list", "--json"]));
    let of = |name: &str| listed.iter().find(|m| m["name"] == name).unwrap_or_else(|| panic!("{name} is not listed"));
    assert_eq!(listed.len(), 1 + ALIASES.len() + 2);
    for installed in [name, own, "broken"] {
        assert_eq!(of(installed)["installed"], true);
        assert_eq!(of(installed)["model"], models.join(installed).display().to_string());
    }
    assert_eq!(of(name)["f1"], Value::Null, "an installed folder does not get the scores of the bundled model");
    assert_eq!(of(name)["entities"].as_array().unwrap().len(), 4);
    assert_eq!(of("broken")["entities"], Value::Array(Vec::new()));
    assert_eq!(of("roberta_disease_ner_onnx")["installed"], false);
    let table = stdout(&run(home.path(), &["model", "list"]));
    let line = table.lines().find(|line| line.contains(own)).unwrap();
    assert!(line.contains("| yes"), "{table}");
    assert!(table.contains(&models.display().to_string()), "{table}");
    // a name is never a path
    let refused = run(&models.join(own), &["text", "--model", "../of_this_house", TEXT]);
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
}

#[test]
fn an_unknown_name_is_refused_with_the_nearest() {
    let home = tempfile::tempdir().unwrap();
    copy(Path::new(&test_model("multi-head")), &home.path().join("models/our_symptom_model"));
    for (typed, near) in [
        ("our_symptom_modle", "our_symptom_model"),
        ("bert_disease_ner_it", "bert_token_classifier_disease_ner_it_onnx"),
    ] {
        let refused = run(home.path(), &["text", "--model", typed, TEXT]);
        let said = stderr(&refused);
        assert_eq!(refused.status.code(), Some(3), "{said}");
        assert!(said.contains(&format!("there is no model at `{typed}`")) && said.contains(near), "{said}");
    }
}

/// Path of a file of the bundled model.
fn bundled(file: &str) -> PathBuf {
    data("models/clinical-ner-small").join(file)
}

fn scores() -> Value {
    serde_json::from_str(&fs::read_to_string(bundled("scores.json")).unwrap()).unwrap()
}

/// The scores of clean texts.
fn clean(scores: &Value) -> Vec<&Value> {
    scores["scores"].as_array().unwrap().iter().filter(|row| row["variant"] == "clean").collect()
}

/// `.877`, as in the tables.
fn short(number: &Value) -> String {
    format!("{:.3}", number.as_f64().unwrap()).trim_start_matches('0').to_string()
}

#[test]
fn the_card_has_the_scores_of_its_file() {
    let scores = scores();
    let card = fs::read_to_string(bundled("README.md")).unwrap();
    let rows = scores["scores"].as_array().unwrap();
    assert!(clean(&scores).len() >= 15, "every language and type, and each set as a whole");
    for row in clean(&scores) {
        let strict = &row["strict"];
        let interval = format!("{} to {}", short(&strict["f1_low"]), short(&strict["f1_high"]));
        let figures = [&strict["precision"], &strict["recall"]].map(short).join(" | ");
        let start = format!("| {} | {} |", row["set"].as_str().unwrap(), row["type"].as_str().unwrap());
        let line = format!("{start} {} | {interval} | {figures} | {} |", short(&strict["f1"]), row["support"]);
        assert!(card.contains(&line), "the card lacks `{line}`: run `python data/recipe/card.py`");
        let others = ["upper", "no_accents", "line_breaks"].map(|variant| {
            let same = |other: &&Value| ["set", "type"].iter().all(|name| other[name] == row[name]);
            let other = rows.iter().filter(same).find(|other| other["variant"] == variant);
            short(&other.unwrap_or_else(|| panic!("{start} has no {variant}"))["strict"]["f1"])
        });
        let line = format!("{start} {} | {} (", short(&strict["f1"]), others[0]);
        let line = card.lines().find(|l| l.starts_with(&line)).unwrap_or_else(|| panic!("the card lacks `{line}`"));
        assert!(others.iter().all(|f1| line.contains(&format!("| {f1} ("))), "{line}");
    }
}

#[test]
fn readme_and_list_have_the_scores_of_the_bundled_model() {
    let scores = scores();
    let clean = clean(&scores);
    let readme = fs::read_to_string(data("../README.md")).unwrap();
    let home = tempfile::tempdir().unwrap();
    let listed = json(&run(home.path(), &["model", "list", "--json"]));
    for alias in &ALIASES {
        let of = |annotation: &str| {
            let is = |row: &&&Value| {
                row["language"] == alias.language && row["type"] == alias.entity && row["annotation"] == annotation
            };
            clean.iter().find(is)
        };
        let row = of("gold").or_else(|| of("silver")).unwrap_or_else(|| panic!("{} has no score", alias.name));
        let start =
            format!("| `{}` | {} | {} | {} |", alias.name, alias.language, alias.entity, short(&row["strict"]["f1"]));
        let line = readme.lines().find(|line| line.starts_with(&start));
        let line = line.unwrap_or_else(|| panic!("the README lacks `{start}`: run `python data/recipe/card.py`"));
        assert!(line.contains(&format!("| {} |", row["annotation"].as_str().unwrap())), "{line}");
        let shown = listed.iter().find(|model| model["name"] == alias.name).unwrap();
        assert_eq!((&shown["f1"], &shown["annotation"]), (&row["strict"]["f1"], &row["annotation"]), "{}", alias.name);
    }
}

#[test]
fn the_scores_are_of_the_weights_that_are_shipped() {
    let weights = &scores()["weights"];
    let content = fs::read(bundled(weights["file"].as_str().unwrap())).unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(&content);
    assert_eq!(
        (content.len() as u64, format!("{:08x}", crc.sum())),
        (weights["bytes"].as_u64().unwrap(), weights["crc32"].as_str().unwrap().to_string()),
        "run `make evaluate CORPORA=FOLDER UPDATE=1`"
    );
}
