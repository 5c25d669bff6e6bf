//! [`Assessor`]: the attributes of the entities of a row, by the cues of its language.

use std::path::PathBuf;

use spanframe_core::{
    Span,
    assertion::{Action, Attribute, Attributes, Reason, reasons},
};

use super::{
    LexiconError,
    language::LanguageDetector,
    lexicon::{BUNDLED, Lexicon, LexiconFile},
};
use crate::language::primary;

/// Types to which [`Attribute::Uncertain`] does not apply: a medication or a procedure is given or not, and what is uncertain
/// beside it is its indication or its result.
const CERTAIN: [&str; 12] = [
    "MEDICATION",
    "DRUG",
    "CHEMICAL",
    "TREATMENT",
    "MED",
    "FARMACO",
    "FARMACI",
    "MEDICAMENTO",
    "PROCEDURE",
    "TEST",
    "PROCEDIMIENTO",
    "PROCEDURA",
];

/// The cues of all languages, ready to assess entities. Cheap to share, and it holds nothing of a note.
#[derive(Debug)]
pub struct Assessor {
    lexicons: Vec<Lexicon>,
    detector: LanguageDetector,
}

/// Why an entity has an attribute, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Index of the entity.
    pub entity: usize,
    /// The attribute.
    pub attribute: Attribute,
    /// Where the cue stands in the text, in bytes.
    pub cue: Span,
    /// The rule: the table of its file, such as `negated.before`.
    pub group: String,
}

impl Assessor {
    /// An assessor by the cues that come with spanframe and those of `files`.
    ///
    /// # Errors
    /// [`LexiconError`] for a file that cannot be read or has a bad rule.
    pub fn new(files: &[PathBuf]) -> Result<Self, LexiconError> {
        let files = files
            .iter()
            .map(|path| Ok((path.display().to_string(), LexiconFile::read(path)?)))
            .collect::<Result<Vec<_>, LexiconError>>()?;
        let mut languages: Vec<&str> = BUNDLED.iter().map(|(code, _)| *code).collect();
        for (_, file) in &files {
            if !languages.contains(&file.language.as_str()) {
                languages.push(&file.language);
            }
        }
        let lexicons = languages.iter().map(|language| Lexicon::new(language, &files));
        let lexicons: Vec<Lexicon> = lexicons.filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Self { detector: LanguageDetector::new(&lexicons), lexicons })
    }

    /// The languages that have cues, in their order.
    pub fn languages(&self) -> impl Iterator<Item = &str> {
        self.lexicons.iter().map(|lexicon| lexicon.language.as_str())
    }

    /// All languages and rules as text, in their order.
    pub(crate) fn rules(&self) -> impl Iterator<Item = String> {
        self.lexicons.iter().flat_map(|lexicon| {
            let rules = lexicon.rules.rules().iter().map(|rule| format!("{rule:?}"));
            std::iter::once(lexicon.language.clone()).chain(rules)
        })
    }

    /// The attributes of each of `entities` (bytes of `text`, with their types), in their order.
    ///
    /// `language` is the code of the text's language (`es`, `es-MX`); without it the language is detected. `None` for a language
    /// that has no cues: nothing is known of its entities then.
    #[must_use]
    pub fn assess(&self, text: &str, entities: &[(Span, &str)], language: Option<&str>) -> Option<Vec<Attributes>> {
        let mut found = vec![Attributes::NONE; entities.len()];
        if entities.is_empty() {
            return Some(found);
        }
        for reason in self.reasons(text, entities, language)?.1 {
            found[reason.entity] = found[reason.entity].with(reason.attribute);
        }
        Some(found)
    }

    /// As [`assess`](Self::assess), with the cue of each attribute, and the language by which it was found.
    #[must_use]
    pub fn explain(
        &self, text: &str, entities: &[(Span, &str)], language: Option<&str>,
    ) -> Option<(&str, Vec<Explanation>)> {
        let (lexicon, reasons) = self.reasons(text, entities, language)?;
        let explanation = |reason: Reason| Explanation {
            entity: reason.entity,
            attribute: reason.attribute,
            cue: reason.cue,
            group: lexicon.entries[reason.rule].group.clone(),
        };
        Some((&lexicon.language, reasons.into_iter().map(explanation).collect()))
    }

    fn reasons(
        &self, text: &str, entities: &[(Span, &str)], language: Option<&str>,
    ) -> Option<(&Lexicon, Vec<Reason>)> {
        let lexicon = match language {
            Some(code) => {
                let code = primary(code);
                self.lexicons.iter().find(|lexicon| lexicon.language == code)?
            }
            None => &self.lexicons[self.detector.detect(text, &self.lexicons)?],
        };
        let spans: Vec<Span> = entities.iter().map(|(span, _)| *span).collect();
        let found = reasons(text, &spans, &lexicon.rules, |rule, entity| {
            let name = entities[entity].1;
            let except = &lexicon.entries[rule].except;
            let is_certain = is_uncertain(lexicon.rules.rules()[rule].action) && !applies(Attribute::Uncertain, name);
            !is_certain && !except.iter().any(|other| other.eq_ignore_ascii_case(name))
        });
        Some((lexicon, found))
    }
}

/// Whether entities of this type may have the attribute.
#[must_use]
pub fn applies(attribute: Attribute, entity: &str) -> bool {
    attribute != Attribute::Uncertain || !CERTAIN.iter().any(|name| name.eq_ignore_ascii_case(entity))
}

/// Whether a rule makes entities uncertain. A heading does so with all other attributes too.
fn is_uncertain(action: Action) -> bool {
    match action {
        Action::Assert { attribute, .. } => attribute == Attribute::Uncertain,
        Action::Heading { attributes, .. } => attributes.contains(Attribute::Uncertain),
        Action::Pseudo | Action::Terminate(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use spanframe_core::Named;

    use super::*;

    static ASSESSOR: OnceLock<Assessor> = OnceLock::new();

    fn check(text: &str, entity: &str, expect: &[Attribute]) {
        let assessor = ASSESSOR.get_or_init(|| Assessor::new(&[]).unwrap());
        let begin = text.find(entity).unwrap();
        let span = Span::new(begin, begin + entity.len());
        let found = assessor.assess(text, &[(span, "SYMPTOM")], None).unwrap();
        assert_eq!(found[0].iter().collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn coordination_is_one_scope() {
        for finding in ["fever", "chills", "cough"] {
            check("Denies fever, chills or cough.", finding, &[Attribute::Negated]);
        }
        for finding in ["dolor torácico", "palpitaciones", "fiebre"] {
            check("Niega dolor torácico, palpitaciones ni fiebre.", finding, &[Attribute::Negated]);
        }
        for finding in ["dolore toracico", "febbre", "cardiopalmo"] {
            check("Nega dolore toracico, febbre e cardiopalmo.", finding, &[Attribute::Negated]);
        }
        check("No fever but productive cough.", "productive cough", &[]);
    }

    #[test]
    fn headings_hold_until_the_next() {
        let note = "Family history: diabetes\n- stroke\nReview of systems: palpitations";
        check(note, "diabetes", &[Attribute::Family]);
        check(note, "stroke", &[Attribute::Family]);
        check(note, "palpitations", &[]);
        check("Return if:\n- worsening headache", "worsening headache", &[Attribute::Hypothetical]);
        check("AF: madre con diabetes", "diabetes", &[Attribute::Family]);
        check("Anamnesi familiare:\n- ictus", "ictus", &[Attribute::Family]);
    }

    #[test]
    fn negated_evidence_negates_what_it_points_at() {
        check("No findings suggestive of pneumonia.", "pneumonia", &[Attribute::Negated]);
        check("Findings suggestive of pneumonia.", "pneumonia", &[Attribute::Uncertain]);
        check("Sin signos sugestivos de neumonía.", "neumonía", &[Attribute::Negated]);
        check("Non segni suggestivi di polmonite.", "polmonite", &[Attribute::Negated]);
    }

    #[test]
    fn who_reports_is_not_who_has() {
        check("Mother reports fever.", "fever", &[]);
        check("La madre refiere fiebre.", "fiebre", &[]);
        check("La madre riferisce febbre.", "febbre", &[]);
    }

    #[test]
    fn a_finding_with_a_degree_behind_a_comma_is_there() {
        check("No ulcer, mild edema.", "mild edema", &[]);
        check("No ulcer, decreased sensation.", "decreased sensation", &[]);
        check("No ulcer, edema.", "edema", &[Attribute::Negated]);
        check("No mild edema.", "mild edema", &[Attribute::Negated]);
    }

    #[test]
    fn a_removal_is_done_and_what_is_removed_is_not_there() {
        check("Retirada de sonda sin incidencias.", "Retirada de sonda", &[]);
        check("Retirada de la sonda vesical.", "sonda vesical", &[Attribute::Negated]);
        check("Sin fiebre.", "Sin fiebre", &[Attribute::Negated]);
    }

    #[test]
    fn a_paragraph_ends_its_section() {
        check("Family history: brother with polyps.\nAbdomen soft, obesity.", "obesity", &[]);
        check("PMH: asthma. FH: sister with lupus.", "asthma", &[Attribute::Historical]);
        check("PMH: asthma. FH: sister with lupus.", "lupus", &[Attribute::Family]);
    }

    #[test]
    fn a_medication_is_not_uncertain() {
        let assessor = Assessor::new(&[]).unwrap();
        let span = Span::new(16, 27);
        let text = "Started possible amoxicillin for it.";
        let found = |kind| assessor.assess(text, &[(span, kind)], Some("en")).unwrap()[0];
        assert!(found("MEDICATION").is_empty());
        assert!(found("DISEASE").contains(Attribute::Uncertain));
        assert!(assessor.assess(text, &[(span, "DISEASE")], Some("fr")).is_none());
    }

    /// F1 of each attribute on the hospital notes of a language, on gold spans.
    fn scores(language: &str) -> Vec<(Attribute, f64)> {
        let path = format!("{}/../../data/hospital/hospital.{language}.dev.jsonl", env!("CARGO_MANIFEST_DIR"));
        let assessor = Assessor::new(&[]).unwrap();
        let mut counts = [(0.0, 0.0); 5]; // hits, and annotated and found together
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let note: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = note["text"].as_str().unwrap();
            let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let at = |entity: &serde_json::Value, end: &str| bytes[entity[end].as_u64().unwrap() as usize];
            let gold = note["entities"].as_array().unwrap();
            let span = |entity: &serde_json::Value| Span::new(at(entity, "start"), at(entity, "end"));
            let entities: Vec<_> = gold.iter().map(|e| (span(e), e["label"].as_str().unwrap())).collect();
            let found = assessor.assess(text, &entities, None).unwrap();
            for (entity, found) in gold.iter().zip(found) {
                let names = entity["attributes"].as_array().unwrap();
                for (count, attribute) in counts.iter_mut().zip(Attribute::ALL) {
                    let is_gold = names.iter().any(|name| name == attribute.name());
                    let is_found = found.contains(attribute);
                    count.0 += f64::from(u8::from(is_gold && is_found));
                    count.1 += f64::from(u8::from(is_gold) + u8::from(is_found));
                }
            }
        }
        Attribute::ALL.into_iter().zip(counts.map(|(hits, all)| 2.0 * hits / all)).collect()
    }

    #[test]
    fn hospital_notes_get_their_attributes() {
        for language in ["en", "es", "it"] {
            for (attribute, f1) in scores(language) {
                let least = match attribute {
                    Attribute::Negated => 0.93,
                    Attribute::Uncertain => 0.84,
                    Attribute::Historical => 0.80,
                    Attribute::Hypothetical => 0.89,
                    Attribute::Family => 0.88,
                };
                assert!(f1 >= least, "{language}: {attribute:?} has F1 {f1:.3}, at least {least}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_assertion(
            text in "(No |niega |senza |AF: |Return if: |[ \\n.;:,aéİ日👩\u{301}]){0,24}", cuts in prop::collection::vec((0usize..200, 0usize..200), 0..6),
        ) {
            let bounds: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
            let bound = |i: usize| bounds[i % bounds.len()];
            let span = |&(a, b): &(usize, usize)| (Span::new(bound(a).min(bound(b)), bound(a).max(bound(b))), "DISEASE");
            let entities: Vec<_> = cuts.iter().map(span).collect();
            let assessor = ASSESSOR.get_or_init(|| Assessor::new(&[]).unwrap());
            for language in [Some("en"), Some("es"), Some("it"), None] {
                let Some((_, found)) = assessor.explain(&text, &entities, language) else { continue };
                for explanation in found {
                    prop_assert!(explanation.entity < entities.len());
                    prop_assert!(text.is_char_boundary(explanation.cue.begin()) && text.is_char_boundary(explanation.cue.end()));
                }
            }
        }
    }
}
