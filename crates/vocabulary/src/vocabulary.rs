//! [`Vocabulary`]: an open vocabulary file.

use std::{cell::LazyCell, ops::Range, path::Path};

use strum::VariantArray as _;

use crate::{
    Explanation, Info, Match, Step, VocabularyError,
    abbreviation::Abbreviations,
    explanation::StepReport,
    file::{Names, OpenFile},
    fold::fold,
    keys::hash,
    lexicon::Lexicon,
    mention::Mention,
    rank::{Ranked, Ranking},
    section::{Section, SectionKind},
    similar::nearest,
    stems::{Stemmers, Stemming},
    table::{ConceptRow, TermRow, TextRow},
    texts::Texts,
};

/// An open vocabulary. It is read whole into memory, is never changed, and may be used by many threads.
#[derive(Debug)]
pub struct Vocabulary {
    info: Info,
    sha256: String,
    names: Names,
    term_texts: Section,
    terms: Section,
    codes: Section,
    concepts: Section,
    lexicon: Lexicon,
    texts: Texts,
    stemmers: Stemmers,
    /// The stemmings of its terms.
    stemmings: Vec<Stemming>,
    /// The bits of the stemmings of each language.
    of_languages: Vec<u8>,
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
        let texts = section(SectionKind::TextRows)?.as_ref().len() / size_of::<TextRow>();
        let (lexicon, terms) = (Lexicon::open(&file, texts)?, section(SectionKind::Terms)?);
        let of_languages: Vec<u8> = file.footer.names.languages.iter().map(|name| Stemming::bits(name)).collect();
        let vocabulary = Self {
            texts: Texts::open(&file, &lexicon, terms.as_ref().len() / size_of::<TermRow>())?,
            lexicon,
            term_texts: section(SectionKind::Texts)?,
            terms,
            codes: section(SectionKind::Codes)?,
            concepts: section(SectionKind::Concepts)?,
            stemmers: Stemmers::default(),
            stemmings: Stemming::of_counts(&file.footer.info.counts),
            of_languages,
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
        let [Ok(texts), Ok(codes)] =
            [&self.term_texts, &self.codes].map(|section| std::str::from_utf8(section.as_ref()))
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
        self.term_texts.buffer.bytes().len()
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
        let mut ranking = Ranking::new(top, least, |concept| self.code(concept as usize));
        let folded = fold(mention);
        if folded.is_empty() || top == 0 {
            return Vec::new();
        }
        let same_fold = self.same_fold(&folded);
        let written_out = LazyCell::new(|| self.abbreviations.written_out(&folded));
        let all = || std::iter::once(&folded).chain(written_out.iter()).map(|text| Mention::new(text, &self.lexicon));
        let mentions = LazyCell::new(|| all().collect::<Vec<_>>());
        for step in Step::VARIANTS.iter().copied() {
            let before = ranking.len();
            let limit = step.similarity();
            let add = |ranking: &mut Ranking<_>, terms: &mut dyn Iterator<Item = usize>, similarity: f32| {
                terms.for_each(|term| ranking.add(self.ranked(term, entity, similarity, step)));
            };
            match step {
                Step::Exact => {
                    add(&mut ranking, &mut same_fold.clone().filter(|term| self.text(*term) == mention), limit);
                }
                Step::Folded => add(&mut ranking, &mut same_fold.clone(), limit),
                Step::Words => self.same_words(&mentions[0], |terms| add(&mut ranking, terms, limit)),
                Step::Abbreviation => {
                    for mention in &mentions[1..] {
                        self.same_words(mention, |terms| add(&mut ranking, terms, limit));
                    }
                }
                Step::Similar => {
                    for mention in mentions.iter() {
                        nearest(&self.lexicon, &self.texts, mention, top, least / limit, &mut |near| {
                            for (cosine, text) in near {
                                add(&mut ranking, &mut terms_of(&self.texts.rows()[*text]), cosine * limit);
                            }
                            ranking.floor() / limit
                        });
                    }
                }
            }
            if let Some(reports) = &mut reports {
                let compared = match step {
                    Step::Exact => vec![mention.to_string()],
                    Step::Folded => vec![folded.clone()],
                    Step::Words => self.stemmings.iter().map(|s| self.stemmers.key(&folded, *s)).collect(),
                    Step::Abbreviation => written_out.to_vec(),
                    Step::Similar => std::iter::once(&folded).chain(written_out.iter()).cloned().collect(),
                };
                let found = ranking.since(before).into_iter().map(|ranked| self.shown(ranked)).collect();
                reports.push(StepReport { step, compared, found });
            }
            if ranking.is_full() {
                break;
            }
        }
        ranking.finish().into_iter().map(|ranked| self.shown(ranked)).collect()
    }

    /// Terms that fold to this text.
    fn same_fold(&self, folded: &str) -> Range<usize> {
        let mut found = self.texts.keys.find(hash(folded.as_bytes())).map(|text| terms_of(&self.texts.rows()[text]));
        found.find(|terms| fold(self.text(terms.start)) == folded).unwrap_or_default()
    }

    /// Hands on the terms with the same stems in any order.
    fn same_words(&self, mention: &Mention<'_>, mut each: impl FnMut(&mut dyn Iterator<Item = usize>)) {
        for stemming in self.stemmings.iter().copied() {
            let Some(key) = mention.stems(&self.lexicon, &self.stemmers, stemming) else { return };
            let is_stemmed = |term: &usize| {
                let language = self.term_rows()[*term].language;
                self.of_languages[usize::from(language)] & stemming.bit() != 0
            };
            for text in self.texts.stem_keys.find(key) {
                let mut terms = terms_of(&self.texts.rows()[text]).filter(is_stemmed).peekable();
                // the key of one stemming may find a text of another, and different stems may have one key
                if terms.peek().is_some() && self.has_stems(text, mention, stemming) {
                    each(&mut terms);
                }
            }
        }
    }

    /// True if a text has the stems of the mention, and not only their hash.
    fn has_stems(&self, text: usize, mention: &Mention<'_>, stemming: Stemming) -> bool {
        let words = self.texts.words_of(text);
        let has_its_words = mention.words.len() == words.len()
            && mention.words.iter().all(|(_, word)| word.is_some_and(|word| words.contains(&(word as u32))));
        has_its_words || {
            let folded = fold(self.text(self.texts.rows()[text].first as usize));
            self.stemmers.key(&folded, stemming) == self.stemmers.key(mention.folded, stemming)
        }
    }

    fn ranked(&self, term: usize, entity: Option<&str>, similarity: f32, step: Step) -> Ranked {
        let row = &self.term_rows()[term];
        let is_entity = entity.is_some_and(|entity| entity == self.names.entities[usize::from(row.entity)]);
        Ranked {
            similarity,
            step,
            other_entity: !is_entity,
            other_term: row.preferred == 0,
            count: row.count,
            length: (row.text_end - self.text_start(term)) as usize,
            concept: row.concept,
            term,
        }
    }

    fn shown(&self, ranked: Ranked) -> Match<'_> {
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
        slice(&self.term_texts, self.text_start(term), self.term_rows()[term].text_end)
    }

    fn code(&self, concept: usize) -> &str {
        let rows = self.concept_rows();
        let start = concept.checked_sub(1).map_or(0, |before| rows[before].code_end);
        slice(&self.codes, start, rows[concept].code_end)
    }
}

/// The terms that fold to a text.
fn terms_of(row: &TextRow) -> Range<usize> {
    row.first as usize..(row.first + row.terms) as usize
}

/// Text of a section, whose boundaries `open` checked.
fn slice(section: &Section, start: u32, end: u32) -> &str {
    let bytes = section.as_ref().get(start as usize..end as usize).unwrap_or_default();
    std::str::from_utf8(bytes).unwrap_or_default()
}
