//! [`Texts`]: the folded terms, by norm, and the words of each.

use crate::{
    VocabularyError,
    file::OpenFile,
    keys::Keys,
    lexicon::Lexicon,
    lists::{Lists, Posting},
    section::{Section, SectionKind},
    table::TextRow,
};

/// Most entries of [`Texts::norms`], so that these fit the caches.
const NORMS: usize = 16_384;

/// Folded terms by number.
#[derive(Debug)]
pub(crate) struct Texts {
    rows: Section,
    /// The distinct words of each text.
    words: Section,
    /// By the hash of the text.
    pub keys: Keys,
    /// By the hash of the stems.
    pub stem_keys: Keys,
    /// The texts that have each word.
    pub with_word: Lists<Posting>,
    /// The norm of every text whose number has no bits below `shift`.
    norms: Vec<f32>,
    shift: u32,
}

impl Texts {
    pub(crate) fn open(file: &OpenFile, lexicon: &Lexicon, terms: usize) -> Result<Self, VocabularyError> {
        let damaged = || file.damaged("its index");
        let section = |kind| file.section(kind);
        let rows = section(SectionKind::TextRows)?;
        let texts: &[TextRow] = bytemuck::try_cast_slice(rows.as_ref()).map_err(|_| damaged())?;
        let shift = texts.len().div_ceil(NORMS).next_power_of_two().ilog2();
        let norms = texts.iter().step_by(1 << shift).map(|row| row.norm).collect();
        let keys = |kind| Keys::open(section(kind)?, texts.len()).ok_or_else(damaged);
        let (keys, stem_keys) = (keys(SectionKind::TextKeys)?, keys(SectionKind::StemKeys)?);
        let words = lexicon.words().len();
        let (ends, postings) = (section(SectionKind::WordPostingEnds)?, section(SectionKind::WordPostings)?);
        let with_word = Lists::open(ends, postings, words, texts.len()).ok_or_else(damaged)?;
        let texts = Self { words: section(SectionKind::TextWords)?, rows, keys, stem_keys, with_word, norms, shift };
        if texts.is_consistent(words, terms) { Ok(texts) } else { Err(damaged()) }
    }

    fn is_consistent(&self, words: usize, terms: usize) -> bool {
        let Ok(all) = bytemuck::try_cast_slice::<u8, u32>(self.words.as_ref()) else { return false };
        let rows = self.rows();
        rows.last().map_or(0, |row| row.words_end as usize) == all.len()
            && rows.is_sorted_by_key(|row| row.words_end)
            && rows.iter().all(|row| row.first as usize + row.terms as usize <= terms && row.norm.is_finite())
            && all.iter().all(|word| (*word as usize) < words)
    }

    pub(crate) fn rows(&self) -> &[TextRow] {
        bytemuck::cast_slice(self.rows.as_ref())
    }

    /// The distinct words of a text.
    pub(crate) fn words_of(&self, text: usize) -> &[u32] {
        let lists: &[u32] = bytemuck::cast_slice(self.words.as_ref());
        let start = text.checked_sub(1).map_or(0, |before| self.rows()[before].words_end);
        &lists[start as usize..self.rows()[text].words_end as usize]
    }

    /// The norm of a text, or that of one a little before it, which is not greater.
    pub(crate) fn least_norm(&self, text: usize) -> f32 {
        self.norms[text >> self.shift]
    }

    /// The norms of all texts, if these are few.
    pub(crate) fn norms(&self) -> Option<&[f32]> {
        (self.shift == 0).then_some(&self.norms)
    }

    /// A range of texts that has all with a norm from `low` to `high`, and few others.
    pub(crate) fn range(&self, low: f32, high: f32) -> (u32, u32) {
        // a little wider, for rounding; without a least similarity there is no upper end
        let from = self.norms.partition_point(|norm| *norm < low * 0.999).saturating_sub(1) << self.shift;
        let to = match high.is_finite() {
            true => self.norms.partition_point(|norm| *norm <= high * 1.001) << self.shift,
            false => self.rows().len(),
        };
        (from as u32, to.min(self.rows().len()) as u32)
    }
}
