//! [`LanguageDetector`]: the language of a note, among those that have cues.

use spanframe_core::assertion::RuleSet;
use whatlang::{Detector, Lang};

use super::{function_words::FunctionWords, lexicon::Lexicon};

/// Function words by which a language leads the others where it is clear. Of 15,000 parts of clinical texts that have
/// this lead, none is in another language. Half of the parts of 100 bytes have it, and 99.8 % of those of 500.
const CLEAR_LEAD: usize = 4;
/// Bytes of a note from which on its trigrams tell the language. Measured on clinical sentences, 98 % are right between 50
/// and 100 bytes and 100 % beyond, but 88 % between 20 and 50.
const LONG_ENOUGH: usize = 100;
/// Bytes of a note that are read: more do not change the answer, but 500 cost notes of fragments their language.
const ENOUGH: usize = 1000;

/// Tells in which of some languages a note is.
///
/// 1. The function words of a note are counted up to a clear lead, which takes a twentieth of the time of trigrams. In a
///    short note any lead decides. Where a language has no list of such words, nothing is counted.
/// 2. A long note is told by its trigrams.
/// 3. A short note is in the language whose cues cover most of it, and only where these tie in that of its trigrams. A
///    note without any cue has no attribute in any language.
#[derive(Debug)]
pub struct LanguageDetector {
    words: Option<FunctionWords>,
    trigrams: Detector,
    /// Each lexicon's language as the detector of trigrams knows it; `None` if it does not.
    known: Vec<Option<Lang>>,
}

impl LanguageDetector {
    /// A detector of the languages of `lexicons`.
    #[must_use]
    pub fn new(lexicons: &[Lexicon]) -> Self {
        let words = FunctionWords::new(lexicons.iter().map(|lexicon| lexicon.language.as_str()));
        let known: Vec<Option<Lang>> = lexicons.iter().map(|lexicon| lang(&lexicon.language)).collect();
        Self { words, trigrams: Detector::with_allowlist(known.iter().copied().flatten().collect()), known }
    }

    /// The place among `lexicons`, those of [`new`](Self::new), of the language of `text`; `None` for an empty text, and
    /// for a long one in the script of another language.
    #[must_use]
    pub fn detect(&self, text: &str, lexicons: &[Lexicon]) -> Option<usize> {
        let part = &text[..floor_char_boundary(text, ENOUGH)];
        let is_long = part.len() >= LONG_ENOUGH;
        if let Some(words) = &self.words {
            let (place, lead) = words.leader(part, CLEAR_LEAD);
            let enough = if is_long { CLEAR_LEAD } else { 1 };
            if lead >= enough {
                return Some(place);
            }
        }
        let by_trigrams =
            self.trigrams.detect_lang(part).and_then(|lang| self.known.iter().position(|&k| k == Some(lang)));
        if is_long {
            return by_trigrams;
        }
        let coverage = |rules: &RuleSet| rules.coverage(part);
        let covered: Vec<usize> = lexicons.iter().map(|lexicon| coverage(&lexicon.rules)).collect();
        let most = covered.iter().copied().max()?;
        match by_trigrams {
            Some(place) if covered[place] == most => Some(place),
            _ => covered.iter().position(|&bytes| bytes == most && !part.is_empty()),
        }
    }
}

/// The language of an ISO 639-1 code.
fn lang(code: &str) -> Option<Lang> {
    Some(match code {
        "en" => Lang::Eng,
        "es" => Lang::Spa,
        "it" => Lang::Ita,
        "fr" => Lang::Fra,
        "pt" => Lang::Por,
        "de" => Lang::Deu,
        "ca" => Lang::Cat,
        "nl" => Lang::Nld,
        "sv" => Lang::Swe,
        "da" => Lang::Dan,
        "nb" | "no" => Lang::Nob,
        "fi" => Lang::Fin,
        "pl" => Lang::Pol,
        "cs" => Lang::Ces,
        "ro" => Lang::Ron,
        _ => return None,
    })
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::assertion::lexicon::BUNDLED;

    static LEXICONS: LazyLock<Vec<Lexicon>> =
        LazyLock::new(|| BUNDLED.iter().map(|(code, _)| Lexicon::new(code, &[]).unwrap().unwrap()).collect());

    /// The language of `text` among those that come with spanframe.
    fn check(text: &str, expect: Option<&str>) {
        let lexicons = &*LEXICONS;
        let found = LanguageDetector::new(lexicons).detect(text, lexicons);
        assert_eq!(found.map(|place| lexicons[place].language.as_str()), expect, "{text}");
    }

    #[test]
    fn short_notes_are_told_by_function_words_then_by_cues() {
        check("Pain in the left knee.", Some("en"));
        check("Dolor en la rodilla.", Some("es"));
        check("Dolore al ginocchio da ieri.", Some("it"));
        check("Denies dyspnea", Some("en"));
        check("Niega disnea", Some("es"));
        check("Nega dispnea", Some("it"));
        check("", None);
    }

    #[test]
    fn long_notes_are_told_by_trigrams_where_function_words_are_few() {
        let fragments = "Exam: lungs clear, abdomen soft, mild tenderness, guarding absent. Labs pending. \
                         Urine dipstick normal. Follow up tomorrow.";
        check(fragments, Some("en"));
        check(&"Больной жалуется на головную боль. ".repeat(5), None);
        check(&"患者は頭痛を訴えている。".repeat(12), None);
    }
}
