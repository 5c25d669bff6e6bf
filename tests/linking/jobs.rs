//! Jobs, their forms, and the commands that show files.

use std::{collections::BTreeMap, fs, sync::Arc};

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray, types::Int32Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use sha2::{Digest, Sha256};

use super::*;
use crate::support::{read, spanframe, stderr, stdout, write};

fn notes(folder: &Path) -> String {
    let path = folder.join("notes.parquet");
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let notes: ArrayRef = Arc::new(StringArray::from(vec![NOTE, "Fiebre."]));
    write(&path, &RecordBatch::try_from_iter([("id", ids), ("note", notes)]).unwrap());
    path.to_str().unwrap().to_string()
}

fn run(input: &str, output: &Path, more: &[&str]) -> std::process::Output {
    let output = output.to_str().unwrap();
    spanframe(&[&["run", input, "-o", output, "--column", "note", "--quiet"], more].concat())
}

fn table(output: &Path) -> RecordBatch {
    read(&fs::read_dir(output).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap())
}

#[test]
fn every_form_has_the_concepts() {
    let folder = tempfile::tempdir().unwrap();
    let (input, path) = (notes(folder.path()), symptoms(folder.path()));
    let output = |name: &str, more: &[&str]| {
        let output = folder.path().join(name);
        let done = run(&input, &output, &[&["--link", &path], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        table(&output)
    };
    let nested = output("nested", &["--output-column", "ner"]);
    let nested = mentions(nested.column_by_name("ner").unwrap());
    let exploded = output("exploded", &["--form", "exploded"]);
    let of_rows: Vec<Option<&str>> = exploded.column_by_name("code").unwrap().as_string::<i32>().iter().collect();
    let expect: Vec<Option<&str>> = nested.iter().flatten().map(|mention| mention.concept.code.as_deref()).collect();
    assert_eq!(of_rows, expect);
    assert_eq!(of_rows[..2], [Some("R06"), Some("R07")]);

    let omop = output("omop", &["--form", "note_nlp", "--id", "id"]);
    let ids = |name: &str| omop.column_by_name(name).unwrap().as_primitive::<Int32Type>().values().to_vec();
    // the second term has no standard concept
    let standard = ids("note_nlp_concept_id");
    assert_eq!((standard[0], standard[1], standard[standard.len() - 1]), (200, 0, 202));
    let source = ids("note_nlp_source_concept_id");
    assert_eq!((source[0], source[1], source[source.len() - 1]), (100, 101, 102));
    let plain = folder.path().join("plain");
    assert!(run(&input, &plain, &["--form", "note_nlp", "--id", "id"]).status.success());
    let plain = table(&plain);
    let ids = plain.column_by_name("note_nlp_concept_id").unwrap().as_primitive::<Int32Type>();
    assert!(ids.values().iter().all(|&id| id == 0));
}

#[test]
fn a_concept_id_that_omop_cannot_hold_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.vocabulary");
    let mut builder = Builder::new(&path, BuildOptions::default()).unwrap();
    builder.push(&Entry { concept_id: Some(1 << 40), ..Entry::new("fiebre", "R50") }).unwrap();
    builder.finish().unwrap();
    let more = ["--form", "note_nlp", "--id", "id", "--link", path.to_str().unwrap()];
    let done = run(&notes(folder.path()), &folder.path().join("out"), &more);
    let said = stderr(&done);
    assert!(
        !done.status.success() && said.contains("row 1 has an entity whose concept id does not fit 32 bits"),
        "{said}"
    );
}

#[test]
fn a_job_with_another_vocabulary_is_another_job() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (notes(folder.path()), folder.path().join("out"));
    let path = symptoms(folder.path());
    assert!(run(&input, &output, &["--link", &path]).status.success());
    // the same content at another place
    let moved = folder.path().join("moved.vocabulary");
    fs::rename(&path, &moved).unwrap();
    let moved = moved.to_str().unwrap();
    assert!(run(&input, &output, &["--link", moved]).status.success(), "the same job");
    for (more, setting) in [
        (vec!["--link", moved, "--link-similarity", "0.9"], "link_similarity"),
        (vec!["--link", moved, "--link-candidates", "2"], "link_candidates"),
        (vec![], "link_"),
    ] {
        let other = run(&input, &output, &more);
        assert_eq!(other.status.code(), Some(2));
        assert!(stderr(&other).contains(setting), "{}", stderr(&other));
    }
    vocabulary(folder.path(), "moved.vocabulary", &[("disnea", "R06")]);
    let other = run(&input, &output, &["--link", moved]);
    assert!(other.status.code() == Some(2) && stderr(&other).contains("link_sha256"), "{}", stderr(&other));
}

/// Outputs of earlier programs, which could not link, still belong to their jobs.
#[test]
fn a_job_without_links_has_the_settings_of_one_before_there_were_links() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out");
    assert!(run(&notes(folder.path()), &output, &[]).status.success());
    let file = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
    let reader = SerializedFileReader::new(fs::File::open(file).unwrap()).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
    let mut settings: BTreeMap<&str, &str> =
        pairs.iter().filter_map(|pair| Some((pair.key.strip_prefix("spanframe.")?, pair.value.as_deref()?))).collect();
    let record: serde_json::Value = serde_json::from_str(settings.remove("record").unwrap()).unwrap();
    let names: Vec<&str> = settings.keys().copied().collect();
    assert_eq!(names, ["column", "form", "model", "model_sha256", "output_column", "spanframe"]);
    let digest = Sha256::digest(serde_json::to_string(&settings).unwrap());
    assert_eq!(record["settings"], digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
}

#[test]
fn head_shows_codes_where_there_are_any() {
    let folder = tempfile::tempdir().unwrap();
    let (input, path) = (notes(folder.path()), symptoms(folder.path()));
    let file = folder.path().join("out.parquet");
    let annotate = ["annotate", &input, "-o", file.to_str().unwrap(), "-c", "note", "-q", "--link", &path];
    assert!(spanframe(&annotate).status.success());
    let shown = stdout(&spanframe(&["head", file.to_str().unwrap()]));
    let heading = "| row | chunk          | entity     | begin | end | confidence | code | term           |";
    assert!(shown.contains(heading) && !shown.contains("concept_id"), "{shown}");
}
