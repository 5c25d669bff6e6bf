//! Options of NerConverter, DocumentAssembler and Hugging Face's pipeline: each is compared with the engine's default.

mod support;

use arrow_array::{Array, ArrayRef, cast::AsArray, types::Int32Type};
use proptest::prelude::*;
use spanframe_core::cleanup::{CleanupMode, clean};
use spanframe_engine::{Engine, EngineOptions, Layout, Named, RawOptions, field::EntityFields, schema};
use support::{Found, annotate, column, engine, raw, texts};

fn with(model: &str, change: impl FnOnce(&mut RawOptions)) -> Engine {
    let mut raw = raw(Some(model));
    change(&mut raw);
    engine(raw)
}

fn names(list: &[&str]) -> Option<Vec<String>> {
    Some(list.iter().map(ToString::to_string).collect())
}

fn notes() -> ArrayRef {
    column("notes.parquet", "note").slice(0, 30)
}

/// Checks that an option gives the entities found without it, changed by `change`.
fn check(model: &str, option: impl FnOnce(&mut RawOptions), change: impl Fn(Found) -> Option<Found>) {
    let plain = annotate(&with(model, |_| ()), &notes());
    let expect: Vec<Option<Vec<Found>>> =
        plain.iter().map(|row| row.clone().map(|row| row.into_iter().filter_map(&change).collect())).collect();
    assert!(expect.iter().flatten().flatten().count() > 20);
    assert_eq!(annotate(&with(model, option), &notes()), expect);
    assert_ne!(expect, plain, "the option changes something here");
}

#[test]
fn white_list_black_list_and_new_names() {
    let only = |types: &'static [&str]| move |f: Found| types.contains(&f.entity.as_str()).then_some(f);
    check("bert-uncased", |o| o.white_list = names(&["DISEASE"]), only(&["DISEASE"]));
    check("bert-uncased", |o| o.entities = names(&["DISEASE"]), only(&["DISEASE"]));
    check("bert-uncased", |o| o.black_list = names(&["DISEASE"]), only(&["MEDICATION", "PROCEDURE", "SYMPTOM"]));
    let both = |o: &mut RawOptions| (o.entities, o.black_list) = (names(&["DISEASE", "SYMPTOM"]), names(&["DISEASE"]));
    check("bert-uncased", both, only(&["SYMPTOM"]));
    let renaming = [("SYMPTOM".to_string(), "PROBLEM".to_string()), ("DISEASE".to_string(), "PROBLEM".to_string())];
    check(
        "multi-head",
        |o| o.replace_labels = Some(renaming.into_iter().collect()),
        |f| {
            let problem = f.entity == "SYMPTOM" || f.entity == "DISEASE";
            Some(Found { entity: if problem { "PROBLEM".into() } else { f.entity.clone() }, ..f })
        },
    );
    check("multi-head", |o| o.threshold = Some(0.8), |f| (f.confidence >= 0.8).then_some(f));
}

#[test]
fn greedy_mode_joins_and_loses_nothing() {
    let plain = annotate(&with("bert-uncased", |_| ()), &notes());
    let greedy = annotate(&with("bert-uncased", |o| o.greedy_mode = Some(true)), &notes());
    let count = |all: &[Option<Vec<Found>>]| all.iter().flatten().flatten().count();
    assert!(count(&greedy) < count(&plain));
    for (plain, greedy) in plain.iter().flatten().zip(greedy.iter().flatten()) {
        for f in plain {
            let holder = greedy.iter().filter(|g| g.entity == f.entity && g.begin <= f.begin && f.end <= g.end);
            assert_eq!(holder.count(), 1, "{} {}..{}", f.entity, f.begin, f.end);
        }
    }
}

#[test]
fn without_schema_labels_are_types() {
    let engine = with("bert-uncased", |o| o.ner_has_no_schema = Some(true));
    let found = annotate(&engine, &notes());
    let all = || found.iter().flatten().flatten();
    assert!(all().count() > 50 && all().all(|f| f.entity.starts_with("B-") || f.entity.starts_with("I-")));
}

#[test]
fn every_grouping_and_decoding_reads_the_same_labels() {
    let find = |change: fn(&mut RawOptions)| annotate(&with("bert-uncased", change), &notes());
    let lenient = find(|_| ());
    assert_eq!(find(|o| o.grouping = Some("lenient".into())), lenient);
    assert_eq!(find(|o| o.aggregation_strategy = Some("word".into())), lenient);
    assert_eq!(find(|o| o.decoding = Some("best".into())), lenient);
    let strict = find(|o| o.grouping = Some("strict".into()));
    let viterbi = find(|o| o.decoding = Some("viterbi".into()));
    // a strict entity begins at a B-, where a lenient one begins too; a legal sequence is already strict
    for (strict, lenient) in strict.iter().flatten().zip(lenient.iter().flatten()) {
        assert!(strict.iter().all(|s| lenient.iter().any(|l| (l.begin, &l.entity) == (s.begin, &s.entity))));
    }
    let both = find(|o| (o.decoding, o.grouping) = (Some("viterbi".into()), Some("strict".into())));
    assert_eq!(both, viterbi);
    assert_ne!(viterbi, lenient);
    // likely mentions are confident, and most are in the best sequence too
    let likely = find(|o| o.decoding = Some("posterior".into()));
    let (mut all, mut same) = (0, 0);
    for (likely, best) in likely.iter().flatten().zip(viterbi.iter().flatten()) {
        all += likely.len();
        for f in likely {
            assert!(f.confidence > 0.5);
            let place = |g: &Found| (g.begin, g.end, g.entity.clone());
            same += usize::from(best.iter().any(|g| place(g) == place(f)));
        }
    }
    assert!(all > 20 && same * 10 > all * 9, "{same} of {all}");
    let spark = find(|o| o.grouping = Some("sparknlp".into()));
    assert_ne!(spark, lenient);
    assert!(spark.iter().flatten().flatten().count() <= lenient.iter().flatten().flatten().count());
}

#[test]
fn the_annotation_layout_is_that_of_spark_nlp() {
    let engine = with("multi-head", |o| o.layout = Some("annotation".into()));
    let notes = column("hard_cases.parquet", "note");
    let out = engine.annotate(&notes).unwrap();
    assert_eq!(out.data_type(), &EntityFields::default().data_type(Layout::Annotation));
    let expect = annotate(&with("multi-head", |o| o.offsets = Some("spark".into())), &notes);
    let lists = out.as_list::<i32>();
    let mut compared = 0;
    for (row, expect) in expect.iter().enumerate() {
        assert_eq!(lists.is_null(row), expect.is_none());
        let Some(expect) = expect else { continue };
        let list = lists.value(row);
        let list = list.as_struct();
        let text = |name: &str, i: usize| list.column_by_name(name).unwrap().as_string::<i32>().value(i).to_string();
        let number =
            |name: &str, i: usize| list.column_by_name(name).unwrap().as_primitive::<Int32Type>().value(i) as u32;
        assert_eq!(list.len(), expect.len());
        for (i, f) in expect.iter().enumerate() {
            assert_eq!(text("annotatorType", i), "chunk");
            assert_eq!((number("begin", i), number("end", i), text("result", i)), (f.begin, f.end, f.chunk.clone()));
            let metadata = list.column_by_name("metadata").unwrap().as_map().value(i);
            let pair = |j: usize| {
                let of = |c: usize| metadata.column(c).as_string::<i32>().value(j).to_string();
                (of(0), of(1))
            };
            let confidence = format!("{:?}", f.confidence);
            let pairs = [
                ("entity", &f.entity),
                ("sentence", &"0".into()),
                ("chunk", &i.to_string()),
                ("confidence", &confidence),
            ];
            assert_eq!((0..4).map(pair).collect::<Vec<_>>(), pairs.map(|(k, v)| (k.to_string(), v.clone())));
            assert_eq!(list.column_by_name("embeddings").unwrap().as_list::<i32>().value_length(i), 0);
            compared += 1;
        }
    }
    assert!(compared > 100);
}

#[test]
fn cleaned_texts_keep_the_positions_of_the_original() {
    let text = "  Refiere dolor\n\n  torácico\ty\u{a0}disnea.  ";
    let find = |cleaned| {
        let engine = engine(RawOptions {
            cleanup_mode: Some("shrink".into()),
            cleaned_offsets: Some(cleaned),
            ..RawOptions::default()
        });
        annotate(&engine, &texts([Some(text)])).remove(0).unwrap()
    };
    let chunks = |found: &[Found]| found.iter().map(|f| f.chunk.clone()).collect::<Vec<_>>();
    let (original, cleaned) = (find(false), find(true));
    assert_eq!(chunks(&original), ["dolor\n\n  torácico", "disnea"]);
    assert_eq!(chunks(&cleaned), ["dolor torácico", "disnea"]);
    assert_eq!((original[0].begin, original[0].end), (10, 27));
    assert_eq!((cleaned[0].begin, cleaned[0].end), (8, 22));
    let words = engine(RawOptions { preserve_position: Some(false), ..RawOptions::default() });
    let words = annotate(&words, &texts([Some("dolor\n torácico")])).remove(0).unwrap();
    assert_eq!((words[0].chunk.as_str(), words[0].begin, words[0].end), ("dolor torácico", 0, 15));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Invariant 1 under every cleanup mode, in the original and in the cleaned text.
    #[test]
    fn cleaned_and_original_positions_slice_their_text(
        words in prop::collection::vec("(aspirin|dolor|é|👩|\\\\n|\\\\t|\n|\t|\r\n|\u{a0}| ){1,3}", 1..20), mode in 0..8usize,
    ) {
        let text = words.join(" ");
        let (name, mode) = CleanupMode::named().nth(mode).unwrap();
        for kept in [true, false] {
            let engine = with("bert-uncased", |o| {
                (o.cleanup_mode, o.cleaned_offsets) = (Some(name.into()), Some(kept));
            });
            let read = if kept { clean(&text, mode).text } else { text.clone() };
            let chars: Vec<char> = read.chars().collect();
            for f in annotate(&engine, &texts([Some(text.as_str())])).remove(0).unwrap() {
                prop_assert_eq!(chars[f.begin as usize..f.end as usize].iter().collect::<String>(), f.chunk);
            }
        }
    }
}

#[test]
fn diagnostics_tell_what_reading_a_text_takes() {
    use arrow_array::types::UInt32Type;
    let long = "aspirin 81mg daily. ".repeat(100);
    let notes = texts([Some("aspirin"), None, Some(""), Some("☃☃"), Some(long.as_str())]);
    let engine = with("bert-uncased", |o| o.max_length = Some(40));
    let out = engine.diagnose(&notes).unwrap();
    assert_eq!(out.data_type(), &schema::diagnostics_type());
    let row = |i: usize| -> Option<[u32; 4]> {
        let found = out.as_struct();
        let value = |c: usize| found.column(c).as_primitive::<UInt32Type>().value(i);
        found.is_valid(i).then(|| [value(0), value(1), value(2), value(3)])
    };
    assert_eq!((row(1), row(2)), (None, Some([0, 0, 0, 0])));
    let [tokens, unknown, windows, lost] = row(3).unwrap();
    assert!(tokens == unknown && tokens > 0 && (windows, lost) == (1, 0), "a snowman is not in the vocabulary");
    let [tokens, unknown, windows, lost] = row(4).unwrap();
    assert!(tokens >= 400 && unknown == 0 && windows >= tokens / 38 && lost == 0);
    assert_eq!(engine.metrics().model_tokens(), 0, "the model did not run");
    annotate(&engine, &notes);
    assert_eq!(engine.metrics().windows(), u64::from(windows) + 2);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let refused = |change: fn(&mut RawOptions)| {
        let mut raw = raw(Some("bert-uncased"));
        change(&mut raw);
        let engine = EngineOptions::new(raw).map_err(|e| e.to_string()).map(|o| Engine::new(&o).map(drop));
        match engine {
            Err(message) => message,
            Ok(made) => made.expect_err("refused").to_string(),
        }
    };
    assert_eq!(
        refused(|o| (o.entities, o.white_list) = (names(&["DISEASE"]), names(&["DISEASE"]))),
        "option `white_list` does not go with `entities`: they mean the same, give one of them"
    );
    assert_eq!(
        refused(|o| (o.layout, o.offsets) = (Some("annotation".into()), Some("char".into()))),
        "option `offsets` does not go with the layout `annotation`: there it is `spark`, leave it out"
    );
    assert_eq!(
        refused(|o| o.ignore_labels = names(&["DISEASE"])),
        "option `ignore_labels` does not go with strategies that are not Hugging Face's: they never give `O` as an \
         entity; add `O` to the list"
    );
    assert_eq!(
        refused(|o| (o.grouping, o.aggregation_strategy) = (Some("strict".into()), Some("max".into()))),
        "option `grouping` does not go with a strategy of Hugging Face: Hugging Face's pipeline has a rule of its own; \
         use the strategy `word`"
    );
    let posterior = |change: fn(&mut RawOptions)| {
        let raw = RawOptions { decoding: Some("posterior".into()), ..raw(Some("bert-uncased")) };
        let mut changed = raw.clone();
        change(&mut changed);
        assert!(EngineOptions::new(raw).is_ok());
        EngineOptions::new(changed).expect_err("refused").to_string()
    };
    assert_eq!(
        posterior(|o| o.aggregation_strategy = Some("max".into())),
        "option `decoding` does not go with a strategy of Hugging Face: `posterior` gives mentions, not labels to group; \
         leave one of them out"
    );
    assert!(posterior(|o| o.emulate = Some("sparknlp".into())).contains("`decoding` does not go with `emulate`"));
    assert!(posterior(|o| o.grouping = Some("strict".into())).contains("`decoding` does not go with `grouping`"));
    assert!(
        refused(|o| o.black_list = names(&["DISEASES"]))
            .contains("`black_list` cannot be `DISEASES`; did you mean `DISEASE`?")
    );
    assert!(refused(|o| o.white_list = names(&["DISEASES"])).contains("`white_list` cannot be `DISEASES`"));
    assert!(refused(|o| o.entities = names(&["DISEASES"])).contains("`entities` cannot be `DISEASES`"));
    assert!(refused(|o| o.emulate = Some("spark".into())).contains("did you mean `sparknlp`?"));
}
