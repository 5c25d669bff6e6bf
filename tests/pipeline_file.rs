//! Pipeline files through the real program: their options apply, and errors name the place in the file.

mod support;

use std::{fs, path::Path};

use arrow_array::{Array, RecordBatch, cast::AsArray};
use serde_json::Value;
use support::{data, read, spanframe, stderr, stdout, test_model, write};

const TEXT: &str = "Refiere dolor torácico y toma aspirina.";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    /// Writes `content` to the file `name` and returns its path.
    fn file(&self, name: &str, content: &str) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Writes notes of three languages with their codes and a column of integers, and returns the path.
    fn notes(&self, rows: usize) -> String {
        let notes = read(&data("notes.parquet")).slice(0, rows);
        let columns = ["id", "lang", "note"].map(|name| (name, notes.column_by_name(name).unwrap().clone()));
        let number = arrow_array::Int64Array::from_iter_values(0..rows as i64);
        let columns = columns.into_iter().chain([("number", std::sync::Arc::new(number) as _)]);
        write(Path::new(&self.path("notes.parquet")), &RecordBatch::try_from_iter(columns).unwrap());
        self.path("notes.parquet")
    }
}

fn found(args: &[&str]) -> Vec<Value> {
    let output = spanframe(&[&["text", "--json", TEXT], args].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

fn chunks(found: &[Value]) -> Vec<(&str, &str, &str)> {
    let text = |v: &Value| -> &'static str { Box::leak(v.as_str().unwrap().to_string().into_boxed_str()) };
    found.iter().map(|e| (text(&e["chunk"]), text(&e["entity"]), text(&e["model"]))).collect()
}

#[test]
fn a_file_in_either_language_is_a_set_with_options_of_each_model() {
    let place = Place::new();
    let toml = place.file(
        "set.toml",
        r#"
merge = "first"

[[model]]
model = "roberta_symptom_ner_es_onnx"
name = "symptoms"
languages = ["es-ES", "IT"]
replace_labels = { SYMPTOM = "PROBLEM" }

[[model]]
model = "clinical-ner-small"
entities = ["MEDICATION", "SYMPTOM"]
"#,
    );
    let json = place.file(
        "set.json",
        r#"{"merge": "first", "model": [
            {"model": "roberta_symptom_ner_es_onnx", "name": "symptoms", "languages": ["es-ES", "IT"],
             "replace_labels": {"SYMPTOM": "PROBLEM"}},
            {"model": "clinical-ner-small", "entities": ["MEDICATION", "SYMPTOM"]}]}"#,
    );
    let expect = [("dolor torácico", "PROBLEM", "symptoms"), ("aspirina", "MEDICATION", "clinical-ner-small")];
    for file in [&toml, &json] {
        let all = found(&["--model", file, "--language", "es"]);
        assert_eq!(chunks(&all), expect);
        // no model has this language: the rule decides
        let skipped = found(&["--model", file, "--language", "fr", "--unknown-language", "skip"]);
        assert_eq!(
            chunks(&skipped),
            [("dolor torácico", "SYMPTOM", "clinical-ner-small"), ("aspirina", "MEDICATION", "clinical-ner-small")]
        );
    }
    // options of the call take precedence over the top of the file
    let all = found(&["--model", &toml, "--language", "es", "--merge", "all"]);
    assert_eq!(chunks(&all).len(), 3);
    let card = stdout(&spanframe(&["model", "show", &toml]));
    assert!(card.contains("symptoms + clinical-ner-small"), "{card}");
}

#[test]
fn models_beside_the_file_are_found_from_anywhere() {
    let place = Place::new();
    let model = Path::new(&test_model("bert-uncased")).to_path_buf();
    fs::create_dir_all(place.path("models/mine")).unwrap();
    for entry in fs::read_dir(model).unwrap().flatten() {
        fs::copy(entry.path(), Path::new(&place.path("models/mine")).join(entry.file_name())).unwrap();
    }
    let file = place.file("set.toml", "[[model]]\nmodel = \"models/mine\"\nthreshold = 0.99\n");
    assert!(found(&["--model", &file]).len() < found(&["--model", &test_model("bert-uncased")]).len());
    let file = place.file("set.toml", "[[model]]\nmodel = \"models/mine\"\n");
    let all = found(&["--model", &file]);
    assert!(!all.is_empty() && all.iter().all(|e| e["model"] == "mine"), "a set of one is a set");
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_place() {
    let place = Place::new();
    let check = |name: &str, content: &str, code: i32, expect: &[&str]| {
        let file = place.file(name, content);
        let output = spanframe(&["text", TEXT, "--model", &file]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert_eq!(said.trim_end().lines().count(), 1, "one line: {said}");
        assert!(expect.iter().all(|part| said.contains(part)), "{expect:?} are not in: {said}");
    };
    let model = "[[model]]\nmodel = \"clinical-ner-small\"\n";
    check(
        "a.toml",
        &format!("{model}treshold = 0.5\n"),
        2,
        &["a.toml` is wrong in line 3", "unknown field `treshold`", "`threshold`"],
    );
    check("a.toml", &format!("order = 1\n{model}"), 2, &["line 1", "unknown field `order`", "`merge`"]);
    check(
        "a.toml",
        &format!("merge = \"longst\"\n{model}"),
        2,
        &["a.toml", "`merge` cannot be `longst`; did you mean `longest`?"],
    );
    check("a.toml", "[[model]]\nname = \"a\"\n", 2, &["missing field `model`"]);
    check("a.toml", "merge = \"all\"\n", 2, &["missing field `model`"]);
    check("a.toml", "model = []\n", 2, &["names no model: write a table [[model]] for each"]);
    check("a.toml", "[[model]\n", 2, &["a.toml` is wrong in line 1"]);
    check(
        "a.json",
        "{\"model\": [{\"model\": \"a\", \"lang\": 1}]}",
        2,
        &["a.json", "unknown field `lang`", "line 1 column"],
    );
    check("a.toml", "[[model]]\nmodel = \"models/none\"\n", 3, &["models/none", "there is no model at"]);
    check("a.toml", "[[model]]\nmodel = \"hf:org/name\"\n", 3, &["model `hf:org/name` of the set"]);
    check(
        "a.toml",
        "[[model]]\nmodel = \"roberta_med_ner_esp\"\n",
        3,
        &["of the set: there is no model at", "roberta_med_ner_es_onnx"],
    );
    check(
        "a.toml",
        &format!("{model}entities = [\"DISEASES\"]\n"),
        2,
        &["clinical-ner-small` of the set", "did you mean `DISEASE`?"],
    );
    check("a.toml", &format!("{model}threshold = 2\n"), 2, &["of the set: option `threshold` cannot be 2"]);
    check("a.toml", &format!("{model}{model}"), 2, &["two models are named `clinical-ner-small`"]);
    check(
        "a.toml",
        &format!("{model}languages = [\"es\"]\n"),
        2,
        &["model `clinical-ner-small` has languages", "name the column"],
    );
    let absent = spanframe(&["text", TEXT, "--model", &place.path("none.toml")]);
    assert!(stderr(&absent).contains("none.toml` cannot be read"), "{}", stderr(&absent));
}

/// Each row goes to the models of its language.
#[test]
fn annotate_sends_each_row_to_the_models_of_its_language() {
    let place = Place::new();
    let notes = place.notes(9);
    let models = "roberta_disease_ner_onnx,roberta_disease_ner_es_onnx,bert_token_classifier_disease_ner_it_onnx";
    let out = place.path("out.parquet");
    let base = ["annotate", &notes, "-o", &out, "-c", "note", "-m", models];
    let output = spanframe(&[&base[..], &["--language-column", "lang"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let written = read(Path::new(&out));
    let ner = written.column_by_name("ner").unwrap().as_struct();
    let models = ner.column_by_name("model").unwrap().as_list::<i32>();
    let lang = written.column_by_name("lang").unwrap();
    let lang = spanframe_engine::input::TextColumn::new(lang).unwrap();
    let mut rows = 0;
    for row in 0..written.num_rows() {
        let expect = match lang.get(row) {
            Some("es") => "roberta_disease_ner_es_onnx",
            Some("it") => "bert_token_classifier_disease_ner_it_onnx",
            _ => "roberta_disease_ner_onnx",
        };
        let names = models.value(row);
        assert!(names.as_string::<i32>().iter().all(|name| name == Some(expect)), "row {row}");
        rows += usize::from(!names.is_empty());
    }
    assert!(rows > 5);
    let table = stdout(&spanframe(&["head", &out, "-n", "3"]));
    assert!(table.contains("| model ") && table.contains("| roberta_disease_ner_onnx"), "{table}");

    let refused = |more: &[&str], message: &str| {
        let output = spanframe(&[&base[..], &["--overwrite"], more].concat());
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    };
    refused(&["--language-column", "langs"], "no column `langs`");
    refused(&["--language-column", "number"], "column `number` of");
    refused(&["--language-column", "number"], "expected the language of each row");
    refused(&["--language-column", "id"], "in none of the languages of the models (en, es, it)");
    let one = ["annotate", &notes, "-o", &out, "-c", "note", "--overwrite", "--language-column", "lang"];
    assert!(stderr(&spanframe(&one)).contains("option `language` does not go with one model"));
    // the column may hold anything, so its values are never quoted
    let output = spanframe(&[&base[..], &["--overwrite", "--language-column", "note"]].concat());
    let first = written.column_by_name("note").unwrap();
    let first = spanframe_engine::input::TextColumn::new(first).unwrap().get(0).unwrap().to_string();
    assert!(
        !stderr(&output).contains(first.split(' ').next().unwrap()) || first.starts_with("The "),
        "{}",
        stderr(&output)
    );
}

/// Names of the models that found entities in each note, by the language of the note.
fn models_by_language(place: &Place, set: &str, languages: &[Option<&str>]) -> Vec<Vec<String>> {
    let languages: arrow_array::StringArray = languages.iter().copied().collect();
    let notes = arrow_array::StringArray::from(vec![TEXT; languages.len()]);
    let columns = [("lang", std::sync::Arc::new(languages) as _), ("note", std::sync::Arc::new(notes) as _)];
    let (input, out) = (place.path("languages.parquet"), place.path("found.parquet"));
    write(Path::new(&input), &RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true))).unwrap());
    let base = ["annotate", &input, "-o", &out, "-c", "note", "-m", set, "--language-column", "lang", "--overwrite"];
    let output = spanframe(&base);
    assert!(output.status.success(), "{}", stderr(&output));
    let written = read(Path::new(&out));
    let ner = written.column_by_name("ner").unwrap().as_struct();
    let models = ner.column_by_name("model").unwrap().as_list::<i32>();
    let row = |row| {
        let models = models.value(row);
        let mut names: Vec<String> = models.as_string::<i32>().iter().flatten().map(String::from).collect();
        names.sort();
        names.dedup();
        names
    };
    (0..written.num_rows()).map(row).collect()
}

#[test]
fn other_is_every_language_that_no_model_names() {
    let place = Place::new();
    let own = format!("[[model]]\nmodel = \"{}\"\nname = \"own\"\nlanguages = [\"en\"]\n", test_model("bert-uncased"));
    let bundled = "[[model]]\nmodel = \"clinical-ner-small\"\n";
    let rest = place.file("rest.toml", &format!("{own}{bundled}languages = [\"other\"]\n"));
    let found = models_by_language(&place, &rest, &[Some("en"), Some("es"), Some("fr-FR"), Some("other"), None]);
    assert_eq!(found[0], ["own"]);
    assert!(found[1..].iter().all(|models| models == &["clinical-ner-small"]), "{found:?}");
    // beside languages of its own
    let two = place.file("two.toml", &format!("{own}{bundled}languages = [\"en\", \"other\"]\n"));
    let found = models_by_language(&place, &two, &[Some("EN"), Some("fr")]);
    assert_eq!(found, [vec!["clinical-ner-small", "own"], vec!["clinical-ner-small"]]);
}

#[test]
fn the_bundled_model_knows_its_languages() {
    let place = Place::new();
    let path = test_model("bert-uncased");
    let own = format!("[[model]]\nmodel = \"{path}\"\nname = \"own\"\nlanguages = [\"en\"]\n");
    let file = place.file("set.toml", &format!("{own}[[model]]\nmodel = \"clinical-ner-small\"\n"));
    let found = models_by_language(&place, &file, &[Some("en"), Some("es"), Some("it")]);
    assert_eq!(found, [vec!["clinical-ner-small", "own"], vec!["clinical-ner-small"], vec!["clinical-ner-small"]]);
    // a list has no other way to name languages
    let list = format!("{path},clinical-ner-small");
    assert_eq!(models_by_language(&place, &list, &[Some("it")]), [vec!["bert-uncased", "clinical-ner-small"]]);
    for set in [&file, &list] {
        let output = spanframe(&["text", TEXT, "--model", set, "--language", "fr"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("is in none of the languages of the models (en, es, it)"), "{said}");
        assert!(said.contains("`languages = [\"other\"]`"), "{said}");
    }
}

/// A job stores a digest of its set, and refuses another set.
#[test]
fn a_job_of_a_set_goes_on_with_the_same_set_alone() {
    let place = Place::new();
    let notes = place.notes(9);
    let set = "[[model]]\nmodel = \"roberta_disease_ner_es_onnx\"\n[[model]]\nmodel = \"roberta_disease_ner_onnx\"\n";
    let file = place.file("set.toml", &format!("unknown_language = \"skip\"\n{set}"));
    let out = place.path("out");
    let run = |more: &[&str]| {
        let base = ["run", &notes, "-o", &out, "-c", "note", "-m", &file, "--language-column", "lang", "--json"];
        spanframe(&[&base[..], more].concat())
    };
    let summary = |output: &std::process::Output| -> Value {
        assert!(output.status.success(), "{}", stderr(output));
        serde_json::from_str(&stdout(output)).unwrap()
    };
    let first = summary(&run(&[]));
    assert_eq!((&first["units_now"], &first["counts"]["unknown_language"]), (&1.into(), &3.into()), "{first}");
    assert_eq!(summary(&run(&[]))["units_now"], 0);
    place.file("set.toml", &format!("unknown_language = \"all\"\n{set}"));
    let changed = run(&[]);
    assert!(stderr(&changed).contains("model_sha256 = "), "{}", stderr(&changed));
    place.file("set.toml", &format!("unknown_language = \"skip\"\n{set}threshold = 0.9\n"));
    assert!(stderr(&run(&[])).contains("model_sha256 = "));
    place.file("set.toml", &format!("unknown_language = \"skip\"\n{set}"));
    assert_eq!(summary(&run(&[]))["units_now"], 0);
    // the other forms name the model as well
    let (exploded, omop) = (place.path("exploded"), place.path("omop"));
    let made = |out: &str, more: &[&str]| {
        let base = ["run", &notes, "-o", out, "-c", "note", "-m", &file, "--language-column", "lang", "--form"];
        let output = spanframe(&[&base[..], more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    };
    made(&exploded, &["exploded"]);
    let rows = read(&Path::new(&exploded).join("notes.parquet"));
    let names: Vec<&str> = rows.schema_ref().fields().iter().map(|f| f.name().as_str()).collect();
    assert_eq!(names, ["id", "lang", "note", "number", "chunk", "entity", "begin", "end", "confidence", "model"]);
    let models = rows.column_by_name("model").unwrap().as_string::<i32>();
    assert!(models.iter().flatten().count() == rows.num_rows() && rows.num_rows() > 10);
    made(&omop, &["note_nlp", "--id", "number"]);
    let table = read(&Path::new(&omop).join("notes.parquet"));
    let system = table.column_by_name("nlp_system").unwrap().as_string::<i32>();
    assert_eq!(system.len(), models.len());
    for (system, model) in system.iter().flatten().zip(models.iter().flatten()) {
        assert_eq!(system, format!("spanframe {} {model}", env!("CARGO_PKG_VERSION")));
    }
}
