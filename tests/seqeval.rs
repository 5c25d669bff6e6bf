//! Compares the groupings with seqeval on generated sequences of tags, without scheme and in each strict scheme.
//!
//! `data/recipe/seqeval_reference.py` made the reference file, which names its version.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use spanframe_core::{Grouping, LabelSet, Named, Tag, TagScheme, group::group};
use support::reference;

/// Compares each `[tags, [[type, begin, end], ...]]`.
fn check(cases: &Value, scheme: TagScheme, grouping: Grouping) -> usize {
    let cases = cases.as_array().unwrap();
    for case in cases {
        let names: Vec<&str> = case[0].as_str().unwrap().split_whitespace().collect();
        // labels with each prefix of every type, so that no prefix is read as part of a type
        let kinds: BTreeSet<&str> = names.iter().filter_map(|name| Some(name.split_once('-')?.1)).collect();
        let prefixes: &[&str] = if scheme == TagScheme::Bilou { &["B", "I", "L", "U"] } else { &["B", "I", "E", "S"] };
        let labels: Vec<String> = std::iter::once("O".to_string())
            .chain(kinds.iter().flat_map(|kind| prefixes.iter().map(move |p| format!("{p}-{kind}"))))
            .collect();
        let set = LabelSet::new(labels.clone(), &[]).unwrap();
        let tag = |name: &&str| -> Tag {
            set.tags()[labels.iter().position(|l| l == name).unwrap_or_else(|| panic!("unknown tag {name}"))]
        };
        let tags: Vec<Tag> = names.iter().map(tag).collect();
        let mut found: Vec<(String, usize, usize)> = group(&tags, scheme, grouping)
            .into_iter()
            .map(|run| (set.types()[usize::from(run.entity_type)].clone(), run.units.start, run.units.end))
            .collect();
        let mut expect: Vec<(String, usize, usize)> = case[1]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| {
                let number = |i: usize| e[i].as_u64().unwrap() as usize;
                (e[0].as_str().unwrap().to_string(), number(1), number(2))
            })
            .collect();
        found.sort();
        expect.sort();
        assert_eq!(found, expect, "{scheme}, {grouping:?}: {names:?}");
    }
    cases.len()
}

#[test]
fn lenient_grouping_equals_get_entities() {
    let file = reference("seqeval.json.gz");
    assert!(check(&file["lenient"], TagScheme::Iobes, Grouping::Lenient) >= 3000);
}

#[test]
fn strict_grouping_equals_entities_of_a_scheme() {
    let file = reference("seqeval.json.gz");
    for (name, scheme) in TagScheme::named() {
        if matches!(scheme, TagScheme::Io | TagScheme::None) {
            continue; // seqeval has no such scheme: every sequence is well-formed
        }
        assert!(check(&file["strict"][name], scheme, Grouping::Strict) >= 1500, "{name}");
    }
}
