//! The file: what comes back, and what is refused.

use std::{fs, path::PathBuf};

use spanframe_vocabulary::{BuildOptions, Builder, Entry, Step, Summary, Vocabulary, VocabularyError, VocabularySet};
use tempfile::TempDir;

fn build(entries: &[Entry], options: BuildOptions) -> (TempDir, PathBuf, Result<Summary, VocabularyError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vocabulary");
    let mut builder = Builder::new(&path, options).unwrap();
    entries.iter().for_each(|entry| builder.push(entry).unwrap());
    let summary = builder.finish();
    (folder, path, summary)
}

fn entry(term: &str, code: &str, concept_id: i64) -> Entry {
    Entry { concept_id: Some(concept_id), vocabulary: Some("ICD".to_string()), ..Entry::new(term, code) }
}

fn tumours() -> Vec<Entry> {
    vec![
        Entry { preferred: true, ..entry("Carcinoma microcítico", "8041/3", 1) },
        entry("oat-cell carcinoma", "8041/3", 1),
        entry("carcinoma microcitico", "8041/3", 1),
        Entry { language: Some("es".to_string()), entity: Some("DISEASE".to_string()), ..entry("M0", "8000/6", 2) },
        entry("M0", "8000/6", 2),
        entry("M0", "8000/6", 2),
        entry("", "8000/6", 2),
        entry(" \0\u{202e} ", "8000/6", 2),
        entry("tumor", " ", 3),
    ]
}

#[test]
fn what_was_built_is_found_and_counted() {
    let (_folder, path, summary) = build(&tumours(), BuildOptions::default());
    let summary = summary.unwrap();
    assert_eq!((summary.entries, summary.empty_terms, summary.empty_codes, summary.repeated), (9, 2, 1, 1));
    assert_eq!((summary.info.counts.terms, summary.info.counts.codes), (5, 2));
    assert_eq!(summary.info.counts.by_language["es"], 1);
    let vocabulary = Vocabulary::open(&path).unwrap();
    assert_eq!((vocabulary.info(), vocabulary.sha256()), (&summary.info, summary.sha256.as_str()));
    let found = vocabulary.link("Carcinoma microcítico", None, 5, 0.99);
    assert_eq!((found[0].term, found[0].similarity, found[0].step), ("Carcinoma microcítico", 1.0, Step::Exact));
    assert_eq!((found[0].vocabulary, found[0].concept_id, found.len()), (Some("ICD"), Some(1), 1));
    let folded = vocabulary.link("CARCINOMA, microcitico.", None, 1, 0.0);
    assert_eq!((folded[0].term, folded[0].step), ("Carcinoma microcítico", Step::Folded), "the preferred term");
    let typed = vocabulary.link("M0", Some("DISEASE"), 1, 0.0);
    assert_eq!((typed[0].entity, vocabulary.link("M0", None, 1, 0.0)[0].entity), (Some("DISEASE"), None));
    assert!(vocabulary.link("M0", None, 0, 0.0).is_empty() && vocabulary.link("M0", None, 1, f32::NAN).is_empty());
}

#[test]
fn equal_sources_give_equal_files_however_little_memory_there_is() {
    let bytes = |memory| {
        let (_folder, path, summary) = build(&tumours(), BuildOptions { memory, ..BuildOptions::default() });
        summary.unwrap();
        fs::read(path).unwrap()
    };
    assert!(bytes(1) == bytes(1 << 20));
}

#[test]
fn entries_that_contradict_each_other_are_refused() {
    let refused = |entries: &[Entry]| build(entries, BuildOptions::default()).2.unwrap_err().to_string();
    let ids = refused(&[entry("a", "1", 7), entry("b", "1", 8)]);
    assert!(ids.starts_with("code `1` has the concept ids 7 and 8:"), "{ids}");
    let codes = refused(&[entry("a", "1", 7), entry("b", "2", 7)]);
    assert!(codes.starts_with("concept id 7 has the codes `1` and `2`:"), "{codes}");
    let maps_to = |id| Entry { standard_concept_id: Some(id), ..Entry::new("a", "1") };
    assert!(refused(&[maps_to(1), maps_to(2)]).contains("standard concepts 1 and 2"));
    assert!(refused(&[Entry::new("", "1")]).starts_with("no term is left"));
}

#[test]
fn a_file_that_is_there_stays_unless_told() {
    let (_folder, path, _) = build(&tumours(), BuildOptions::default());
    let before = fs::read(&path).unwrap();
    assert!(matches!(Builder::new(&path, BuildOptions::default()), Err(VocabularyError::Exists { .. })));
    let builder = Builder::new(&path, BuildOptions { overwrite: true, ..BuildOptions::default() }).unwrap();
    assert!(matches!(builder.finish(), Err(VocabularyError::NoTerms { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no temporary file stays");
}

#[test]
fn a_damaged_file_is_a_named_error() {
    let (folder, path, _) = build(&tumours(), BuildOptions::default());
    let whole = fs::read(&path).unwrap();
    let other = folder.path().join("other");
    let error = |bytes: &[u8]| {
        fs::write(&other, bytes).unwrap();
        Vocabulary::open(&other).unwrap_err()
    };
    for end in (0..whole.len()).step_by(101) {
        let error = error(&whole[..end]);
        assert!(matches!(error, VocabularyError::Foreign { .. } | VocabularyError::Truncated { .. }), "{end}: {error}");
    }
    for at in (0..64).chain((64..whole.len()).step_by(67)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        let error = error(&bytes);
        let is_named = match at {
            0..8 => matches!(error, VocabularyError::Foreign { .. }),
            8..12 => matches!(error, VocabularyError::Version { .. }),
            12..16 | 56..64 => matches!(error, VocabularyError::Truncated { .. }),
            48..56 => matches!(error, VocabularyError::Damaged { .. }),
            _ => matches!(error, VocabularyError::Altered { .. }),
        };
        assert!(is_named, "byte {at}: {error}");
    }
    assert!(matches!(error(b"term,code\n"), VocabularyError::Foreign { .. }));
    let absent = Vocabulary::open(&folder.path().join("absent")).unwrap_err();
    assert!(matches!(absent, VocabularyError::Read { .. }));
    assert!(matches!(Vocabulary::open(folder.path()).unwrap_err(), VocabularyError::Read { .. }));
}

#[test]
fn terms_of_any_length_are_found() {
    let (word, words) = ("carcinoma".repeat(22_223), "mama de cáncer ".repeat(13_334));
    let (_folder, path, _) = build(&[Entry::new(&word, "W"), Entry::new(&words, "S")], BuildOptions::default());
    let vocabulary = Vocabulary::open(&path).unwrap();
    let best = |mention: &str| {
        let found = vocabulary.link(mention, None, 2, 0.1)[0];
        (found.code, found.step)
    };
    assert_eq!((best(&word), best(&words)), (("W", Step::Exact), ("S", Step::Exact)));
    assert_eq!(best(&words.to_uppercase()), ("S", Step::Folded));
    // the stems of a long text have no key, and it is known by its beginning
    assert_eq!((best(&words[15..]), best("mama cáncer")), (("S", Step::Similar), ("S", Step::Similar)));
    assert_eq!(best(&word[1..]), ("W", Step::Similar));
}

#[test]
fn several_vocabularies_are_searched_as_one() {
    let (_a, first, _) = build(&[Entry::new("aspirin", "A")], BuildOptions::default());
    let (_b, second, _) = build(&[Entry::new("aspirin", "B"), Entry::new("Aspirin", "A")], BuildOptions::default());
    let set = VocabularySet::open(&[&first, &second]).unwrap();
    let codes = |mention| set.link(mention, None, 5, 0.9).iter().map(|m| m.code).collect::<Vec<_>>();
    assert_eq!((codes("aspirin"), codes("Aspirin")), (vec!["A", "B"], vec!["A", "B"]));
    assert_eq!(set.link("aspirin", None, 1, 0.9)[0].code, "A");
    assert!(matches!(VocabularySet::open::<PathBuf>(&[]), Err(VocabularyError::NoVocabulary)));
}
