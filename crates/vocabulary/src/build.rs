//! The passes of a build, each in bounded memory.
//!
//! ```text
//! entries by concept ─▶ concepts ─▶ concept ids, checked
//!                    ╰▶ terms by folded text ─▶ texts, terms, map of folded terms
//!                                            ├▶ stems, sorted ─▶ map of stems in any order
//!                                            ╰▶ index of features, see `index`
//! ```

use std::io::{self, Write};

use crate::{
    BuildOptions, Builder, Counts, Info, Summary, VocabularyError,
    file::{FileWriter, folder_of},
    fold::fold,
    index::IndexBuilder,
    record::{Fields, put, put_text},
    section::{SectionKind, SectionWriter},
    sorter::{Sorted, Sorter},
    stems::Stemming,
    table::{ConceptRow, TermRow},
};

/// What can go wrong in a pass.
#[derive(Debug)]
pub(crate) enum PassError {
    Io(io::Error),
    Vocabulary(VocabularyError),
}

impl From<io::Error> for PassError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<VocabularyError> for PassError {
    fn from(error: VocabularyError) -> Self {
        Self::Vocabulary(error)
    }
}

pub(crate) fn build(builder: Builder) -> Result<Summary, VocabularyError> {
    let path = builder.path.clone();
    passes(builder).map_err(|error| match error {
        PassError::Vocabulary(error) => error,
        PassError::Io(source) if source.kind() == io::ErrorKind::AlreadyExists => VocabularyError::Exists { path },
        PassError::Io(source) => VocabularyError::Write { path, source },
    })
}

fn passes(builder: Builder) -> Result<Summary, PassError> {
    let Builder { path, options, entries, names, pushed, empty_terms, empty_codes } = builder;
    let (folder, names) = (folder_of(&path).to_path_buf(), names.names);
    let sorter = || Sorter::new(&folder, options.memory);
    let mut counts = Counts::default();

    let (mut terms, mut ids) = (sorter(), sorter());
    let concepts = write_concepts(entries.sorted()?, &mut terms, &mut ids, &folder)?;
    check_ids(ids.sorted()?)?;
    counts.codes = concepts.count;
    let mut index = IndexBuilder::new(&folder)?;
    let bits: Vec<u8> = names.languages.iter().map(|language| Stemming::bits(language)).collect();
    let texts = write_terms(terms.sorted()?, &folder, &mut index, &bits, |row| {
        counts.terms += 1;
        let name = |names: &[String], number: u16| names[usize::from(number)].clone();
        *counts.by_vocabulary.entry(name(&names.vocabularies, row.vocabulary)).or_default() += 1;
        *counts.by_entity.entry(name(&names.entities, row.term.entity)).or_default() += 1;
        *counts.by_language.entry(name(&names.languages, row.term.language)).or_default() += 1;
    })?;
    if counts.terms == 0 {
        return Err(VocabularyError::NoTerms { entries: pushed }.into());
    }
    let repeated = pushed - empty_terms - empty_codes - counts.terms;
    let BuildOptions { abbreviations, source, overwrite, memory } = options;
    let info = Info { abbreviations, source, counts, built_by: env!("CARGO_PKG_VERSION").to_string() };
    let index = index.finish(&folder, memory, &Stemming::of_counts(&info.counts))?;
    let mut file = FileWriter::new(&path)?;
    for section in [texts.texts, texts.terms, concepts.codes, concepts.rows].into_iter().chain(index) {
        file.append(section)?;
    }
    let (sha256, bytes) = file.finish(info.clone(), names, overwrite)?;
    Ok(Summary { info, entries: pushed, empty_terms, empty_codes, repeated, sha256, bytes })
}

struct Concepts {
    codes: SectionWriter,
    rows: SectionWriter,
    count: u64,
}

/// The concept of the entries that are being read.
struct Concept {
    key: Vec<u8>,
    ids: [Option<i64>; 2],
}

/// Numbers the concepts in the order of their keys, and passes their terms and ids on.
fn write_concepts(
    mut entries: Sorted, terms: &mut Sorter, ids: &mut Sorter, folder: &std::path::Path,
) -> Result<Concepts, PassError> {
    let mut codes = SectionWriter::new(folder, SectionKind::Codes)?;
    let mut rows = SectionWriter::new(folder, SectionKind::Concepts)?;
    let mut count = 0_u64;
    let mut concept: Option<Concept> = None;
    let mut end = |concept: &Concept, number: u64| -> Result<(), PassError> {
        let (vocabulary, code) = concept_of(&concept.key).ok_or_else(torn)?;
        codes.write_all(code.as_bytes())?;
        let row = ConceptRow::new(concept.ids, fits(codes.length, "bytes of codes")?, vocabulary);
        rows.write_all(bytemuck::bytes_of(&row))?;
        if let Some(id) = concept.ids[0] {
            let mut value = Vec::new();
            put(&mut value, i64::try_from(number).map_err(io::Error::other)?);
            put_text(&mut value, code);
            ids.push(&id.to_be_bytes(), &value)?;
        }
        Ok(())
    };
    while let Some((key, value)) = entries.next()? {
        let entry = StoredEntry::read(&value).ok_or_else(torn)?;
        let current = match concept.take() {
            Some(mut current) if current.key == key => {
                current.ids = agreed(&key, current.ids, entry.ids)?;
                current
            }
            before => {
                if let Some(before) = before {
                    end(&before, count - 1)?;
                }
                count += 1;
                Concept { key, ids: entry.ids }
            }
        };
        let mut record = Vec::with_capacity(value.len());
        put_text(&mut record, entry.term);
        put(&mut record, i64::from(fits(count - 1, "codes")?));
        let (vocabulary, _) = concept_of(&current.key).ok_or_else(torn)?;
        for number in [i64::from(vocabulary), entry.entity, entry.language, entry.preferred] {
            put(&mut record, number);
        }
        terms.push(fold(entry.term).as_bytes(), &record)?;
        concept = Some(current);
    }
    if let Some(last) = concept {
        end(&last, count - 1)?;
    }
    Ok(Concepts { codes, rows, count })
}

/// Vocabulary and code of the key of a concept.
fn concept_of(key: &[u8]) -> Option<(u16, &str)> {
    let mut fields = Fields(key);
    Some((u16::try_from(fields.integer()?).ok()?, fields.text()?))
}

/// The ids of one concept, which must not contradict each other.
fn agreed(key: &[u8], known: [Option<i64>; 2], found: [Option<i64>; 2]) -> Result<[Option<i64>; 2], PassError> {
    let differ = |i: usize| known[i].zip(found[i]).filter(|(a, b)| a != b).map(|(a, b)| (a.min(b), a.max(b)));
    let code = || concept_of(key).map(|(_, code)| code.to_string()).unwrap_or_default();
    if let Some((first, second)) = differ(0) {
        return Err(VocabularyError::ConceptIds { code: code(), first, second }.into());
    }
    if let Some((first, second)) = differ(1) {
        return Err(VocabularyError::StandardConcepts { code: code(), first, second }.into());
    }
    Ok([0, 1].map(|i| known[i].or(found[i])))
}

/// Refuses an id that stands for two concepts.
fn check_ids(mut ids: Sorted) -> Result<(), PassError> {
    let mut before: Option<(Vec<u8>, Vec<u8>)> = None;
    while let Some((id, value)) = ids.next()? {
        if let Some((_, other)) = before.as_ref().filter(|(before, _)| *before == id) {
            let code = |value: &[u8]| {
                let mut fields = Fields(value);
                fields.integer();
                fields.text().unwrap_or_default().to_string()
            };
            let concept_id = Fields(&id).integer().unwrap_or_default();
            return Err(VocabularyError::ConceptCodes { concept_id, first: code(other), second: code(&value) }.into());
        }
        before = Some((id, value));
    }
    Ok(())
}

struct StoredEntry<'a> {
    ids: [Option<i64>; 2],
    term: &'a str,
    entity: i64,
    language: i64,
    preferred: i64,
}

impl<'a> StoredEntry<'a> {
    fn read(value: &'a [u8]) -> Option<Self> {
        let mut fields = Fields(value);
        let mut ids = [None; 2];
        for id in &mut ids {
            let (known, value) = (fields.integer()?, fields.integer()?);
            *id = (known == 1).then_some(value);
        }
        let term = fields.text()?;
        Some(Self { ids, term, entity: fields.integer()?, language: fields.integer()?, preferred: fields.integer()? })
    }
}

struct Terms {
    texts: SectionWriter,
    terms: SectionWriter,
}

/// A term while it is written.
#[derive(Clone, PartialEq, Eq)]
struct Term {
    folded: Vec<u8>,
    text: String,
    vocabulary: u16,
    term: TermRow,
}

impl Term {
    fn read(folded: Vec<u8>, value: &[u8]) -> Option<Self> {
        let mut fields = Fields(value);
        let text = fields.text()?.to_string();
        let concept = u32::try_from(fields.integer()?).ok()?;
        let [vocabulary, entity, language] = [fields.integer()?, fields.integer()?, fields.integer()?];
        let preferred = u32::try_from(fields.integer()?).ok()?;
        let [vocabulary, entity, language] = [vocabulary, entity, language].map(|number| u16::try_from(number).ok());
        let term = TermRow { text_end: 0, concept, count: 1, entity: entity?, language: language?, preferred };
        Some(Self { folded, text, vocabulary: vocabulary?, term })
    }

    /// True if the other says the same of the same concept.
    fn repeats(&self, other: &Self) -> bool {
        let parts = |t: &TermRow| (t.concept, t.entity, t.language);
        (&self.text, parts(&self.term)) == (&other.text, parts(&other.term))
    }
}

/// Writes the terms in the order of their folded texts. `bits` has, for each language, the bits of its stemmings. `seen` is
/// called with each term.
fn write_terms(
    mut sorted: Sorted, folder: &std::path::Path, index: &mut IndexBuilder, bits: &[u8], mut seen: impl FnMut(&Term),
) -> Result<Terms, PassError> {
    let mut texts = SectionWriter::new(folder, SectionKind::Texts)?;
    let mut rows = SectionWriter::new(folder, SectionKind::Terms)?;
    // the terms of one folded text
    let (mut key, mut first, mut count, mut stemmings): (Vec<u8>, u32, u32, u8) = (Vec::new(), 0, 0, 0);
    let mut written = 0_u64;
    let mut write = |term: Option<Term>| -> Result<(), PassError> {
        let same = term.as_ref().is_some_and(|term| term.folded == key);
        if !same && count > 0 {
            index.push(std::str::from_utf8(&key).map_err(io::Error::other)?, first, count, stemmings)?;
        }
        let Some(mut term) = term else { return Ok(()) };
        if !same {
            (key, first, count, stemmings) = (term.folded.clone(), fits(written, "terms")?, 0, 0);
        }
        texts.write_all(term.text.as_bytes())?;
        term.term.text_end = fits(texts.length, "bytes of terms")?;
        rows.write_all(bytemuck::bytes_of(&term.term))?;
        count += 1;
        written += 1;
        stemmings |= bits[usize::from(term.term.language)];
        seen(&term);
        Ok(())
    };
    let mut last: Option<Term> = None;
    while let Some((folded, value)) = sorted.next()? {
        let term = Term::read(folded, &value).ok_or_else(torn)?;
        match &mut last {
            Some(last) if last.repeats(&term) => {
                last.term.count = last.term.count.saturating_add(1);
                last.term.preferred |= term.term.preferred;
            }
            _ => {
                if let Some(done) = last.replace(term) {
                    write(Some(done))?;
                }
            }
        }
    }
    if last.is_some() {
        write(last)?;
    }
    write(None)?;
    Ok(Terms { texts, terms: rows })
}

pub(crate) fn fits(value: u64, what: &'static str) -> Result<u32, VocabularyError> {
    let limit = u64::from(u32::MAX);
    u32::try_from(value).map_err(|_| VocabularyError::TooLarge { what, limit })
}

/// A temporary file that does not hold what was written.
pub(crate) fn torn() -> io::Error {
    io::Error::other("a temporary file beside it was altered")
}
