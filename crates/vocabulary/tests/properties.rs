//! What holds for any terms and any mention.

use std::collections::HashSet;

use proptest::prelude::*;
use spanframe_vocabulary::{BuildOptions, Builder, Entry, Vocabulary};

/// Text of all scripts, and of few letters, so that terms and mentions meet.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,12}",
        "[abAB áÁ,.+]{0,8}",
        "(carcinoma|cáncer|de|mama|lung|of|tumor|[a-c]){1,4}",
        "[\u{590}-\u{6ff}\0\u{202e} ]{0,6}"
    ]
}

fn vocabulary(terms: &[(String, u8, bool)], memory: usize) -> Option<(tempfile::TempDir, Vocabulary)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vocabulary");
    let abbreviations = [("a".to_string(), vec!["carcinoma".to_string(), "cáncer de mama".to_string()])].into();
    let mut builder = Builder::new(&path, BuildOptions { abbreviations, memory, ..BuildOptions::default() }).unwrap();
    for (term, code, preferred) in terms {
        let language = ["es", "en", "it", "", "de"][usize::from(code % 5)].to_string();
        let entry = Entry { preferred: *preferred, language: Some(language), ..Entry::new(term, &format!("C{code}")) };
        builder.push(&entry).unwrap();
    }
    let summary = builder.finish().ok()?;
    let left_out = summary.empty_terms + summary.empty_codes + summary.repeated;
    assert_eq!(summary.entries, summary.info.counts.terms + left_out);
    Some((folder, Vocabulary::open(&path).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_terms_and_mentions_give_codes_in_order_once_each(
        terms in prop::collection::vec((text(), 0_u8..12, any::<bool>()), 1..24),
        mentions in prop::collection::vec(text(), 1..6),
        top in prop_oneof![0_usize..8, Just(usize::MAX)], least in 0_f32..1.0, memory in prop_oneof![Just(1_usize), Just(1 << 20)],
    ) {
        let Some((_folder, vocabulary)) = vocabulary(&terms, memory) else { return Ok(()) };
        for mention in &mentions {
            let found = vocabulary.link(mention, None, top, least);
            prop_assert!(found.len() <= top);
            prop_assert!(found.is_sorted_by(|a, b| a.similarity >= b.similarity && a.step <= b.step));
            prop_assert!(found.iter().all(|m| m.similarity >= least && m.similarity <= m.step.similarity()));
            prop_assert_eq!(found.iter().map(|m| m.code).collect::<HashSet<_>>().len(), found.len());
            prop_assert_eq!(&vocabulary.explain(mention, None, top, least).matches, &found);
            // another mention before it changes nothing
            let _ = vocabulary.link("carcinoma ab", None, 3, 0.0);
            prop_assert_eq!(vocabulary.link(mention, None, top, least), found);
        }
        // each term finds its code
        for (term, code, _) in &terms {
            let found = vocabulary.link(term, None, 100, 1.0);
            let is_empty = spanframe_vocabulary::fold::fold(term).is_empty();
            let code = format!("C{code}");
            prop_assert!(is_empty || found.iter().any(|m| m.code == code));
        }
    }

    #[test]
    fn the_order_of_the_source_decides_nothing(
        terms in prop::collection::vec((text(), 0_u8..6, any::<bool>()), 1..12), mention in text(),
    ) {
        let reversed: Vec<_> = terms.iter().rev().cloned().collect();
        let (Some((_a, a)), Some((_b, b))) = (vocabulary(&terms, 1 << 20), vocabulary(&reversed, 1 << 20)) else {
            return Ok(());
        };
        prop_assert_eq!(a.link(&mention, None, 6, 0.0), b.link(&mention, None, 6, 0.0));
    }
}

#[test]
fn a_common_word_in_many_terms_is_linked_whatever_the_least_similarity() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.vocabulary");
    let mut builder = Builder::new(&path, BuildOptions::default()).unwrap();
    for number in 0..4000 {
        let term = format!("carcinoma {} {}", ["ductal", "lobular", "papilar"][number % 3], "x".repeat(number % 97));
        builder.push(&Entry::new(&format!("{term} {number}"), &format!("C{number}"))).unwrap();
    }
    builder.finish().unwrap();
    let vocabulary = Vocabulary::open(&path).unwrap();
    for least in [f32::NAN, f32::NEG_INFINITY, -1.0, 0.0, 0.3, 0.949, 0.95, 0.96, 1.0, 2.0, f32::INFINITY] {
        for mention in ["carcinoma ductal infiltrante", "carcinoma", "x", "carcinoma ductal 0 0 0 0 0 0 0 0 0 0 0"] {
            let found = vocabulary.link(mention, None, 3, least);
            assert!(found.len() <= 3 && found.iter().all(|m| m.similarity >= least), "{mention} {least}");
            assert!(least > 0.0 || least.is_nan() || !found.is_empty(), "{mention} {least}");
            assert_eq!(found.first(), vocabulary.link(mention, None, 1, least).first());
        }
    }
}
