//! [`LexiconBuilder`]: collects the words and trigrams of all texts.

use std::{cmp::Reverse, io::Write as _, path::Path};

use hashbrown::HashTable;
use rustc_hash::FxHashMap;

use crate::{
    build::{PassError, fits},
    gram::{trigrams, weight, words},
    keys::{KeyWriter, hash},
    lists::{ListWriter, invert},
    section::{SectionKind, SectionWriter},
    stems::{Stemmers, Stemming, is_function},
    table::{TrigramRow, WordRow},
};

/// Words and trigrams, numbered as they come, with how many texts have them. Words are held in memory, once each.
#[derive(Default)]
pub(crate) struct LexiconBuilder {
    /// The words, one after the other.
    text: String,
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    /// How many texts have each word.
    counts: Vec<u32>,
    trigrams: FxHashMap<u64, u32>,
    trigram_keys: Vec<u64>,
    /// How many texts have each trigram.
    trigram_counts: Vec<u32>,
    scratch: Vec<u32>,
}

/// What texts need of their words.
pub(crate) struct Lexicon {
    /// The number that each word has in the file.
    pub numbers: Vec<u32>,
    pub rows: Vec<WordRow>,
    /// How many texts have each word.
    pub counts: Vec<u32>,
    pub sections: Vec<SectionWriter>,
}

fn word<'a>(text: &'a str, ends: &[u32], number: usize) -> &'a str {
    let start = number.checked_sub(1).map_or(0, |before| ends[before]);
    &text[start as usize..ends[number] as usize]
}

impl LexiconBuilder {
    /// Adds a folded text, and puts the numbers of its distinct words into `found`, ascending.
    pub(crate) fn add(&mut self, folded: &str, found: &mut Vec<u32>) -> Result<(), PassError> {
        found.clear();
        for word in words(folded) {
            found.push(self.number(word)?);
        }
        found.sort_unstable();
        found.dedup();
        found.iter().for_each(|word| self.counts[*word as usize] += 1);
        let mut distinct = std::mem::take(&mut self.scratch);
        self.trigrams_of(found, &mut distinct);
        distinct.iter().for_each(|trigram| self.trigram_counts[*trigram as usize] += 1);
        self.scratch = distinct;
        Ok(())
    }

    fn number(&mut self, new: &str) -> Result<u32, PassError> {
        let Self { text, ends, numbers, counts, trigrams: known, trigram_keys, trigram_counts, .. } = self;
        let key = hash(new.as_bytes());
        if let Some(number) = numbers.find(key, |number| word(text, ends, *number as usize) == new) {
            return Ok(*number);
        }
        let number = fits(ends.len() as u64, "words")?;
        text.push_str(new);
        ends.push(fits(text.len() as u64, "bytes of words")?);
        counts.push(0);
        numbers.insert_unique(key, number, |number| hash(word(text, ends, *number as usize).as_bytes()));
        trigrams(new, |key| {
            known.entry(key).or_insert_with(|| {
                trigram_keys.push(key);
                trigram_counts.push(0);
                trigram_keys.len() as u32 - 1
            });
        });
        Ok(number)
    }

    /// Puts the distinct trigrams of some words into `found`, ascending.
    fn trigrams_of(&self, words: &[u32], found: &mut Vec<u32>) {
        found.clear();
        for number in words {
            trigrams(word(&self.text, &self.ends, *number as usize), |key| found.push(self.trigrams[&key]));
        }
        found.sort_unstable();
        found.dedup();
    }

    /// The length of the vector of a text of these words, where there are `texts` of them.
    pub(crate) fn norm(&mut self, words: &[u32], texts: usize) -> f32 {
        let mut distinct = std::mem::take(&mut self.scratch);
        self.trigrams_of(words, &mut distinct);
        let squares = distinct
            .iter()
            .map(|trigram| weight(self.trigram_keys[*trigram as usize], self.trigram_counts[*trigram as usize], texts));
        let norm = squares.sum::<f32>().sqrt();
        self.scratch = distinct;
        norm
    }

    /// Writes the tables of words and trigrams.
    pub(crate) fn finish(
        self, folder: &Path, memory: usize, stemmers: &Stemmers, stemmings: &[Stemming],
    ) -> Result<Lexicon, PassError> {
        let section = |kind| SectionWriter::new(folder, kind);
        let order = self.order();
        let mut numbers = vec![0; order.len()];
        (0_u32..).zip(&order).for_each(|(number, word)| numbers[*word as usize] = number);

        let mut texts = section(SectionKind::WordTexts)?;
        let mut lists = ListWriter::new(folder, SectionKind::WordTrigrams, SectionKind::WordTrigramEnds)?;
        let mut keys = KeyWriter::new(folder, memory);
        let mut rows = Vec::with_capacity(order.len());
        let mut with_trigram = vec![0_u32; self.trigram_keys.len()];
        let mut distinct = Vec::new();
        for (number, old) in (0_u32..).zip(&order) {
            let text = word(&self.text, &self.ends, *old as usize);
            texts.write_all(text.as_bytes())?;
            self.trigrams_of(&[*old], &mut distinct);
            distinct.iter().for_each(|trigram| with_trigram[*trigram as usize] += 1);
            lists.push(&distinct)?;
            keys.push(hash(text.as_bytes()), number)?;
            let mut stems = [0; 4];
            stemmings.iter().for_each(|stemming| stems[*stemming as usize] = stemmers.stem_hash(text, *stemming));
            let text_end = fits(texts.length, "bytes of words")?;
            rows.push(WordRow { text_end, is_function: is_function(text).into(), stems });
        }
        let mut row_section = section(SectionKind::WordRows)?;
        row_section.write_all(bytemuck::cast_slice(&rows))?;
        let kinds = [SectionKind::TrigramPostings, SectionKind::TrigramPostingEnds];
        let postings = invert(
            &with_trigram,
            folder,
            memory,
            kinds,
            |each| {
                let mut list = Vec::new();
                for word in &order {
                    self.trigrams_of(&[*word], &mut list);
                    each(&list);
                }
                Ok(())
            },
            |word, _, _| word,
        )?;
        let mut sections = vec![texts, row_section, keys.finish(folder, SectionKind::WordKeys)?];
        sections.extend(postings);
        sections.extend(lists.finish());
        sections.extend(self.write_trigrams(folder, memory)?);
        let counts = order.iter().map(|word| self.counts[*word as usize]).collect();
        Ok(Lexicon { numbers, rows, counts, sections })
    }

    /// The words as the file has them: by the number of their trigrams, the most frequent first.
    fn order(&self) -> Vec<u32> {
        let mut distinct = Vec::new();
        let mut key = |word: u32| {
            self.trigrams_of(&[word], &mut distinct);
            (distinct.len(), Reverse(self.counts[word as usize]), word)
        };
        let mut keys: Vec<_> = (0..self.counts.len() as u32).map(&mut key).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, _, word)| word).collect()
    }

    fn write_trigrams(&self, folder: &Path, memory: usize) -> Result<[SectionWriter; 2], PassError> {
        let mut rows = SectionWriter::new(folder, SectionKind::TrigramRows)?;
        let mut keys = KeyWriter::new(folder, memory);
        for ((number, key), texts) in (0..).zip(&self.trigram_keys).zip(&self.trigram_counts) {
            rows.write_all(bytemuck::bytes_of(&TrigramRow { key: *key, texts: *texts, reserved: 0 }))?;
            keys.push(hash(&key.to_le_bytes()), number)?;
        }
        Ok([rows, keys.finish(folder, SectionKind::TrigramKeys)?])
    }
}
