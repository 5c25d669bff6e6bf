//! [`LanguageDetector`]: the language of a note, among those that have cues.

use spanframe_core::assertion::RuleSet;
use whatlang::{Detector, Lang};

use super::lexicon::Lexicon;

/// Bytes of a note from which on its trigrams tell the language. Measured on clinical sentences, 98 % are right between 50
/// and 100 bytes and 100 % beyond, but 88 % between 20 and 50.
const LONG_ENOUGH: usize = 100;
/// Bytes of a note that are read: more do not change the answer, but 500 cost notes of fragments their language.
const ENOUGH: usize = 1000;

/// Tells in which of some languages a note is.
///
/// Long notes are told by their trigrams. A short note is in the language whose cues cover most of it, and only where these
/// tie in the language of its trigrams. A note without any cue has no attribute in any language.
#[derive(Debug)]
pub struct LanguageDetector {
    trigrams: Detector,
    /// Each lexicon's language as the detector of trigrams knows it; `None` if it does not.
    known: Vec<Option<Lang>>,
}

impl LanguageDetector {
    /// A detector of the languages of `lexicons`.
    #[must_use]
    pub fn new(lexicons: &[Lexicon]) -> Self {
        let known: Vec<Option<Lang>> = lexicons.iter().map(|lexicon| lang(&lexicon.language)).collect();
        Self { trigrams: Detector::with_allowlist(known.iter().copied().flatten().collect()), known }
    }

    /// The place among `lexicons`, those of [`new`](Self::new), of the language of `text`; `None` for an empty text.
    #[must_use]
    pub fn detect(&self, text: &str, lexicons: &[Lexicon]) -> Option<usize> {
        let part = &text[..floor_char_boundary(text, ENOUGH)];
        let by_trigrams =
            self.trigrams.detect_lang(part).and_then(|lang| self.known.iter().position(|&k| k == Some(lang)));
        if part.len() >= LONG_ENOUGH {
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
