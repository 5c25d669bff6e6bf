//! [`Abbreviations`]: the table of the user, as mentions are written out with it.

use std::collections::{BTreeMap, HashMap};

use crate::fold::fold;

/// Most texts that one mention is written out to.
const MOST: usize = 16;

/// Folded abbreviations and what they stand for.
#[derive(Debug)]
pub(crate) struct Abbreviations {
    table: HashMap<String, Vec<String>>,
    /// Words of the longest abbreviation.
    longest: usize,
}

impl Abbreviations {
    pub(crate) fn new(given: &BTreeMap<String, Vec<String>>) -> Self {
        let mut table: HashMap<String, Vec<String>> = HashMap::new();
        for (short, long) in given {
            let known = table.entry(fold(short)).or_default();
            known.extend(long.iter().map(|text| fold(text)).filter(|text| !text.is_empty()));
        }
        table.retain(|short, long| !short.is_empty() && !long.is_empty());
        let longest = table.keys().map(|short| short.split(' ').count()).max().unwrap_or_default();
        Self { table, longest }
    }

    /// The folded mention with its abbreviations written out, in each way; empty if it has none.
    pub(crate) fn written_out(&self, folded: &str) -> Vec<String> {
        if self.table.is_empty() {
            return Vec::new();
        }
        let words: Vec<&str> = folded.split(' ').collect();
        let (mut texts, mut at, mut has_any) = (vec![String::new()], 0, false);
        while at < words.len() {
            let most = self.longest.min(words.len() - at);
            let known =
                (1..=most).rev().find_map(|n| self.table.get(&words[at..at + n].join(" ")).map(|long| (n, long)));
            let (taken, ways): (usize, Vec<&str>) = match known {
                Some((n, long)) => (n, long.iter().map(String::as_str).collect()),
                None => (1, vec![words[at]]),
            };
            has_any |= known.is_some();
            let joined = |text: &String, way: &&str| [text.as_str(), way].join(" ").trim_start().to_string();
            texts = texts.iter().flat_map(|text| ways.iter().map(move |way| joined(text, way))).take(MOST).collect();
            at += taken;
        }
        if has_any { texts } else { Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_are_written_out_in_each_way() {
        let pairs = [("Ca.", vec!["carcinoma", "cáncer"]), ("s/p", vec!["after"])];
        let given = pairs.map(|(short, long)| (short.to_string(), long.into_iter().map(String::from).collect()));
        let table = Abbreviations::new(&given.into_iter().collect());
        assert_eq!(table.written_out("ca de mama"), ["carcinoma de mama", "cancer de mama"]);
        assert_eq!(table.written_out("s p ca"), ["after carcinoma", "after cancer"]);
        assert!(table.written_out("calcio").is_empty());
        assert_eq!(table.written_out(&"ca ".repeat(300)).len(), MOST);
    }
}
