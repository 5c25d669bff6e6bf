//! [`Lexicon`]: the words of all terms and their trigrams.

use crate::{
    VocabularyError,
    file::OpenFile,
    gram::weight,
    keys::{Keys, hash},
    lists::Lists,
    section::{Section, SectionKind},
    table::{TrigramRow, WordRow},
};

/// Words and trigrams by number.
#[derive(Debug)]
pub(crate) struct Lexicon {
    texts: Section,
    words: Section,
    word_keys: Keys,
    /// The trigrams of each word.
    pub trigrams_of: Lists<u32>,
    trigrams: Section,
    trigram_keys: Keys,
    /// The words that have each trigram.
    pub with_trigram: Lists<u32>,
    /// The first word of at least so many trigrams.
    lengths: Vec<u32>,
    /// The squared weight of each trigram.
    pub weights: Vec<f32>,
    /// The squared weight of a trigram that no term has. It is that of a trigram which some terms have: one wrong letter makes
    /// three unknown trigrams, and they must not outweigh all others.
    pub unknown_weight: f32,
    /// The length of the vector of each word.
    pub norms: Vec<f32>,
}

impl Lexicon {
    /// Opens the lexicon of so many texts.
    pub(crate) fn open(file: &OpenFile, texts: usize) -> Result<Self, VocabularyError> {
        let damaged = || file.damaged("its words");
        let section = |kind| file.section(kind);
        let rows = |kind, size: usize| -> Result<(Section, usize), VocabularyError> {
            let section = section(kind)?;
            let (count, rest) = (section.as_ref().len() / size, section.as_ref().len() % size);
            if rest == 0 { Ok((section, count)) } else { Err(damaged()) }
        };
        let (words, word_count) = rows(SectionKind::WordRows, size_of::<WordRow>())?;
        let (trigrams, trigram_count) = rows(SectionKind::TrigramRows, size_of::<TrigramRow>())?;
        let keys = |kind, numbers| Keys::open(section(kind)?, numbers).ok_or_else(damaged);
        let (trigram_ends, word_trigrams) =
            (section(SectionKind::WordTrigramEnds)?, section(SectionKind::WordTrigrams)?);
        let (ends, postings) = (section(SectionKind::TrigramPostingEnds)?, section(SectionKind::TrigramPostings)?);
        let trigrams_of = Lists::open(trigram_ends, word_trigrams, word_count, trigram_count).ok_or_else(damaged)?;
        let mut lengths = vec![0];
        for word in 0..word_count {
            let length = trigrams_of.len(word);
            if length + 1 < lengths.len() {
                return Err(damaged());
            }
            lengths.resize(length + 1, word as u32);
        }
        let rows: &[TrigramRow] = bytemuck::cast_slice(trigrams.as_ref());
        let weights: Vec<f32> = rows.iter().map(|row| weight(row.key, row.texts, texts)).collect();
        let norm = |word| trigrams_of.get(word).iter().map(|trigram| weights[*trigram as usize]).sum::<f32>().sqrt();
        let lexicon = Self {
            norms: (0..word_count).map(norm).collect(),
            unknown_weight: weight(0, (texts as f32).sqrt() as u32, texts),
            weights,
            lengths,
            word_keys: keys(SectionKind::WordKeys, word_count)?,
            trigram_keys: keys(SectionKind::TrigramKeys, trigram_count)?,
            trigrams_of,
            with_trigram: Lists::open(ends, postings, trigram_count, word_count).ok_or_else(damaged)?,
            texts: section(SectionKind::WordTexts)?,
            words,
            trigrams,
        };
        let (rows, texts) = (lexicon.words(), lexicon.texts.as_ref());
        let is_sound = rows.is_sorted_by_key(|row| row.text_end)
            && rows.last().map_or(0, |row| row.text_end as usize) == texts.len();
        if is_sound { Ok(lexicon) } else { Err(damaged()) }
    }

    pub(crate) fn words(&self) -> &[WordRow] {
        bytemuck::cast_slice(self.words.as_ref())
    }

    pub(crate) fn trigrams(&self) -> &[TrigramRow] {
        bytemuck::cast_slice(self.trigrams.as_ref())
    }

    /// The number of a word.
    pub(crate) fn word(&self, text: &str) -> Option<usize> {
        let (texts, rows) = (self.texts.as_ref(), self.words());
        self.word_keys.find(hash(text.as_bytes())).find(|word| {
            let start = word.checked_sub(1).map_or(0, |before| rows[before].text_end);
            texts[start as usize..rows[*word].text_end as usize] == *text.as_bytes()
        })
    }

    /// The words of about as many trigrams.
    pub(crate) fn of_length(&self, trigrams: usize) -> (u32, u32) {
        let first = |length: usize| self.lengths.get(length).copied().unwrap_or(self.words().len() as u32);
        (first(trigrams.saturating_sub(1)), first(trigrams + 2))
    }

    /// The number of a trigram.
    pub(crate) fn trigram(&self, key: u64) -> Option<usize> {
        let rows = self.trigrams();
        self.trigram_keys.find(hash(&key.to_le_bytes())).find(|trigram| rows[*trigram].key == key)
    }
}
