//! Tests of the invariants in ARCHITECTURE.md that concern values, under the names given there.

mod support;

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, DictionaryArray, LargeStringArray, NullArray, StringArray, StringViewArray, cast::AsArray,
    types::Int32Type,
};
use proptest::prelude::*;
use spanframe_engine::{Engine, EngineError, Layout, Named, RawOptions, Step, field::EntityFields};
use spanframe_model::{ModelFiles, Tokenizer};
use support::{Found, annotate, column, data, engine, raw, texts};

const MODELS: [&str; 5] = ["bert-uncased", "bert-cased", "roberta", "xlm-roberta", "multi-head"];
/// xlm-roberta computes in half precision, whose rounding in ONNX Runtime depends on the shape of the batch.
const FP32_MODELS: [&str; 5] = ["bert-uncased", "bert-cased", "roberta", "xlm-roberta-fp32", "multi-head"];
/// Values of `batch_tokens`, from one window a batch to all windows in one batch.
const BUDGETS: [i64; 5] = [1, 150, 500, 2_000, 1 << 40];

/// Words as in notes, and characters that shift offsets.
const TEXT: &str = "([A-Za-zéñİß]{1,9}|mg|[0-9]{1,3}|aspirin|dolor|👩\u{200d}⚕️|e\u{301}|ﬁ|½|日本|שלום|\u{fffd}|\u{0}|<s>|\\[SEP\\])([ .,;:()\n\t\r\u{a0}\u{200b}-]{1,2}([A-Za-zéñİß]{1,9}|mg|[0-9]{1,3}|tos)){0,30}";

/// Models whose tokenizers compose or strip accents, so that both forms of a letter have the same tokens. Other
/// tokenizers (cased BERT, DistilBERT, ELECTRA, byte-level BPE) read a decomposed accent as another token, so nothing
/// can be compared.
const COMPOSING: [&str; 6] = [
    "models/clinical-ner-small",
    "test_models/bert-uncased",
    "test_models/multi-head",
    "test_models/camembert",
    "test_models/deberta-v2",
    "test_models/xlm-roberta-fp32",
];
/// Accents with their letters, composed and decomposed.
const ACCENTS: [(char, &str, &str); 6] = [
    ('\u{300}', "àèìòùÀÈ", "aeiouAE"),
    ('\u{301}', "áéíóúÁÉÍÓÚ", "aeiouAEIOU"),
    ('\u{302}', "âêîôû", "aeiou"),
    ('\u{303}', "ñãõÑ", "naoN"),
    ('\u{308}', "äöü", "aou"),
    ('\u{327}', "çÇ", "cC"),
];
/// Words as in notes with accents in all places, also in capitals.
const ACCENTED: &str = "(difficoltà|dolor torácico|náuseas|NÁUSEAS|IBUPROFÉN|perché|[a-záéíóúàèìòùñçäöüâêô]{1,9}|[A-ZÁÉÍÓÚÑÀ]{2,9}|mg|[0-9]{1,3})([ .,;:()\n-]{1,2}([a-záéíóúàèìòùñçãõîû]{1,9}|tosì|fièvre|81mg)){0,30}";

fn with(model: &str, change: impl FnOnce(&mut RawOptions)) -> Engine {
    let mut raw = raw(Some(model));
    change(&mut raw);
    engine(raw)
}

/// Checks invariant 1 in every unit.
fn check_slices(text: &str, model: &str) {
    let array = texts([Some(text)]);
    let in_unit =
        |unit: &str| annotate(&with(model, |o| o.offsets = Some(unit.into())), &array).remove(0).expect("not null");
    let chars: Vec<char> = text.chars().collect();
    let units: Vec<u16> = text.encode_utf16().collect();
    for found in in_unit("byte") {
        assert_eq!(text[found.begin as usize..found.end as usize], found.chunk);
    }
    for found in in_unit("char") {
        assert_eq!(chars[found.begin as usize..found.end as usize].iter().collect::<String>(), found.chunk);
    }
    for found in in_unit("spark") {
        assert_eq!(String::from_utf16(&units[found.begin as usize..=found.end as usize]).unwrap(), found.chunk);
    }
}

/// Checks that texts give the same beside a very long one, under every budget, as alone without padding.
fn check_padding(short: &[&str], long: &str, with_budget: impl Fn(i64) -> Engine) {
    let alone = with_budget(BUDGETS[0]);
    let all: Vec<&str> = short.iter().copied().chain([long]).collect();
    let expect: Vec<_> = all.iter().flat_map(|text| annotate(&alone, &texts([Some(*text)]))).collect();
    assert_eq!(alone.metrics().padded_tokens(), 0);
    let column = texts(all.into_iter().map(Some));
    let mut padded = Vec::new();
    for budget in BUDGETS {
        let engine = with_budget(budget);
        assert_eq!(annotate(&engine, &column), expect, "budget {budget}");
        padded.push(engine.metrics().padded_tokens());
    }
    let (first, last) = (padded[0], padded[BUDGETS.len() - 1]);
    assert!(first == 0 && last > 0, "{padded:?}");
}

/// `text` with each of the [`ACCENTS`] decomposed, as in NFD.
fn decomposed(text: &str) -> String {
    let mut made = String::new();
    for c in text.chars() {
        let parts = ACCENTS.iter().find_map(|(mark, composed, letters)| {
            let at = composed.chars().position(|letter| letter == c)?;
            Some([letters.chars().nth(at)?, *mark])
        });
        match parts {
            Some(parts) => made.extend(parts),
            None => made.push(c),
        }
    }
    made
}

/// Checks that the decomposed form of each text has the same entities at the same letters. Counts entities with an
/// accent.
fn check_forms(composed: &[&str], model: &str) -> usize {
    let tokenizer = Tokenizer::read(&ModelFiles::find(&data(model), "").unwrap()).unwrap();
    let engine = engine(RawOptions { model: Some(data(model).display().to_string().into()), ..RawOptions::default() });
    let forms: Vec<String> = composed.iter().map(|text| decomposed(text)).collect();
    let found = annotate(&engine, &texts(composed.iter().copied().map(Some)));
    let of_forms = annotate(&engine, &texts(forms.iter().map(|text| Some(text.as_str()))));
    let mut accented = 0;
    for (((text, form), found), of_form) in composed.iter().zip(&forms).zip(found).zip(of_forms) {
        assert_eq!(tokenizer.encode(text).unwrap().ids(), tokenizer.encode(form).unwrap().ids(), "{model} {text:?}");
        let chars: Vec<char> = text.chars().collect();
        let shifted = |at: u32| decomposed(&chars[..at as usize].iter().collect::<String>()).chars().count() as u32;
        let moved = |f: Found| Found { chunk: decomposed(&f.chunk), begin: shifted(f.begin), end: shifted(f.end), ..f };
        let expect = found.map(|row| row.into_iter().map(moved).collect::<Vec<_>>());
        assert_eq!(of_form, expect, "{model} {text:?}");
        accented += expect.iter().flatten().filter(|f| f.chunk.contains(ACCENTS.map(|a| a.0))).count();
    }
    accented
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn decomposed_accents_change_no_entity(text in ACCENTED, model in 0..COMPOSING.len()) {
        check_forms(&[&text], COMPOSING[model]);
    }

    #[test]
    fn slicing_the_text_gives_the_chunk_in_every_unit(text in TEXT, model in 0..MODELS.len()) {
        check_slices(&text, MODELS[model]);
    }

    #[test]
    fn length_and_nulls_are_kept(notes in prop::collection::vec(prop::option::of(prop_oneof![Just(String::new()), TEXT]), 0..12)) {
        let array = texts(notes.iter().map(Option::as_deref));
        for layout in [Layout::StructOfLists, Layout::ListOfStructs] {
            let name = layout.name();
            let out = with("bert-uncased", |o| o.layout = Some(name.into())).annotate(&array).unwrap();
            prop_assert_eq!(out.len(), notes.len());
            prop_assert_eq!(out.data_type(), &EntityFields::default().data_type(layout));
            for (row, note) in notes.iter().enumerate() {
                prop_assert_eq!(out.is_null(row), note.is_none());
            }
        }
        let found = annotate(&with("bert-uncased", |_| ()), &array);
        for (row, note) in found.iter().zip(&notes) {
            prop_assert!(note.as_deref() != Some("") || row.as_ref().is_some_and(Vec::is_empty));
        }
    }

    #[test]
    fn entities_do_not_depend_on_batches_chunks_order_or_threads(
        notes in prop::collection::vec(TEXT, 1..16), model in 0..FP32_MODELS.len(), budget in 1i64..600, sessions in 1i64..4,
    ) {
        let model = FP32_MODELS[model];
        let array = texts(notes.iter().map(|n| Some(n.as_str())));
        let expect = annotate(&with(model, |_| ()), &array);
        let other = with(model, |o| (o.batch_tokens, o.sessions) = (Some(budget), Some(sessions)));
        prop_assert_eq!(&annotate(&other, &array), &expect);
        let reversed = texts(notes.iter().rev().map(|n| Some(n.as_str())));
        prop_assert!(annotate(&other, &reversed).iter().rev().eq(&expect));
        let one_by_one: Vec<_> = notes.iter().flat_map(|n| annotate(&other, &texts([Some(n.as_str())]))).collect();
        prop_assert_eq!(&one_by_one, &expect);
    }

    #[test]
    fn entities_do_not_depend_on_padding(
        short in prop::collection::vec(TEXT, 1..8), long in prop::collection::vec("[a-zé]{2,9}|[0-9]{1,3}|mg|dolor", 200..400),
        model in 0..FP32_MODELS.len(),
    ) {
        let short: Vec<&str> = ["tos"].into_iter().chain(short.iter().map(String::as_str)).collect();
        check_padding(&short, &long.join(" "), |budget| with(FP32_MODELS[model], |o| o.batch_tokens = Some(budget)));
    }

}

#[test]
fn notes_with_decomposed_accents_have_the_same_entities() {
    let notes = column("notes.parquet", "note").slice(0, 30);
    let notes: Vec<&str> = notes.as_string::<i32>().iter().flatten().collect();
    for model in COMPOSING {
        assert!(check_forms(&notes, model) > 20, "{model}");
    }
}

#[test]
fn nothing_is_truncated() {
    // a text of many windows is read to its last sentence
    let text = "Toma metformina y niega fiebre.\n".repeat(300);
    for window in [None, Some(60)] {
        let engine = engine(RawOptions { max_length: window, ..RawOptions::default() });
        let found = annotate(&engine, &texts([Some(text.as_str())])).remove(0).expect("not null");
        let medications: Vec<_> = found.iter().filter(|entity| entity.entity == "MEDICATION").collect();
        assert_eq!(medications.len(), 300, "{window:?}");
        assert!(medications.iter().all(|entity| entity.chunk == "metformina"));
        assert!(engine.metrics().windows() > 10);
    }
}

#[test]
fn a_word_of_two_minds_takes_nothing_from_the_document() {
    // without its spaces, a list of medications and the next sentence are one word
    let glued = [
        "metforminaibuprofenoparacetamolamoxicilinaomeprazolenalapril".repeat(3),
        "elpacienteacudealhospitalconlamadreayerporlatardeencocheycomentaquevive".repeat(3),
    ]
    .concat();
    let text = format!("Toma aspirina, enalapril y metformina. Alta con omeprazol. {glued}.");
    let found = annotate(&engine(RawOptions::default()), &texts([Some(text.as_str())])).remove(0).expect("not null");
    let chunks: Vec<&str> = found.iter().take(4).map(|entity| entity.chunk.as_str()).collect();
    assert_eq!(chunks, ["aspirina", "enalapril", "metformina", "omeprazol"]);
}

#[test]
fn the_bundled_model_does_not_depend_on_its_batch() {
    let notes = column("notes.parquet", "note").slice(0, 18);
    let with = |change: fn(&mut RawOptions)| {
        let mut raw = RawOptions::default();
        change(&mut raw);
        annotate(&engine(raw), &notes)
    };
    let expect = with(|_| ());
    assert!(expect.iter().flatten().flatten().count() > 50, "the notes have entities");
    assert_eq!(with(|o| o.batch_tokens = Some(1)), expect);
    assert_eq!(with(|o| (o.batch_tokens, o.sessions) = (Some(3000), Some(1))), expect);
    assert_eq!(with(|o| (o.sessions, o.intra_threads) = (Some(1), Some(2))), expect);
}

#[test]
fn the_bundled_model_does_not_depend_on_its_padding() {
    let notes = column("notes.parquet", "note");
    let notes = notes.as_string::<i32>();
    let mut notes: Vec<&str> = notes.iter().take(60).flatten().collect();
    notes.sort_by_key(|note| note.len());
    let short: Vec<&str> = notes[..6].iter().copied().chain(["Refiere tos.", "aspirin 81mg"]).collect();
    let long = notes[notes.len() - 3];
    check_padding(&short, long, |budget| engine(RawOptions { batch_tokens: Some(budget), ..RawOptions::default() }));
}

#[test]
fn hard_cases_go_through_every_kind_of_tokenizer() {
    let notes = column("hard_cases.parquet", "note");
    for model in MODELS {
        let engine = with(model, |o| o.offsets = Some("byte".into()));
        let found = annotate(&engine, &notes);
        assert_eq!(found.len(), notes.len());
        let source = spanframe_engine::input::TextColumn::new(&notes).unwrap();
        for (row, found) in found.iter().enumerate() {
            match source.get(row) {
                None => assert_eq!(found, &None),
                Some(text) => {
                    for f in found.as_ref().expect("a text is not null") {
                        assert_eq!(&text[f.begin as usize..f.end as usize], f.chunk, "{model} row {row}");
                        assert!(!f.chunk.trim().is_empty());
                    }
                }
            }
        }
        assert!(found.iter().flatten().flatten().count() > 100, "{model}");
    }
}

#[test]
fn every_string_type_gives_the_same_values() {
    let notes = [Some("aspirin 81mg"), None, Some(""), Some("dolor torácico"), Some("aspirin 81mg")];
    let engine = with("roberta", |_| ());
    let expect = annotate(&engine, &StringArray::from(notes.to_vec()));
    let dictionary: DictionaryArray<Int32Type> = notes.into_iter().collect();
    let arrays: [ArrayRef; 3] = [
        Arc::new(LargeStringArray::from(notes.to_vec())),
        Arc::new(StringViewArray::from(notes.to_vec())),
        Arc::new(dictionary),
    ];
    for array in arrays {
        assert_eq!(annotate(&engine, &array), expect, "{}", array.data_type());
        assert_eq!(annotate(&engine, &array.slice(2, 3)), expect[2..], "{} sliced", array.data_type());
    }
    assert_eq!(annotate(&engine, &NullArray::new(2)), [None, None]);
    let refused = engine.annotate(&arrow_array::Int64Array::from(vec![1])).unwrap_err();
    assert!(matches!(refused, EngineError::NotText(_)), "{refused}");
}

#[test]
fn identical_windows_are_computed_once() {
    let note = "aspirin 81mg daily for chest pain.";
    let engine = with("bert-uncased", |_| ());
    let found = annotate(&engine, &texts([Some(note); 50]));
    assert!(found.windows(2).all(|w| w[0] == w[1]));
    assert_eq!((engine.metrics().windows(), engine.metrics().reused_windows()), (50, 49));
}

#[test]
fn copied_sections_are_computed_once_wherever_they_stand() {
    let section = |name: &str, sentences: usize| {
        let sentences =
            (0..sentences).map(|i| format!("On day {i} of {name} aspirin {i} mg was given for chest pain."));
        sentences.collect::<Vec<_>>().join("\n")
    };
    let copied: Vec<String> = (0..30).map(|i| section(&format!("course {i}"), 2 + i * 5 % 7)).collect();
    let note = |own: String| format!("{own}\n\n{}", copied.join("\n\n"));
    let notes = [note(section("January", 3)), note(section("February", 8))];
    let engine = with("bert-uncased", |_| ());
    let found = annotate(&engine, &texts(notes.iter().map(|note| Some(note.as_str()))));
    let (all, reused) = (engine.metrics().windows(), engine.metrics().reused_windows());
    assert!(all > 12 && reused * 5 > all * 2, "{reused} of {all} windows were reused");
    for (note, found) in notes.iter().zip(found) {
        assert_eq!(annotate(&with("bert-uncased", |_| ()), &texts([Some(note.as_str())])), [found]);
    }
}

#[test]
fn work_can_end_after_any_batch() {
    let notes: Vec<String> = (0..100).map(|i| format!("aspirin {i} mg daily for chest pain")).collect();
    let engine = with("bert-uncased", |o| (o.batch_tokens, o.sessions) = (Some(40), Some(1)));
    let mut batches = 0;
    let ended = engine.annotate_each(&texts(notes.iter().map(|note| Some(note.as_str()))), |step| {
        assert!(matches!(step, Step::Batch), "all rows are one step");
        batches += 1;
        if batches == 3 { Err(EngineError::Internal("enough".to_string())) } else { Ok(()) }
    });
    assert!(matches!(ended, Err(EngineError::Internal(reason)) if reason == "enough"));
    let metrics = engine.metrics();
    assert_eq!((batches, metrics.rows()), (3, 0));
    assert!((1..=3 * 40).contains(&metrics.model_tokens()), "{}", metrics.model_tokens());
}

#[test]
fn one_text_alone_is_the_row_of_a_column() {
    let notes = column("notes.parquet", "note").slice(0, 6);
    let engine = with("multi-head", |_| ());
    let source = spanframe_engine::input::TextColumn::new(&notes).unwrap();
    for (row, found) in annotate(&engine, &notes).into_iter().enumerate() {
        let alone: Vec<Found> = engine
            .annotate_text(source.get(row).unwrap(), None)
            .unwrap()
            .into_iter()
            .map(|m| Found {
                chunk: m.chunk.unwrap().into_owned(),
                entity: m.entity.into_owned(),
                begin: m.begin as u32,
                end: m.end as u32,
                confidence: m.confidence.unwrap(),
            })
            .collect();
        assert_eq!(Some(alone), found);
    }
}

#[test]
fn filters_choose_among_the_same_entities() {
    let notes = column("notes.parquet", "note").slice(0, 20);
    let all = annotate(&with("multi-head", |_| ()), &notes);
    let some = with("multi-head", |o| (o.entities, o.threshold) = (Some(vec!["DISEASE".into()]), Some(0.7)));
    let expect: Vec<Option<Vec<Found>>> = all
        .into_iter()
        .map(|row| row.map(|r| r.into_iter().filter(|f| f.entity == "DISEASE" && f.confidence >= 0.7).collect()))
        .collect();
    assert_eq!(annotate(&some, &notes), expect);
}
