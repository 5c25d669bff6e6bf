//! `spanframe vocabulary` with the real program: tables, folders of Athena, and wrong inputs.

mod support;

use std::{fs, path::Path, process::Output, sync::Arc};

use arrow_array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use serde_json::Value as Json;
use support::{spanframe, stderr, stdout, write};
use tempfile::TempDir;

/// A folder in which commands read and write.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn build(&self, source: &str, more: &[&str]) -> Output {
        let output = self.path("x.vocabulary");
        spanframe(&[&["vocabulary", "build", source, "-o", &output, "--overwrite"], more].concat())
    }

    fn built(&self, source: &str, more: &[&str]) -> String {
        let done = self.build(source, more);
        assert!(done.status.success(), "{}", stderr(&done));
        stderr(&done)
    }

    fn refused(&self, source: &str, more: &[&str]) -> String {
        let done = self.build(source, more);
        assert_eq!(done.status.code(), Some(2), "{}", stderr(&done));
        assert!(!Path::new(&self.path("x.vocabulary")).exists(), "nothing is written");
        stderr(&done)
    }

    fn search(&self, text: &str, more: &[&str]) -> Vec<Json> {
        let path = self.path("x.vocabulary");
        let done = spanframe(&[&["vocabulary", "search", text, "--in", &path, "--json"], more].concat());
        assert!(done.status.success(), "{}", stderr(&done));
        serde_json::from_str::<Json>(&stdout(&done)).unwrap().as_array().unwrap().clone()
    }
}

const TERMS: &str = "term,code,concept_id,vocabulary,language,preferred\n\
    carcinoma microcítico,8041/3,101,eCIE-O,es,true\n\
    oat cell carcinoma,8041/3,101,eCIE-O,en,\n\
    oat cell carcinoma,8041/3,101,eCIE-O,en,\n\
    ,8000/6,102,eCIE-O,es,\n\
    adenocarcinoma,08140/3,103,eCIE-O,es,1\n";

#[test]
fn a_table_of_any_format_becomes_the_same_vocabulary() {
    let folder = Folder::new();
    let summary = folder.built(&folder.write("terms.csv", TERMS), &[]);
    for line in ["terms          3", "codes          2", "en 1, es 2", "1 with an empty term", "1 that repeat another"]
    {
        assert!(summary.contains(line), "{line}: {summary}");
    }
    let path = folder.path("x.vocabulary");
    let show = || {
        let mut json: Json =
            serde_json::from_str(&stdout(&spanframe(&["vocabulary", "show", &path, "--json"]))).unwrap();
        let object = json.as_object_mut().unwrap();
        // these name the source
        for key in ["source", "sha256", "bytes"] {
            object.remove(key);
        }
        json
    };
    let (from_csv, found) = (show(), folder.search("Oat-cell CARCINOMA", &[]));
    assert_eq!((&found[0]["code"], &found[0]["step"]), (&Json::from("8041/3"), &Json::from("folded")));
    assert_eq!(folder.search("adenocarcinoma", &["--top", "1"])[0]["code"], "08140/3", "zeros of codes stay");
    folder.built(&folder.write("terms.tsv", TERMS.replace(',', "\t")), &[]);
    assert_eq!(show(), from_csv);
    let strings = |values: &[Option<&str>]| -> ArrayRef { Arc::new(values.iter().copied().collect::<StringArray>()) };
    let oat = Some("oat cell carcinoma");
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("name", strings(&[Some("carcinoma microcítico"), oat, oat, None, Some("adenocarcinoma")]), true),
        ("code", strings(&["8041/3", "8041/3", "8041/3", "8000/6", "08140/3"].map(Some)), true),
        ("concept_id", Arc::new(Int64Array::from(vec![101, 101, 101, 102, 103])), true),
        ("vocabulary", strings(&["eCIE-O"; 5].map(Some)), true),
        ("language", strings(&["es", "en", "en", "es", "es"].map(Some)), true),
        ("preferred", Arc::new(BooleanArray::from(vec![Some(true), None, None, Some(false), Some(true)])), true),
    ]);
    write(Path::new(&folder.path("terms.parquet")), &batch.unwrap());
    folder.built(&folder.path("terms.parquet"), &["--term-column", "name"]);
    assert_eq!((show(), folder.search("Oat-cell CARCINOMA", &[])), (from_csv, found));
    let shown = stdout(&spanframe(&["vocabulary", "show", &path]));
    assert!(shown.contains("terms          3") && shown.contains("source         name terms.parquet"), "{shown}");
}

#[test]
fn every_step_finds_its_term_and_is_explained() {
    let folder = Folder::new();
    let table = folder.write("ab.csv", "abbreviation,meaning\nca.,carcinoma\n");
    folder.built(&folder.write("terms.csv", TERMS), &["--abbreviations", &table]);
    for (text, step, similarity) in [
        ("oat cell carcinoma", "exact", 1.0),
        ("Oat Cell Carcinoma", "folded", 0.99),
        ("carcinomas microcíticos", "words", 0.97),
        ("Ca microcítico", "abbreviation", 0.96),
    ] {
        let found = &folder.search(text, &[])[0];
        assert_eq!((&found["code"], &found["step"]), (&Json::from("8041/3"), &Json::from(step)), "{text}");
        assert!((found["similarity"].as_f64().unwrap() - similarity).abs() < 1e-6);
    }
    let similar = &folder.search("carcinoma microcitjco", &["--least", "0.5"])[0];
    assert_eq!((&similar["code"], &similar["step"]), (&Json::from("8041/3"), &Json::from("similar")));
    assert!(folder.search("fractura", &["--least", "0.5"]).is_empty());
    for least in ["nan", "1.5", "inf"] {
        let path = folder.path("x.vocabulary");
        let refused = spanframe(&["vocabulary", "search", "tos", "--in", &path, "--least", least]);
        let said = stderr(&refused);
        assert!(refused.status.code() == Some(2) && said.contains("option `least` cannot be "), "{said}");
    }
    let path = folder.path("x.vocabulary");
    let told =
        stdout(&spanframe(&["vocabulary", "search", "Ca microcítico", "--in", &path, "--explain", "--top", "1"]));
    assert!(told.contains("abbreviation   compared `carcinoma microcitico`"), "{told}");
    assert!(told.contains("words          compared `e ca microcitico`, `s "), "{told}");
    assert!(!told.contains("similar  "), "a step does not run once enough codes are found: {told}");
}

fn athena(folder: &Folder) -> String {
    let header = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\t\
        concept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";
    let concept = |id, name, domain, vocabulary, standard, code, invalid| {
        let [id, name, domain, vocabulary, standard, code, invalid]: [&str; 7] =
            [id, name, domain, vocabulary, standard, code, invalid];
        format!("{id}\t{name}\t{domain}\t{vocabulary}\tx\t{standard}\t{code}\t19700101\t20991231\t{invalid}\n")
    };
    let concepts = [
        concept("1", "Type 2 \"adult\" diabetes", "Condition", "SNOMED", "S", "44054006", ""),
        concept("2", "Diabetes mellitus type II", "Condition", "ICD10CM", "", "E11", ""),
        concept("3", "Old diabetes", "Condition", "SNOMED", "", "999", "U"),
        concept("4", "Metformin", "Drug", "RxNorm", "S", "6809", ""),
        concept("4182511", "Spanish language", "Language", "SNOMED", "S", "x", ""),
    ];
    folder.write("athena/CONCEPT.csv", header.to_string() + &concepts.concat());
    folder.write(
        "athena/CONCEPT_SYNONYM.csv",
        "concept_id\tconcept_synonym_name\tlanguage_concept_id\n\
         1\tdiabetes tipo 2\t4182511\n3\tdiabetes vieja\t4182511\n1\tT2DM\t4180186\n",
    );
    folder.write(
        "athena/CONCEPT_RELATIONSHIP.csv",
        "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n\
         2\t1\tMaps to\ta\tb\t\n2\t4\tMaps to\ta\tb\tD\n1\t1\tMaps to\ta\tb\t\n",
    );
    folder.path("athena")
}

#[test]
fn a_folder_of_athena_becomes_a_vocabulary_with_standard_concepts() {
    let folder = Folder::new();
    let source = athena(&folder);
    let summary = folder.built(&source, &["--domain", "Condition"]);
    for line in [
        "terms          4",
        "ICD10CM 1, SNOMED 3",
        "en 3, es 1",
        "DISEASE 4",
        "1 of invalid concepts",
        "2 of other domains",
        "1 synonyms of concepts that were left out",
    ] {
        assert!(summary.contains(line), "{line}: {summary}");
    }
    let found = &folder.search("diabetes mellitus type 2", &["--top", "1"])[0];
    let ids = ["code", "concept_id", "standard_concept_id"].map(|key| found[key].clone());
    assert_eq!(ids, [Json::from("E11"), Json::from(2), Json::from(1)]);
    assert_eq!(folder.search("type 2 \"adult\" diabetes", &[])[0]["code"], "44054006", "quotes are text");
    let spanish = folder.built(&source, &["--language", "es"]);
    assert!(spanish.contains("terms          1"), "{spanish}");
    assert!(folder.built(&source, &["--vocabulary", "RxNorm,ICD10CM"]).contains("MEDICATION 1"));
}

#[test]
fn wrong_sources_are_named_errors() {
    let folder = Folder::new();
    let refused = |name: &str, content: &[u8], more: &[&str]| folder.refused(&folder.write(name, content), more);
    for (error, expected) in [
        (refused("a.csv", b"name,code\na,1\n", &[]), "no column `term`"),
        (refused("b.csv", b"term,code\n,1\n , 2\n", &[]), "no term is left"),
        (refused("c.csv", b"term,code\ndi\xe1lisis,1\n", &[]), "UTF-8"),
        (refused("d.csv", b"term,code,concept_id\na,1,x\n", &[]), "row 1 of column `concept_id`"),
        (refused("e.csv", b"term,code,concept_id\na,1,7\nb,1,8\n", &[]), "code `1` has the concept ids 7 and 8"),
        (refused("f.csv", b"term,code,concept_id\na,1,7\nb,2,7\n", &[]), "concept id 7 has the codes `1` and `2`"),
        (refused("g.csv", b"term,code\n\"a,1\n", &[]), "quote"),
        (refused("h.txt", b"term,code\n", &[]), "ends in none of"),
        (refused("i.csv", b"term,code\na,1\n", &["--domain", "Drug"]), "--domain filters folders of Athena"),
        (refused("j.csv", b"term,code\na,1\n", &["--language", "es"]), "no column `language` to filter by"),
        (folder.refused(&folder.path(""), &[]), "no CONCEPT.csv"),
        (folder.refused(&folder.path("absent.csv"), &[]), "absent.csv"),
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let source = folder.write("a/CONCEPT.csv", "concept_id\tconcept_name\n1\ta\n");
    let error = folder.refused(Path::new(&source).parent().unwrap().to_str().unwrap(), &[]);
    assert!(error.contains("no column `domain_id`"), "{error}");
    let table = folder.write("ab.csv", "abbreviation,meaning\nca,\n");
    let error = folder.refused(&folder.write("terms.csv", TERMS), &["--abbreviations", &table]);
    assert!(error.contains("row 1") && error.contains("lacks an abbreviation or its meaning"), "{error}");
}

#[test]
fn a_vocabulary_that_cannot_be_read_is_a_named_error() {
    let folder = Folder::new();
    folder.built(&folder.write("terms.csv", TERMS), &[]);
    let whole = fs::read(folder.path("x.vocabulary")).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 4;
    for (content, expected) in [
        (&whole[..whole.len() - 1], "expected"),
        (&flipped[..], "was altered"),
        (TERMS.as_bytes(), "is not a vocabulary"),
        (b"", "is not a vocabulary"),
    ] {
        let path = folder.write("y.vocabulary", content);
        for command in [["show", &path, "--json"], ["search", "tos", &format!("--in={path}")]] {
            let done = spanframe(&[&["vocabulary"], &command[..]].concat());
            assert_eq!(done.status.code(), Some(2));
            assert!(stderr(&done).contains(expected), "{expected}: {}", stderr(&done));
        }
    }
    let there = spanframe(&["vocabulary", "build", &folder.path("terms.csv"), "-o", &folder.path("x.vocabulary")]);
    assert!(stderr(&there).contains("exists: give another path, or overwrite it"), "{}", stderr(&there));
    assert!(fs::read(folder.path("x.vocabulary")).unwrap() == whole);
}

#[test]
fn strange_terms_are_found_and_steer_no_terminal() {
    let folder = Folder::new();
    let long = "ab cd ".repeat(33_334);
    let rows = [long.as_str(), "a\0b", "סרטן הריאה", "\u{202e}evil", "\u{1b}[31mred", "+", "  "];
    let lines = rows
        .iter()
        .zip(0..)
        .map(|(term, code)| Json::from_iter([("term", *term), ("code", format!("C{code}").as_str())]));
    let source = folder.write("terms.ndjson", lines.map(|line| format!("{line}\n")).collect::<String>());
    assert!(folder.built(&source, &[]).contains("1 with an empty term"));
    for (text, code) in [("סרטן הריאה", "C2"), ("evil", "C3"), ("+", "C5")] {
        assert_eq!(folder.search(text, &["--top", "1"])[0]["code"], code, "{text}");
    }
    let shown = stdout(&spanframe(&["vocabulary", "search", "red", "--in", &folder.path("x.vocabulary"), "--explain"]));
    assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
}
