//! Builds the index of the folded texts in bounded memory.
//!
//! ```text
//! folded texts ─▶ words and trigrams, counted ─▶ norms ─▶ sort by norm ─▶ rows, words, keys
//!                                                                      ╰▶ texts of each word
//! ```
//!
//! Texts of similar norm are neighbours in each list of postings. A bound on the norm is then a part of the list.

use std::{
    io::{Read as _, Write as _},
    path::Path,
};

use crate::{
    build::{PassError, fits, torn},
    gram::is_long,
    keys::{KeyWriter, hash},
    lexicon_builder::{Lexicon, LexiconBuilder},
    lists::{Posting, invert},
    section::{SectionKind, SectionWriter},
    sorter::{Sorted, Sorter},
    stems::{Stemmers, Stemming, hash_of},
    table::TextRow,
};

/// Folded texts on their way to the index.
pub(crate) struct IndexBuilder {
    /// A [`Header`] and the words of each text, in the order of the terms.
    texts: SectionWriter,
    lexicon: LexiconBuilder,
    count: usize,
    words: Vec<u32>,
}

/// A text on its way; its words follow.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Header {
    key: u64,
    first: u32,
    terms: u32,
    /// [`Stemming::bit`] of each stemming that it has a key of.
    stemmings: u32,
    words: u32,
}

/// A header with its words, as bytes.
struct Text(Vec<u8>);

impl Text {
    fn header(&self) -> Header {
        bytemuck::pod_read_unaligned(&self.0[..size_of::<Header>()])
    }

    fn words(&self) -> impl Iterator<Item = u32> + Clone + '_ {
        self.0[size_of::<Header>()..].as_chunks::<4>().0.iter().map(|bytes| u32::from_ne_bytes(*bytes))
    }
}

impl IndexBuilder {
    pub(crate) fn new(folder: &Path) -> Result<Self, PassError> {
        // the kind of the section that the texts end in
        let texts = SectionWriter::new(folder, SectionKind::TextRows)?;
        Ok(Self { texts, lexicon: LexiconBuilder::default(), count: 0, words: Vec::new() })
    }

    /// Adds a folded text, its terms, and the bits of the stemmings of their languages.
    pub(crate) fn push(&mut self, folded: &str, first: u32, terms: u32, stemmings: u8) -> Result<(), PassError> {
        self.lexicon.add(folded, &mut self.words)?;
        self.count += 1;
        // only a part of a long text is read here, and its key must stand for the whole text
        let stemmings = if is_long(folded) { 0 } else { stemmings.into() };
        let words = self.words.len() as u32;
        let header = Header { key: hash(folded.as_bytes()), first, terms, stemmings, words };
        self.texts.write_all(bytemuck::bytes_of(&header))?;
        self.texts.write_all(bytemuck::cast_slice(&self.words))?;
        Ok(())
    }

    /// Writes the sections of the index.
    pub(crate) fn finish(
        self, folder: &Path, memory: usize, stemmings: &[Stemming],
    ) -> Result<Vec<SectionWriter>, PassError> {
        let Self { mut texts, mut lexicon, count, mut words } = self;
        let mut by_norm = Sorter::new(folder, memory);
        let mut reader = texts.reader()?;
        for _ in 0..count {
            let mut text = Text(vec![0; size_of::<Header>()]);
            reader.read_exact(&mut text.0)?;
            text.0.resize(size_of::<Header>() + 4 * text.header().words as usize, 0);
            reader.read_exact(&mut text.0[size_of::<Header>()..])?;
            words.clear();
            words.extend(text.words());
            // positive floats have the order of their bits
            by_norm.push(&lexicon.norm(&words, count).to_bits().to_be_bytes(), &text.0)?;
        }
        drop(texts);
        let lexicon = lexicon.finish(folder, memory, &Stemmers::default(), stemmings)?;
        let mut texts = Texts {
            rows: SectionWriter::new(folder, SectionKind::TextRows)?,
            words: SectionWriter::new(folder, SectionKind::TextWords)?,
            // both are held while the texts of each word are
            keys: KeyWriter::new(folder, memory / 8),
            stem_keys: KeyWriter::new(folder, memory / 8),
        };
        texts.write(by_norm.sorted()?, &lexicon, stemmings)?;
        let kinds = [SectionKind::WordPostings, SectionKind::WordPostingEnds];
        let postings = invert(
            &lexicon.counts,
            folder,
            memory,
            kinds,
            |each| texts.each(each),
            |text, words, word| Posting::new(text, words, word, &lexicon.counts),
        )?;
        let Texts { rows, words, keys, stem_keys } = texts;
        let keys = [keys.finish(folder, SectionKind::TextKeys)?, stem_keys.finish(folder, SectionKind::StemKeys)?];
        Ok([rows, words].into_iter().chain(postings).chain(keys).chain(lexicon.sections).collect())
    }
}

/// The sections of the texts, while they are written.
struct Texts {
    rows: SectionWriter,
    words: SectionWriter,
    keys: KeyWriter,
    stem_keys: KeyWriter,
}

impl Texts {
    /// Numbers the texts by norm.
    fn write(&mut self, mut sorted: Sorted, lexicon: &Lexicon, stemmings: &[Stemming]) -> Result<(), PassError> {
        let (mut number, mut words_end, mut list) = (0, 0_u64, Vec::new());
        while let Some((norm, text)) = sorted.next()? {
            let norm = f32::from_bits(u32::from_be_bytes(norm.try_into().map_err(|_| torn())?));
            let text = Text(text);
            let Header { key, first, terms, stemmings: has, words } = text.header();
            words_end += u64::from(words);
            let row = TextRow { first, terms, words_end: fits(words_end, "words of terms")?, norm };
            self.rows.write_all(bytemuck::bytes_of(&row))?;
            list.clear();
            list.extend(text.words().map(|word| lexicon.numbers[word as usize]));
            list.sort_unstable();
            self.words.write_all(bytemuck::cast_slice(&list))?;
            self.keys.push(key, number)?;
            for stemming in stemmings.iter().filter(|stemming| has & u32::from(stemming.bit()) != 0) {
                let words = list.iter().map(|word| &lexicon.rows[*word as usize]);
                let stems = words.map(|row| (row.is_function == 1, row.stems[*stemming as usize]));
                self.stem_keys.push(hash_of(stems, *stemming), number)?;
            }
            number += 1;
        }
        Ok(())
    }

    /// Passes over the words of each text.
    fn each(&mut self, each: &mut dyn FnMut(&[u32])) -> Result<(), PassError> {
        let count = self.rows.length / size_of::<TextRow>() as u64;
        let mut rows = self.rows.reader()?;
        let mut words = self.words.reader()?;
        let (mut row, mut list, mut start) = ([0; size_of::<TextRow>()], Vec::new(), 0);
        for _ in 0..count {
            rows.read_exact(&mut row)?;
            let TextRow { words_end, .. } = bytemuck::pod_read_unaligned(&row);
            list.resize((words_end - start) as usize, 0);
            words.read_exact(bytemuck::cast_slice_mut(&mut list))?;
            start = words_end;
            each(&list);
        }
        Ok(())
    }
}
