//! Entities say on request whether they are negated, uncertain, historical, hypothetical or of the family: the same in
//! every layout and form, whatever the batches, and never without being asked.

mod support;

use std::{fs, path::Path, sync::Arc};

use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::DataType;
use arrow_select::take::take;
use proptest::prelude::*;
use spanframe_engine::{
    Attribute, Engine, EngineError, EngineOptions, Layout, Mention, Named, Notes, RawOptions, entity_column,
};
use support::{engine, read, spanframe, stderr, stdout, texts, write};

const ENGLISH: &str = "Denies chest pain. Possible pneumonia. History of stroke. Mother has diabetes. Return if fever.";
const SPANISH: &str = "Niega disnea. Posible neumonía. Antecedentes de ictus. Padre con diabetes. Acudir si fiebre.";
const ITALIAN: &str = "Nega dispnea. Sospetta polmonite. Pregresso ictus. Madre con diabete. Tornare se febbre.";

/// The one attribute that each of the five entities of these notes has.
const ATTRIBUTES: [Attribute; 5] =
    [Attribute::Negated, Attribute::Uncertain, Attribute::Historical, Attribute::Family, Attribute::Hypothetical];

fn asked() -> RawOptions {
    RawOptions { assertion: Some(true.into()), ..RawOptions::default() }
}

/// The attributes of each entity of a row; `None` for an attribute that is not known.
fn attributes(column: &dyn Array) -> Vec<Vec<[Option<bool>; 5]>> {
    let rows = entity_column::read(column).unwrap().into_iter();
    rows.map(|row| row.unwrap_or_default().iter().map(|mention| mention.attributes).collect()).collect()
}

fn only(attribute: Attribute) -> [Option<bool>; 5] {
    Attribute::ALL.map(|other| Some(other == attribute))
}

#[test]
fn entities_have_their_attributes_in_three_languages_and_every_layout() {
    let notes = texts([Some(ENGLISH), None, Some(SPANISH), Some(""), Some(ITALIAN)]);
    let each = ATTRIBUTES.map(only).to_vec();
    let expect = [each.clone(), Vec::new(), each.clone(), Vec::new(), each];
    for (name, layout) in Layout::named() {
        let options = RawOptions { layout: Some(name.into()), ..asked() };
        let column = engine(options).annotate(&notes).unwrap();
        assert_eq!(attributes(&column), expect, "{name}");
        if layout == Layout::StructOfLists {
            let names: Vec<&str> = column.as_struct().column_names();
            let all = ["negated", "uncertain", "historical", "hypothetical", "family"];
            assert_eq!(names, [&["chunk", "entity", "begin", "end", "confidence"], &all[..]].concat());
        }
    }
}

#[test]
fn annotations_have_the_label_of_i2b2_beside_the_booleans() {
    let options = RawOptions { layout: Some("annotation".into()), ..asked() };
    let column = engine(options).annotate(&texts([Some(ENGLISH)])).unwrap();
    let annotations = column.as_list::<i32>().value(0);
    let metadata = annotations.as_struct().column_by_name("metadata").unwrap().as_map().clone();
    let value = |entity: usize, key: &str| {
        let entry = metadata.value(entity);
        let place = entry.column(0).as_string::<i32>().iter().position(|k| k == Some(key))?;
        Some(entry.column(1).as_string::<i32>().value(place).to_string())
    };
    let labels: Vec<String> = (0..5).map(|entity| value(entity, "assertion").unwrap()).collect();
    assert_eq!(labels, ["absent", "possible", "present", "associated_with_someone_else", "hypothetical"]);
    assert_eq!(value(0, "negated").as_deref(), Some("true"));
    assert_eq!(value(0, "family").as_deref(), Some("false"));
}

#[test]
fn nothing_changes_without_the_option() {
    let notes = texts([Some(ENGLISH), Some(SPANISH)]);
    let column = engine(RawOptions::default()).annotate(&notes).unwrap();
    assert_eq!(column.as_struct().column_names(), ["chunk", "entity", "begin", "end", "confidence"]);
    let with = engine(asked()).annotate(&notes).unwrap();
    for (name, values) in column.as_struct().column_names().iter().zip(column.as_struct().columns()) {
        assert_eq!(with.as_struct().column_by_name(name).unwrap(), values, "{name}");
    }
}

#[test]
fn a_list_asks_for_some_attributes() {
    let options = RawOptions { assertion: Some(spanframe_engine::Selection::Some(vec!["family".into()])), ..asked() };
    let checked = EngineOptions::new(options.clone()).unwrap();
    let column = engine(options).annotate(&texts([Some(ENGLISH)])).unwrap();
    assert_eq!(&checked.data_type().unwrap(), column.data_type(), "the planned type is that of the data");
    let DataType::Struct(fields) = column.data_type() else { panic!("no struct") };
    assert_eq!(fields.last().unwrap().name(), "family");
    assert!(fields.find("negated").is_none());
    let family: Vec<Option<bool>> = attributes(&column)[0].iter().map(|known| known[4]).collect();
    assert_eq!(family, ATTRIBUTES.map(|attribute| Some(attribute == Attribute::Family)));
}

#[test]
fn the_language_of_a_row_chooses_its_cues() {
    let engine = engine(asked());
    let notes = texts([Some("Niega disnea."), Some("Niega disnea."), Some("Niega disnea."), Some("Niega disnea.")]);
    let languages = texts([Some("es-MX"), Some("en"), Some("fr"), None]);
    let column = engine.annotate(Notes { texts: &notes, languages: Some(&languages) }).unwrap();
    let negated: Vec<Option<bool>> = attributes(&column).iter().map(|row| row[0][0]).collect();
    // English has no cue "niega", French has no cues at all, and a null is detected
    assert_eq!(negated, [Some(true), Some(false), None, Some(true)]);
}

#[test]
fn wrong_requests_are_refused_with_a_way_out() {
    let check = |args: &[&str], expect: &str| {
        let output = spanframe(&[&["text", "Niega disnea."], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(stderr(&output).contains(expect), "{args:?}: {}", stderr(&output));
    };
    let attributes = "it may be negated, uncertain, historical, hypothetical, family";
    check(
        &["--assertion=negatd"],
        &format!("option `assertion` cannot be `negatd`; did you mean `negated`?; {attributes}"),
    );
    check(&["--assertion-rules", "rules.toml"], "does not go with no `assertion`: say `assertion=true` too");
    check(&["--assertion", "--assertion-rules", "none.toml"], "the assertion rules `none.toml` cannot be read");
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "language = \"es\"\n[negated]\nbefore = [{ cu = \"nunca\" }]\n").unwrap();
    check(&["--assertion", "--assertion-rules", rules.to_str().unwrap()], "line 3");
}

#[test]
fn rules_of_a_users_own_are_added_and_explained() {
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "language = \"es\"\n[negated]\nbefore = [{ cue = \"libró de\" }]\n").unwrap();
    let rules = rules.to_str().unwrap();
    let negated = |more: &[&str]| {
        let arguments = [&["text", "--json", "--assertion", "--language", "es", "Se libró de disnea."], more].concat();
        let output = spanframe(&arguments);
        assert!(output.status.success(), "{}", stderr(&output));
        let found: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        found[0]["negated"].as_bool().unwrap()
    };
    assert!(!negated(&[]) && negated(&["--assertion-rules", rules]));
    let explain = ["assertion", "explain", "--language", "es", "--mention", "disnea", "--assertion-rules", rules];
    let output = spanframe(&[&explain[..], &["Se libró de disnea."]].concat());
    let row = "| disnea | MENTION | negated   | libró de | negated.before |";
    assert!(stdout(&output).contains(row), "{}{}", stdout(&output), stderr(&output));
    let output = spanframe(&["assertion", "explain", "--mention", "ZZSENTINELZZ", "Niega disnea."]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!stderr(&output).contains("ZZSENTINELZZ"), "words of a note reach no message");
}

#[test]
fn a_pipeline_file_may_ask_for_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("own.toml"), "language = \"es\"\n[negated]\nbefore = [{ cue = \"nunca tuvo\" }]\n")
        .unwrap();
    let file = folder.path().join("set.toml");
    let set = "assertion = [\"negated\"]\nassertion_rules = \"own.toml\"\n[[model]]\nmodel = \"clinical-ner-small\"\n";
    fs::write(&file, set).unwrap();
    let options = RawOptions { model: Some(file.to_str().unwrap().into()), ..RawOptions::default() };
    let checked = EngineOptions::new(options.clone()).unwrap();
    let column = engine(options).annotate(&texts([Some("Nunca tuvo disnea.")])).unwrap();
    assert_eq!(column.data_type(), &checked.data_type().unwrap());
    assert_eq!(attributes(&column), [[[Some(true), None, None, None, None]]]);
    fs::write(&file, "assertion = 3\n[[model]]\nmodel = \"clinical-ner-small\"\n").unwrap();
    let message = checked.data_type().unwrap_err().to_string();
    assert!(message.contains("in line 1") && message.contains("true, false or a list of names"), "{message}");
}

/// Notes with their ids, as a file.
fn write_notes(folder: &Path) -> String {
    let path = folder.join("notes.parquet");
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let notes: ArrayRef = Arc::new(StringArray::from(vec![ENGLISH, SPANISH]));
    write(&path, &RecordBatch::try_from_iter([("id", ids), ("note", notes)]).unwrap());
    path.to_str().unwrap().to_string()
}

fn run(input: &str, output: &str, more: &[&str]) -> std::process::Output {
    spanframe(&[&["run", input, "-o", output, "--column", "note", "--quiet"], more].concat())
}

#[test]
fn omop_has_existence_time_and_modifiers() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (write_notes(folder.path()), folder.path().join("out"));
    let out = output.to_str().unwrap();
    let done = run(&input, out, &["--form", "note_nlp", "--id", "id", "--assertion"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let file = fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_file()).unwrap();
    let table = read(&file);
    let text = |name: &str| -> Vec<Option<String>> {
        let column = table.column_by_name(name).unwrap();
        column.as_string::<i32>().iter().take(5).map(|value| value.map(str::to_string)).collect()
    };
    let some = |values: [&str; 5]| values.map(|value| Some(value.to_string())).to_vec();
    assert_eq!(text("term_exists"), some(["N", "Y", "Y", "N", "N"]));
    assert_eq!(text("term_temporal"), some(["Present", "Present", "Past", "Present", "Future"]));
    let modifiers: Vec<String> = text("term_modifiers").into_iter().flatten().collect();
    let ends = [",negation=true", ",uncertain=true", ",history=true", ",subject=family", ",conditional=true"];
    for (modifier, end) in modifiers.iter().zip(ends) {
        assert!(modifier.ends_with(end), "{modifier}");
    }
}

#[test]
fn a_job_with_other_rules_is_another_job() {
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (write_notes(folder.path()), folder.path().join("out"));
    let rules = folder.path().join("rules.toml");
    fs::write(&rules, "language = \"es\"\n[negated]\nbefore = [{ cue = \"nunca\" }]\n").unwrap();
    let more = ["--assertion", "--assertion-rules", rules.to_str().unwrap()];
    let out = output.to_str().unwrap();
    assert!(run(&input, out, &more).status.success());
    assert!(run(&input, out, &more).status.success(), "the same job");
    fs::write(&rules, "language = \"es\"\n[negated]\nbefore = [{ cue = \"ninguna\" }]\n").unwrap();
    let other = run(&input, out, &more);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("assertion_sha256"), "{}", stderr(&other));
}

#[test]
fn a_note_reaches_no_message_of_assertion() {
    let note = "ZZSENTINELZZ niega disnea";
    let output = spanframe(&["text", "--assertion", "--language", "es", "--max-document-bytes", "3", note]);
    assert!(!output.status.success() && !stderr(&output).contains("ZZSENTINELZZ"));
    let output = spanframe(&["assertion", "explain", "--language", "fr", note]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("en, es, it") && !stderr(&output).contains("ZZSENTINELZZ"), "{}", stderr(&output));
}

#[test]
fn unusable_rules_are_an_error_of_the_engine() {
    let options = RawOptions { assertion_rules: Some(vec!["none.toml".into()]), ..asked() };
    let error = Engine::new(&EngineOptions::new(options).unwrap()).err();
    assert!(matches!(error, Some(EngineError::Lexicon(_))), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Attributes of a row depend on the row alone, and a mention stays at its place.
    #[test]
    fn attributes_do_not_depend_on_batches_or_order(
        notes in prop::collection::vec("(Niega |Posible |No |sin |padre con |if |disnea|fiebre|stroke|[ .,\\n:éİ👩\u{301}]){0,20}", 1..8),
        batch_tokens in 1i64..600, turn in 0usize..8,
    ) {
        let engine_of = |batch_tokens| engine(RawOptions { batch_tokens: Some(batch_tokens), ..asked() });
        let all = texts(notes.iter().map(|note| Some(note.as_str())));
        let whole = engine_of(512).annotate(&all).unwrap();
        let order: Vec<u32> = (0..notes.len()).map(|i| ((i + turn) % notes.len()) as u32).collect();
        let places = arrow_array::UInt32Array::from(order);
        let turned = take(&all, &places, None).unwrap();
        let expect = take(&whole, &places, None).unwrap();
        let found = engine_of(batch_tokens).annotate(&turned).unwrap();
        let seen = |column: &ArrayRef| -> Vec<Option<Vec<Mention<'static>>>> {
            let rows = entity_column::read(column).unwrap().into_iter();
            rows.map(|row| row.map(|list| list.into_iter().map(Mention::into_owned).collect())).collect()
        };
        prop_assert_eq!(seen(&found), seen(&expect));
        for (note, row) in turned.as_string::<i32>().iter().zip(seen(&found)) {
            for mention in row.unwrap() {
                let slice: String = note.unwrap().chars().skip(mention.begin as usize).take((mention.end - mention.begin) as usize).collect();
                prop_assert_eq!(Some(slice.as_str()), mention.chunk.as_deref());
                prop_assert!(mention.attributes.iter().all(Option::is_some));
            }
        }
    }
}
