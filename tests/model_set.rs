//! Many models in one pass give the entities of one call a model, tokenize once a tokenizer, read the rows of their
//! languages, and merge by the given rule.

mod support;

use std::{path::Path, sync::Arc};

use arrow_array::{Array, ArrayRef, StringArray, cast::AsArray};
use arrow_select::take::take;
use proptest::prelude::*;
use spanframe_engine::{
    Engine, EngineError, EngineOptions, Layout, Mention, ModelNames, Named as _, Notes, RawOptions, catalogue::ALIASES,
    entity_column, field::EntityFields,
};
use support::{Found, column, engine, rows, test_model, texts};

/// The entities of a row, with the names of their models.
type Named = Vec<(Found, String)>;

fn set(models: &[&str]) -> RawOptions {
    RawOptions {
        model: Some(models.iter().map(ToString::to_string).collect::<Vec<_>>().into()),
        ..RawOptions::default()
    }
}

fn twelve() -> Vec<&'static str> {
    ALIASES.iter().map(|alias| alias.name).collect()
}

/// Four models with different weights and three tokenizers. The first and the last share a tokenizer, and one of them
/// reads words.
const SMALL: [&str; 4] = ["bert-uncased", "roberta", "distilbert", "multi-head"];

fn small() -> [String; 4] {
    SMALL.map(test_model)
}

fn named(column: &dyn Array) -> Vec<Option<Named>> {
    let models = column.as_struct().column_by_name("model").expect("a set names its models").as_list::<i32>().clone();
    let rows = rows(column).into_iter().enumerate();
    let name = |row: usize, i: usize| models.value(row).as_string::<i32>().value(i).to_string();
    rows.map(|(row, found)| Some(found?.into_iter().enumerate().map(|(i, f)| (f, name(row, i))).collect())).collect()
}

fn annotate(engine: &Engine, texts: &ArrayRef, languages: Option<&ArrayRef>) -> Vec<Option<Named>> {
    let languages = languages.map(|codes| codes as &dyn Array);
    named(&engine.annotate(Notes { texts, languages }).expect("annotates"))
}

/// The entities of one call for each of `models`, given by paths or names.
fn one_by_one(models: &[&str], texts: &ArrayRef) -> Vec<Vec<Option<Vec<Found>>>> {
    let one = |model: &&str| engine(RawOptions { model: Some((*model).into()), ..RawOptions::default() });
    models.iter().map(|model| support::annotate(&one(model), texts)).collect()
}

/// The same joined in the order of a set that keeps all. `takes` is true if a model reads a row.
fn together(
    found: &[Vec<Option<Vec<Found>>>], names: &[&str], takes: impl Fn(usize, usize) -> bool,
) -> Vec<Option<Named>> {
    let row = |row: usize| {
        let models = found.iter().zip(names).enumerate().filter(|(model, _)| takes(*model, row));
        let mut all: Named = Vec::new();
        for (_, (found, name)) in models {
            all.extend(found[row].as_ref()?.iter().map(|f| (f.clone(), name.to_string())));
        }
        all.sort_by_key(|(f, _)| (f.begin, f.end));
        Some(all)
    };
    (0..found[0].len()).map(row).collect()
}

/// Some notes of each language of data/notes.parquet, with their languages. One note is null.
fn some(n: usize) -> (ArrayRef, ArrayRef) {
    let (notes, languages) = (column("notes.parquet", "note").slice(0, n), column("notes.parquet", "lang").slice(0, n));
    let notes: StringArray = notes.as_string::<i32>().iter().enumerate().map(|(i, t)| t.filter(|_| i != 4)).collect();
    (Arc::new(notes), languages)
}

#[test]
fn twelve_names_in_one_call_give_what_twelve_calls_give_and_infer_once() {
    let (notes, languages) = some(9);
    let names = twelve();
    let each = one_by_one(&names, &notes);
    let engine = engine(set(&names));
    let found = annotate(&engine, &notes, None);
    assert_eq!(found, together(&each, &names, |_, _| true));
    assert!(found.iter().flatten().flatten().count() > 100);

    // one tokenizer and one inference serve all, so the counts are those of the bundled model alone
    let bundled = support::engine(RawOptions::default());
    support::annotate(&bundled, &notes);
    let counts = |engine: &Engine| {
        let m = engine.metrics();
        (m.rows(), m.tokens(), m.model_tokens(), m.windows(), m.texts_tokenized())
    };
    assert_eq!(counts(&engine), counts(&bundled));
    assert_eq!(engine.metrics().texts_tokenized(), 8, "one of the notes is null");

    // with languages, four models read each row
    let routed = support::engine(set(&names));
    let found = annotate(&routed, &notes, Some(&languages));
    let codes = languages.as_string::<i32>();
    assert_eq!(found, together(&each, &names, |model, row| ALIASES[model].language == codes.value(row)));
    assert_eq!((counts(&routed), routed.metrics().unknown_languages()), (counts(&bundled), 0));
}

#[test]
fn distinct_weights_share_the_tokenizer_alone() {
    let (notes, _) = some(20);
    let paths = small();
    let models: Vec<&str> = paths.iter().map(String::as_str).collect();
    let tokenizer = |path: &&str| std::fs::read(Path::new(path).join("tokenizer.json")).unwrap();
    let mut tokenizers: Vec<_> = models.iter().map(tokenizer).collect();
    tokenizers.sort();
    tokenizers.dedup();
    let engine = engine(set(&models));
    let found = annotate(&engine, &notes, None);
    assert_eq!(found, together(&one_by_one(&models, &notes), &SMALL, |_, _| true));
    assert!(tokenizers.len() < models.len(), "some share a tokenizer");
    assert_eq!(engine.metrics().texts_tokenized(), 19 * tokenizers.len() as u64);

    // a copy in another folder is the same model
    let folder = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(models[0]).unwrap().flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let both = support::engine(set(&[models[0], folder.path().to_str().unwrap()]));
    annotate(&both, &notes, None);
    let alone = support::engine(set(&[models[0]]));
    alone.annotate(&notes).unwrap();
    assert_eq!(both.metrics().model_tokens(), alone.metrics().model_tokens());
}

#[test]
fn a_set_of_any_layout_names_its_models() {
    let (notes, _) = some(6);
    let models = ["roberta_med_ner_es_onnx", "roberta_disease_ner_es_onnx"];
    let expect = annotate(&engine(set(&models)), &notes, None);
    let expect: Vec<Option<Vec<(String, String)>>> =
        expect.into_iter().map(|row| Some(row?.into_iter().map(|(f, model)| (f.chunk, model)).collect())).collect();
    assert!(expect.iter().flatten().flatten().count() > 10);
    for (name, layout) in Layout::named() {
        let engine = engine(RawOptions { layout: Some(name.into()), ..set(&models) });
        let found = engine.annotate(&notes).unwrap();
        let options = EngineOptions::new(RawOptions { layout: Some(name.into()), ..set(&["no/a", "no/b"]) }).unwrap();
        assert_eq!(found.data_type(), &EntityFields::of(&options).data_type(layout), "planned type is data type");
        assert_eq!(&options.data_type().unwrap(), found.data_type(), "known from the options alone");
        let mentions = entity_column::read(&found).unwrap();
        let pairs = |row: Vec<Mention<'_>>| {
            row.into_iter().map(|m| (m.chunk.unwrap().into_owned(), m.model.unwrap().into_owned())).collect::<Vec<_>>()
        };
        assert_eq!(mentions.into_iter().map(|row| row.map(pairs)).collect::<Vec<_>>(), expect, "{name}");
    }
    // a list of one name is one model, not a set
    let one = engine(set(&models[..1]));
    let alone = engine(RawOptions { model: Some(models[0].into()), ..RawOptions::default() });
    assert_eq!(&one.annotate(&notes).unwrap(), &alone.annotate(&notes).unwrap());
}

#[test]
fn rows_go_to_the_models_of_their_language() {
    let notes = texts([Some("Refiere dolor torácico y disnea. Aspirin 81mg.")].repeat(9));
    let codes = ["es", "ES", "es-MX", "es_ES", " it ", "en-US", "fr", "", "x"];
    let languages: StringArray = codes.iter().map(|&code| Some(code).filter(|&code| code != "x")).collect();
    let languages: ArrayRef = Arc::new(languages);
    let models = ["roberta_symptom_ner_es_onnx", "bert_token_classifier_symptom_ner_it_onnx", "roberta_med_ner_onnx"];
    let find = |rule: &str| {
        let options = RawOptions { unknown_language: Some(rule.into()), on_error: Some("null".into()), ..set(&models) };
        let engine = engine(options);
        let found = annotate(&engine, &notes, Some(&languages));
        let models = found.into_iter().map(|row| {
            let mut models: Vec<String> = row?.into_iter().map(|(_, model)| model).collect();
            models.dedup();
            models.sort();
            models.dedup();
            Some(models)
        });
        (models.collect::<Vec<_>>(), engine.metrics().unknown_languages())
    };
    let only = |i: usize| Some(vec![models[i].to_string()]);
    let known = [only(0), only(0), only(0), only(0), only(1), only(2)];
    let all = Some({
        let mut all: Vec<String> = models.iter().map(ToString::to_string).collect();
        all.sort();
        all
    });
    for (rule, rest, unknown) in [("error", None, 0), ("skip", Some(Vec::new()), 3), ("all", all, 3)] {
        let (found, counted) = find(rule);
        assert_eq!(found[..6], known, "{rule}");
        assert_eq!(found[6..], [rest.clone(), rest.clone(), rest], "{rule}");
        assert_eq!(counted, unknown, "{rule}");
    }
    let engine = engine(set(&models));
    let error = engine.annotate(Notes { texts: &notes, languages: Some(&languages) }).unwrap_err().to_string();
    assert_eq!(
        error,
        "the document in row 6 is in none of the languages of the models (en, es, it): correct its language, set \
         unknown_language, or give a model of a pipeline file `languages = [\"other\"]`"
    );
    let reasons = engine.diagnose(Notes { texts: &notes, languages: Some(&languages) }).unwrap();
    let errors = reasons.as_struct().column_by_name("error").unwrap().as_string::<i32>().clone();
    assert_eq!((errors.null_count(), errors.is_valid(6)), (6, true));
    // one code may stand for all rows
    let one: ArrayRef = texts([Some("es")]);
    let found = annotate(&engine, &notes, Some(&one));
    assert!(found.iter().flatten().flatten().all(|(_, model)| model == models[0]));
    let alone = engine.annotate_text("Refiere disnea. Aspirin 81mg.", Some("en")).unwrap();
    assert_eq!(alone.iter().map(|a| a.model.as_deref()).collect::<Vec<_>>(), [Some(models[2])]);
}

#[test]
fn null_texts_stay_null_whatever_their_language() {
    let notes = texts([None, Some(""), None]);
    let languages: ArrayRef = texts([Some("fr"), Some("es"), None]);
    let engine = engine(set(&["roberta_med_ner_es_onnx", "roberta_disease_ner_es_onnx"]));
    assert_eq!(annotate(&engine, &notes, Some(&languages)), [None, Some(Vec::new()), None]);
}

#[test]
fn languages_that_do_not_fit_are_refused() {
    let notes = texts([Some("a"), Some("b")]);
    let refused = |options: RawOptions, languages: Option<&dyn Array>| {
        engine(options).annotate(Notes { texts: &notes, languages }).unwrap_err().to_string()
    };
    let numbers = arrow_array::Int64Array::from(vec![1, 2]);
    let (two, three) = (texts([Some("es"), Some("es")]), texts([Some("es"); 3]));
    let es = ["roberta_med_ner_es_onnx", "roberta_disease_ner_es_onnx"];
    assert!(refused(set(&es), Some(&numbers)).starts_with("the column of languages is Int64, expected a code"));
    assert!(refused(set(&es), Some(&three)).starts_with("there are 3 languages for 2 texts"));
    assert_eq!(
        refused(RawOptions::default(), Some(&two)),
        "option `language` does not go with one model: it takes all rows, leave the language out or give several models"
    );
    let small = [test_model("bert-uncased"), test_model("roberta")];
    assert!(
        refused(set(&[&small[0], &small[1]]), Some(&two)).contains("does not go with models that name no language"),
    );
}

#[test]
fn overlapping_entities_follow_the_rule() {
    let (notes, _) = some(12);
    let paths = small();
    let models: Vec<&str> = paths.iter().map(String::as_str).collect();
    let overlap = |a: &Found, b: &Found| a.begin < b.end && b.begin < a.end;
    let merged = |merge: &str, within: &str| -> Vec<Named> {
        let (merge, merge_within) = (Some(merge.into()), Some(within.into()));
        annotate(&engine(RawOptions { merge, merge_within, ..set(&models) }), &notes, None)
            .into_iter()
            .flatten()
            .collect()
    };
    let all = merged("all", "row");
    for merge in ["longest", "first", "confident"] {
        let (by_row, by_type) = (merged(merge, "row"), merged(merge, "type"));
        let mut dropped = 0;
        for ((all, by_row), by_type) in all.iter().zip(&by_row).zip(&by_type) {
            assert!(by_row.iter().chain(by_type).all(|f| all.contains(f)));
            assert!(by_row.windows(2).all(|pair| !overlap(&pair[0].0, &pair[1].0)), "{merge}");
            for (i, (f, _)) in by_type.iter().enumerate() {
                assert!(by_type[i + 1..].iter().all(|(g, _)| g.entity != f.entity || !overlap(f, g)), "{merge}");
            }
            if merge == "first" {
                let first = |named: &Named| named.iter().filter(|(_, model)| model == SMALL[0]).count();
                assert_eq!(first(by_row), first(all), "nothing is before the first model");
            }
            dropped += all.len() - by_row.len();
        }
        assert!(dropped > 20, "{merge} does something: {dropped}");
    }
    // the heads of one model may find overlapping entities too
    let heads = |merge: &str| -> Vec<Vec<Found>> {
        let model = Some(ModelNames::from(test_model("multi-head")));
        let one = engine(RawOptions { model, merge: Some(merge.into()), ..RawOptions::default() });
        support::annotate(&one, &notes).into_iter().flatten().collect()
    };
    let (all, longest) = (heads("all"), heads("longest"));
    assert!(longest.iter().flatten().count() < all.iter().flatten().count());
    assert!(longest.iter().all(|row| row.windows(2).all(|pair| !overlap(&pair[0], &pair[1]))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn entities_of_a_set_do_not_depend_on_batches_order_or_threads(
        rows in prop::collection::vec(0u64..60, 1..12), budget in 1i64..600, sessions in 1i64..4,
    ) {
        let (notes, _) = some(60);
        let notes = take(&notes, &arrow_array::UInt64Array::from(rows), None).unwrap();
        let paths = small();
        let models: Vec<&str> = paths.iter().map(String::as_str).collect();
        let options = RawOptions { merge: Some("longest".into()), ..set(&models) };
        let expect = annotate(&engine(options.clone()), &notes, None);
        let other = engine(RawOptions { batch_tokens: Some(budget), sessions: Some(sessions), ..options });
        prop_assert_eq!(&annotate(&other, &notes, None), &expect);
        for (row, expect) in expect.iter().enumerate() {
            prop_assert_eq!(&annotate(&other, &notes.slice(row, 1), None)[0], expect);
        }
    }
}

#[test]
fn names_are_looked_up_among_all_models() {
    let (notes, _) = some(12);
    let models = ["roberta_med_ner_es_onnx", "roberta_symptom_ner_es_onnx"];
    let engine = engine(RawOptions {
        entities: Some(vec!["SYMPTOM".into()]),
        replace_labels: Some([("SYMPTOM".to_string(), "PROBLEM".to_string())].into()),
        ..set(&models)
    });
    let found = annotate(&engine, &notes, None);
    assert!(found.iter().flatten().flatten().count() > 20);
    assert!(found.iter().flatten().flatten().all(|(f, model)| f.entity == "PROBLEM" && model == models[1]));
    assert_eq!(engine.types().iter().zip(engine.kept()).filter(|(_, kept)| **kept).count(), 1);
    assert_eq!(engine.card().entities, ["MEDICATION", "SYMPTOM"]);
    assert_eq!(engine.card().name, "roberta_med_ner_es_onnx + roberta_symptom_ner_es_onnx");
    let refused = |change: fn(&mut RawOptions)| {
        let mut options = set(&models);
        change(&mut options);
        EngineOptions::new(options).map_err(EngineError::from).and_then(|o| Engine::new(&o)).err().unwrap().to_string()
    };
    assert_eq!(
        refused(|o| o.entities = Some(vec!["DISEASE".into()])),
        "option `entities` cannot be `DISEASE`; it may be MEDICATION, SYMPTOM"
    );
    assert!(
        refused(|o| o.merge = Some("longst".into())).contains("`merge` cannot be `longst`; did you mean `longest`?")
    );
    assert!(refused(|o| o.merge_within = Some("types".into())).contains("did you mean `type`?"));
    assert!(refused(|o| o.unknown_language = Some("raise".into())).contains("it may be error, all, skip"));
    assert!(refused(|o| o.model = Some(Vec::new().into())).contains("`model` cannot be an empty list"));
    let twice = |o: &mut RawOptions| o.model = Some(vec!["roberta_med_ner_onnx".to_string(); 2].into());
    assert!(refused(twice).contains("two models are named `roberta_med_ner_onnx`"));
    let nested = |o: &mut RawOptions| o.model = Some(vec!["a.toml".to_string(), "b".into()].into());
    assert!(refused(nested).contains("a pipeline file is a set by itself"));
    let absent =
        |o: &mut RawOptions| o.model = Some(vec!["roberta_med_ner_onnx".to_string(), "no/model".into()].into());
    assert!(refused(absent).starts_with("model `no/model` of the set: there is no model at `no/model`"));
}

#[test]
fn the_digest_of_a_set_covers_all_that_decides() {
    let digest = |options: RawOptions| engine(options).model_digest().unwrap();
    let (a, b) = ("roberta_med_ner_es_onnx", "roberta_symptom_ner_es_onnx");
    let base = digest(set(&[a, b]));
    assert_eq!(base, digest(set(&[a, b])));
    assert_eq!(base.len(), 64);
    assert_ne!(base, digest(set(&[b, a])), "the order is part of it");
    assert_ne!(base, digest(RawOptions { merge: Some("first".into()), ..set(&[a, b]) }));
    assert_ne!(base, digest(set(&[a, "roberta_disease_ner_es_onnx"])));
}
