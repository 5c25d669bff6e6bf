//! [`Vocabulary`]: an open vocabulary file.

use std::{ops::Range, path::Path};

use strum::VariantArray as _;

use crate::{
    Explanation, Info, Match, Step, VocabularyError,
    abbreviation::Abbreviations,
    explanation::StepReport,
    file::{Names, OpenFile},
    fold::fold,
    rank::{Ranked, Ranking},
    section::{Section, SectionKind, of_group},
    similar::SimilarIndex,
    table::{ConceptRow, TermRow},
    words::{Stemmers, Stemming},
};

/// An open vocabulary. It is read whole into memory, is never changed, and may be used by many threads.
#[derive(Debug)]
pub struct Vocabulary {
    info: Info,
    sha256: String,
    names: Names,
    texts: Section,
    terms: Section,
    codes: Section,
    concepts: Section,
    folded: fst::Map<Section>,
    words: fst::Map<Section>,
    word_terms: Section,
    similar: SimilarIndex,
    stemmers: Stemmers,
    /// The stemmings of its terms.
    stemmings: Vec<Stemming>,
    abbreviations: Abbreviations,
}

impl Vocabulary {
    /// Reads a file and checks its hash.
    ///
    /// # Errors
    /// [`VocabularyError::Read`]; [`VocabularyError::Foreign`], [`VocabularyError::Version`] or
    /// [`VocabularyError::Truncated`] by its header; [`VocabularyError::Altered`] if the content does not match the
    /// hash; [`VocabularyError::Damaged`] if the content contradicts itself all the same.
    pub fn open(path: &Path) -> Result<Self, VocabularyError> {
        let file = OpenFile::read(path)?;
        let section = |kind| file.section(kind);
        let map = |kind| fst::Map::new(section(kind)?).map_err(|_| file.damaged("a map"));
        let vocabulary = Self {
            texts: section(SectionKind::Texts)?,
            terms: section(SectionKind::Terms)?,
            codes: section(SectionKind::Codes)?,
            concepts: section(SectionKind::Concepts)?,
            folded: map(SectionKind::Folded)?,
            words: map(SectionKind::Words)?,
            word_terms: section(SectionKind::WordTerms)?,
            similar: SimilarIndex::open(&file)?,
            stemmers: Stemmers::default(),
            stemmings: stemmings(&file.footer.info),
            abbreviations: Abbreviations::new(&file.footer.info.abbreviations),
            info: file.footer.info.clone(),
            names: file.footer.names.clone(),
            sha256: file.sha256.clone(),
        };
        match vocabulary.inconsistency() {
            None => Ok(vocabulary),
            Some(what) => Err(file.damaged(what)),
        }
    }

    /// What in the tables would lead out of them.
    fn inconsistency(&self) -> Option<&'static str> {
        let rows = |section: &Section, size: usize| section.as_ref().len() % size == 0;
        if !rows(&self.terms, size_of::<TermRow>()) || !rows(&self.concepts, size_of::<ConceptRow>()) {
            return Some("the size of a table");
        }
        let [Ok(texts), Ok(codes)] = [&self.texts, &self.codes].map(|section| std::str::from_utf8(section.as_ref()))
        else {
            return Some("its texts");
        };
        let mut end = 0;
        for row in self.term_rows() {
            let known = (row.concept as usize) < self.concept_rows().len()
                && usize::from(row.entity) < self.names.entities.len()
                && usize::from(row.language) < self.names.languages.len();
            if row.text_end < end || !known || !texts.is_char_boundary(row.text_end as usize) {
                return Some("its terms");
            }
            end = row.text_end;
        }
        let mut end = 0;
        for row in self.concept_rows() {
            let known = usize::from(row.vocabulary) < self.names.vocabularies.len();
            if row.code_end < end || !known || !codes.is_char_boundary(row.code_end as usize) {
                return Some("its codes");
            }
            end = row.code_end;
        }
        let word_terms = bytemuck::try_cast_slice::<u8, u32>(self.word_terms.as_ref());
        if !word_terms.is_ok_and(|terms| terms.iter().all(|term| (*term as usize) < self.term_rows().len())) {
            return Some("its words");
        }
        if !self.similar.is_consistent(self.term_rows().len()) {
            return Some("its index");
        }
        None
    }

    /// What the file says of itself.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// SHA-256 of the content, in hexadecimal. Files of the same terms and options have the same.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Bytes in memory, which are those of the file.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.texts.buffer.len() * 8
    }

    /// Links a mention to at most `top` codes, best first.
    ///
    /// A code comes once, with its best term. Codes of a similarity below `least` are left out. `entity` is the type of
    /// the mention: among equally similar terms those of this type come first, then preferred terms, then those that
    /// the source has more often, then shorter ones, then by code.
    #[must_use]
    pub fn link(&self, mention: &str, entity: Option<&str>, top: usize, least: f32) -> Vec<Match<'_>> {
        self.find(mention, entity, top, least, None)
    }

    /// As [`link`](Self::link), with what each step compared and found.
    #[must_use]
    pub fn explain(&self, mention: &str, entity: Option<&str>, top: usize, least: f32) -> Explanation<'_> {
        let mut steps = Vec::new();
        let matches = self.find(mention, entity, top, least, Some(&mut steps));
        Explanation { matches, steps }
    }

    fn find<'a>(
        &'a self, mention: &str, entity: Option<&str>, top: usize, least: f32,
        mut reports: Option<&mut Vec<StepReport<'a>>>,
    ) -> Vec<Match<'a>> {
        let mut ranking = Ranking::new(top, least);
        let folded = fold(mention);
        if folded.is_empty() || top == 0 {
            return Vec::new();
        }
        let mut texts = vec![folded];
        for step in Step::VARIANTS.iter().copied() {
            let before = ranking.len();
            match step {
                _ if ranking.is_full() => break,
                Step::Exact => self.same_fold(&texts[0]).filter(|term| self.text(*term) == mention).for_each(|term| {
                    ranking.add(self.ranked(term, entity, step.similarity(), step));
                }),
                Step::Folded => self.same_fold(&texts[0]).for_each(|term| {
                    ranking.add(self.ranked(term, entity, step.similarity(), step));
                }),
                Step::Words => self.same_words(&texts[0], |term| {
                    ranking.add(self.ranked(term, entity, step.similarity(), step));
                }),
                Step::Abbreviation => {
                    texts.extend(self.abbreviations.written_out(&texts[0]));
                    for text in &texts[1..] {
                        self.same_words(text, |term| {
                            ranking.add(self.ranked(term, entity, step.similarity(), step));
                        });
                    }
                }
                Step::Similar => {
                    let limit = step.similarity();
                    for text in &texts {
                        for (cosine, row) in self.similar.nearest(text, top, least / limit) {
                            let row = self.similar.rows()[row];
                            for term in row.first..row.first + row.terms {
                                ranking.add(self.ranked(term as usize, entity, cosine * limit, step));
                            }
                        }
                    }
                }
            }
            let Some(reports) = &mut reports else { continue };
            reports.push(StepReport {
                step,
                compared: match step {
                    Step::Exact => vec![mention.to_string()],
                    Step::Folded => vec![texts[0].clone()],
                    Step::Words => self.stemmings.iter().map(|s| self.stemmers.key(&texts[0], *s)).collect(),
                    Step::Abbreviation => texts[1..].to_vec(),
                    Step::Similar => texts.clone(),
                },
                found: ranking.since(before).map(|ranked| self.shown(ranked)).collect(),
            });
        }
        ranking.finish().into_iter().map(|ranked| self.shown(ranked)).collect()
    }

    /// Terms that fold to this text.
    fn same_fold(&self, folded: &str) -> Range<usize> {
        let terms = self.term_rows().len();
        let group = self.folded.get(folded.as_bytes()).map_or(0..0, of_group);
        group.start.min(terms)..group.end.min(terms)
    }

    /// Terms with the same stems in any order.
    fn same_words(&self, folded: &str, mut each: impl FnMut(usize)) {
        let terms: &[u32] = bytemuck::cast_slice(self.word_terms.as_ref());
        for stemming in &self.stemmings {
            let key = self.stemmers.key(folded, *stemming);
            let group = self.words.get(key.as_bytes()).map_or(0..0, of_group);
            terms.get(group).unwrap_or_default().iter().for_each(|term| each(*term as usize));
        }
    }

    fn ranked(&self, term: usize, entity: Option<&str>, similarity: f32, step: Step) -> Ranked<'_> {
        let row = &self.term_rows()[term];
        let is_entity = entity.is_some_and(|entity| entity == self.names.entities[usize::from(row.entity)]);
        Ranked {
            similarity,
            step,
            other_entity: !is_entity,
            other_term: row.preferred == 0,
            count: row.count,
            length: (row.text_end - self.text_start(term)) as usize,
            code: self.code(row.concept as usize),
            concept: row.concept,
            term,
        }
    }

    fn shown(&self, ranked: Ranked<'_>) -> Match<'_> {
        let row = &self.term_rows()[ranked.term];
        let concept = &self.concept_rows()[row.concept as usize];
        let name = |names: &[String], number: u16| -> Option<usize> {
            let number = usize::from(number);
            Some(number).filter(|number| !names[*number].is_empty())
        };
        Match {
            code: self.code(row.concept as usize),
            term: self.text(ranked.term),
            vocabulary: name(&self.names.vocabularies, concept.vocabulary)
                .map(|number| self.names.vocabularies[number].as_str()),
            concept_id: concept.concept_id(),
            standard_concept_id: concept.standard_concept_id(),
            entity: name(&self.names.entities, row.entity).map(|number| self.names.entities[number].as_str()),
            similarity: ranked.similarity,
            step: ranked.step,
        }
    }

    fn term_rows(&self) -> &[TermRow] {
        bytemuck::cast_slice(self.terms.as_ref())
    }

    fn concept_rows(&self) -> &[ConceptRow] {
        bytemuck::cast_slice(self.concepts.as_ref())
    }

    fn text_start(&self, term: usize) -> u32 {
        term.checked_sub(1).map_or(0, |before| self.term_rows()[before].text_end)
    }

    fn text(&self, term: usize) -> &str {
        slice(&self.texts, self.text_start(term), self.term_rows()[term].text_end)
    }

    fn code(&self, concept: usize) -> &str {
        let rows = self.concept_rows();
        let start = concept.checked_sub(1).map_or(0, |before| rows[before].code_end);
        slice(&self.codes, start, rows[concept].code_end)
    }
}

/// How the terms of a vocabulary were stemmed.
fn stemmings(info: &Info) -> Vec<Stemming> {
    let languages = info.counts.by_language.keys();
    let mask = languages.flat_map(|language| Stemming::of_language(language)).fold(0, |mask, s| mask | s.bit());
    Stemming::ALL.into_iter().filter(|stemming| mask & stemming.bit() != 0).collect()
}

/// Text of a section, whose boundaries `open` checked.
fn slice(section: &Section, start: u32, end: u32) -> &str {
    let bytes = section.as_ref().get(start as usize..end as usize).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}
