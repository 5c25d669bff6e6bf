//! The options of extraction.

use std::fs;

use arrow_array::Array;
use spanframe_engine::{Engine, EngineError, EngineOptions, Layout, Named, RawOptions};

use super::*;
use crate::support::{engine, spanframe, stderr, stdout, texts};

#[test]
fn entities_have_their_concepts_in_every_layout() {
    let folder = tempfile::tempdir().unwrap();
    let path = symptoms(folder.path());
    let notes = texts([Some(NOTE), None, Some("")]);
    for (name, layout) in Layout::named() {
        let options = RawOptions { layout: Some(name.into()), link_candidates: Some(2), ..linked(&path) };
        let planned = EngineOptions::new(options.clone()).unwrap().data_type().unwrap();
        let column = engine(options).annotate(&notes).unwrap();
        assert_eq!(column.data_type(), &planned, "{name}");
        assert!(column.is_null(1) && column.is_valid(2));
        let found = mentions(&column);
        let expect = ["Disnea: R06", "dolor toracico: R07", "aspirina 81mg: nothing"];
        assert_eq!(codes(&found[0])[..2], expect[..2], "{name}");
        assert_eq!(found[0][0].concept, disnea());
        assert_eq!(found[0][0].candidates.as_deref().unwrap()[0], disnea());
        // a list without concepts is not the same as no list
        let unknown = found[0].last().unwrap();
        assert_eq!((&unknown.concept, unknown.candidates.as_deref()), (&Concept::default(), Some(&[][..])), "{name}");
        if layout != Layout::Annotation {
            let fields =
                ["code", "term", "vocabulary", "concept_id", "standard_concept_id", "similarity", "candidates"];
            assert_eq!(names(&column)[5..], fields);
        }
    }
}

#[test]
fn nothing_changes_without_the_option() {
    let folder = tempfile::tempdir().unwrap();
    let notes = texts([Some(NOTE)]);
    let plain = engine(RawOptions::default()).annotate(&notes).unwrap();
    assert_eq!(names(&plain), ["chunk", "entity", "begin", "end", "confidence"]);
    let with = engine(linked(&symptoms(folder.path()))).annotate(&notes).unwrap();
    let without = |mention: &Mention<'static>| Mention { concept: Concept::default(), ..mention.clone() };
    assert_eq!(mentions(&with)[0].iter().map(without).collect::<Vec<_>>(), mentions(&plain)[0]);
}

#[test]
fn several_vocabularies_are_searched_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let first = vocabulary(folder.path(), "a.vocabulary", &[("disnea", "A1")]);
    let second = vocabulary(folder.path(), "b.vocabulary", &[("disnea", "B1"), ("dolor torácico", "B2")]);
    let found = |paths: [&String; 2]| {
        let link = Some(paths.iter().map(|path| path.as_str().into()).collect());
        let found = engine(RawOptions { link, ..RawOptions::default() }).annotate_text(NOTE, None).unwrap();
        codes(&found[..2])
    };
    assert_eq!(found([&first, &second]), ["Disnea: A1", "dolor toracico: B2"]);
    assert_eq!(found([&second, &first]), ["Disnea: B1", "dolor toracico: B2"]);
}

#[test]
fn a_vocabulary_that_is_replaced_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = vocabulary(folder.path(), "own.vocabulary", &[("disnea", "OLD")]);
    let code = |path: &str| codes(&engine(linked(path)).annotate_text("Refiere disnea.", None).unwrap());
    assert_eq!(code(&path), ["disnea: OLD"]);
    vocabulary(folder.path(), "own.vocabulary", &[("disnea", "NEWER"), ("tos", "T")]);
    assert_eq!(code(&path), ["disnea: NEWER"]);
}

#[test]
fn a_pipeline_file_may_link() {
    let folder = tempfile::tempdir().unwrap();
    symptoms(folder.path());
    let file = folder.path().join("set.toml");
    let model = "[[model]]\nmodel = \"clinical-ner-small\"\n";
    fs::write(&file, format!("link = \"symptoms.vocabulary\"\nlink_candidates = 1\n{model}")).unwrap();
    let options = RawOptions { model: Some(file.to_str().unwrap().into()), ..RawOptions::default() };
    let column = engine(options.clone()).annotate(&texts([Some(NOTE)])).unwrap();
    assert_eq!(column.data_type(), &EngineOptions::new(options.clone()).unwrap().data_type().unwrap());
    assert_eq!(mentions(&column)[0][0].candidates.as_deref(), Some(&[disnea()][..]));
    fs::write(&file, format!("link_similarity = 2.0\n{model}")).unwrap();
    let message = EngineOptions::new(options).unwrap().data_type().unwrap_err().to_string();
    assert!(message.contains("`link_similarity` cannot be 2; it may be a number from 0 to 1"), "{message}");
}

#[test]
fn wrong_options_and_files_are_refused_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = symptoms(folder.path());
    let check = |args: &[&str], expect: &str| {
        let output = spanframe(&[&["text", "ZZSENTINELZZ disnea"], args].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains(expect) && !said.contains("ZZSENTINELZZ"), "{args:?}: {said}");
    };
    check(&["--link", "none.vocabulary"], "give a file that `spanframe vocabulary build` wrote");
    check(&["--link-similarity", "0.8"], "option `link_similarity` does not go with no `link`: name a vocabulary");
    check(&["--link-candidates", "3"], "option `link_candidates` does not go with no `link`");
    check(&["--link", &path, "--link-similarity", "nan"], "cannot be NaN; it may be a number from 0 to 1");
    check(&["--link", &path, "--link-similarity", "1.1"], "cannot be 1.1; it may be a number from 0 to 1");
    check(&["--link", &path, "--link-candidates", "0"], "cannot be 0; it may be a whole number from 1");
    let text = folder.path().join("notes.csv");
    fs::write(&text, "term,code\ndisnea,R06\n").unwrap();
    check(&["--link", text.to_str().unwrap()], "build one with `spanframe vocabulary build SOURCE -o PATH`");
    let cut = folder.path().join("cut.vocabulary");
    let whole = fs::read(&path).unwrap();
    fs::write(&cut, &whole[..whole.len() - 9]).unwrap();
    check(&["--link", cut.to_str().unwrap()], "build it again");
    let nothing = EngineOptions::new(RawOptions { link: Some(Vec::new()), ..RawOptions::default() });
    let message = nothing.unwrap_err().to_string();
    assert_eq!(
        message,
        "option `link` cannot be an empty list; it may be the path of a vocabulary, or a list of paths"
    );
    let error = Engine::new(&EngineOptions::new(linked("none.vocabulary")).unwrap()).err();
    assert!(matches!(error, Some(EngineError::Vocabulary(_))), "{error:?}");
}

#[test]
fn a_text_shows_the_code_of_each_entity() {
    let folder = tempfile::tempdir().unwrap();
    let path = symptoms(folder.path());
    let shown = stdout(&spanframe(&["text", "Refiere disnea.", "--link", &path]));
    assert_eq!(shown, "Refiere [disnea SYMPTOM R06].\n");
    let output = spanframe(&["text", "Refiere disnea.", "--json", "--link", &path, "--link-candidates", "1"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!([&json[0]["code"], &json[0]["candidates"][0]["term"]], ["R06", "disnea"], "{json}");
    assert_eq!([&json[0]["concept_id"], &json[0]["standard_concept_id"]], [100, 200], "{json}");
}
