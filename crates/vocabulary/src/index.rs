//! Builds the inverted index of the features of all folded texts, in bounded memory.
//!
//! ```text
//! folded texts ─▶ sort by norm ─▶ one row a text, numbered in this order ─▶ postings of each feature, ascending
//! ```
//!
//! Texts of similar norm are neighbours in each list of postings. A bound on the norm is then a part of the list.

use std::{
    io::{self, BufReader, Read, Seek, Write},
    path::Path,
};

use rustc_hash::FxHashMap;

use crate::{
    build::{PassError, fits, torn},
    gram::{features, is_word, weight},
    record::{Fields, put, put_text},
    section::{SectionKind, SectionWriter},
    sorter::{Sorted, Sorter},
    table::TextRow,
};

/// Folded texts on their way to the index.
pub(crate) struct IndexBuilder {
    /// Texts in the order of the terms.
    texts: SectionWriter,
    /// How many texts have a feature.
    frequencies: FxHashMap<u64, u32>,
    count: usize,
    scratch: Vec<u64>,
}

/// The sections of the index.
pub(crate) struct Index {
    pub folded_texts: SectionWriter,
    pub rows: SectionWriter,
    pub keys: SectionWriter,
    pub ends: SectionWriter,
    pub postings: SectionWriter,
}

impl IndexBuilder {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let texts = SectionWriter::new(folder, SectionKind::FoldedTexts)?;
        Ok(Self { texts, frequencies: FxHashMap::default(), count: 0, scratch: Vec::new() })
    }

    /// Adds a folded text and its terms.
    pub(crate) fn push(&mut self, folded: &str, first: u32, terms: u32) -> io::Result<()> {
        features(folded, &mut self.scratch);
        for key in &self.scratch {
            *self.frequencies.entry(*key).or_default() += 1;
        }
        self.count += 1;
        let mut record = Vec::with_capacity(24 + folded.len());
        put(&mut record, i64::from(first));
        put(&mut record, i64::from(terms));
        put_text(&mut record, folded);
        self.texts.write_all(&(record.len() as u64).to_le_bytes())?;
        self.texts.write_all(&record)
    }

    pub(crate) fn finish(self, folder: &Path, memory: usize) -> Result<Index, PassError> {
        let Self { texts, frequencies, count, mut scratch } = self;
        let mut sorter = Sorter::new(folder, memory);
        let mut reader = reopened(texts)?;
        for _ in 0..count {
            let mut length = [0; 8];
            reader.read_exact(&mut length)?;
            let mut record = vec![0; usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?];
            reader.read_exact(&mut record)?;
            let mut fields = Fields(&record);
            fields.integer();
            fields.integer();
            features(fields.text().ok_or_else(torn)?, &mut scratch);
            let known = scratch.iter().filter(|key| !is_word(**key));
            let norm = known.map(|key| weight(frequencies[key], count)).sum::<f32>().sqrt();
            // positive floats have the order of their bits
            sorter.push(&norm.to_bits().to_be_bytes(), &record)?;
        }
        drop(reader);
        let (folded_texts, rows) = write_rows(sorter.sorted()?, folder)?;
        let mut index = Index {
            folded_texts,
            rows,
            keys: SectionWriter::new(folder, SectionKind::Features)?,
            ends: SectionWriter::new(folder, SectionKind::PostingEnds)?,
            postings: SectionWriter::new(folder, SectionKind::Postings)?,
        };
        let mut keys: Vec<(u64, u32)> = frequencies.into_iter().collect();
        keys.sort_unstable();
        let mut end = 0_u64;
        for (key, with) in &keys {
            end += u64::from(*with);
            index.keys.write_all(&key.to_le_bytes())?;
            index.ends.write_all(&fits(end, "postings")?.to_le_bytes())?;
        }
        write_postings(&mut index, &keys, memory)?;
        Ok(index)
    }
}

/// Numbers the texts by norm.
fn write_rows(mut sorted: Sorted, folder: &Path) -> Result<(SectionWriter, SectionWriter), PassError> {
    let mut texts = SectionWriter::new(folder, SectionKind::FoldedTexts)?;
    let mut rows = SectionWriter::new(folder, SectionKind::TextRows)?;
    while let Some((norm, record)) = sorted.next()? {
        let norm = f32::from_bits(u32::from_be_bytes(norm.try_into().map_err(|_| torn())?));
        let mut fields = Fields(&record);
        let integer = |fields: &mut Fields<'_>| fields.integer().and_then(|value| u32::try_from(value).ok());
        let (first, terms) = (integer(&mut fields).ok_or_else(torn)?, integer(&mut fields).ok_or_else(torn)?);
        texts.write_all(fields.text().ok_or_else(torn)?.as_bytes())?;
        let text_end = fits(texts.length, "bytes of folded terms")?;
        rows.write_all(bytemuck::bytes_of(&TextRow { first, terms, text_end, norm }))?;
    }
    Ok((texts, rows))
}

/// Writes the postings of as many features as fit into memory at a time, each time from all texts.
fn write_postings(index: &mut Index, keys: &[(u64, u32)], memory: usize) -> Result<(), PassError> {
    let most = (memory / size_of::<u32>()).max(1);
    let (mut rest, mut scratch) = (keys, Vec::new());
    while !rest.is_empty() {
        let mut total = 0;
        let fitting = rest.iter().take_while(|(_, with)| {
            total += *with as usize;
            total <= most
        });
        let (now, later) = rest.split_at(fitting.count().max(1));
        rest = later;
        // where the next posting of each feature goes
        let mut next = FxHashMap::default();
        let mut end = 0_usize;
        for (key, with) in now {
            next.insert(*key, end);
            end += *with as usize;
        }
        let mut postings = vec![0_u32; end];
        let mut number = 0_u32;
        index.each_text(|text| {
            features(text, &mut scratch);
            for key in &scratch {
                if let Some(at) = next.get_mut(key) {
                    postings[*at] = number;
                    *at += 1;
                }
            }
            number += 1;
        })?;
        index.postings.write_all(bytemuck::cast_slice(&postings))?;
    }
    Ok(())
}

impl Index {
    /// Reads the folded texts from their file, in order.
    fn each_text(&mut self, mut each: impl FnMut(&str)) -> Result<(), PassError> {
        for section in [&mut self.folded_texts, &mut self.rows] {
            section.flush()?;
            section.file.get_mut().rewind()?;
        }
        let mut texts = BufReader::with_capacity(256 << 10, self.folded_texts.file.get_ref());
        let mut rows = BufReader::with_capacity(256 << 10, self.rows.file.get_ref());
        let (mut row, mut text, mut start) = ([0; size_of::<TextRow>()], Vec::new(), 0);
        for _ in 0..self.rows.length / size_of::<TextRow>() as u64 {
            rows.read_exact(&mut row)?;
            let TextRow { text_end, .. } = bytemuck::pod_read_unaligned(&row);
            text.resize((text_end - start) as usize, 0);
            texts.read_exact(&mut text)?;
            start = text_end;
            each(std::str::from_utf8(&text).map_err(|_| torn())?);
        }
        Ok(())
    }
}

/// What was written to a section, to be read from its beginning.
fn reopened(section: SectionWriter) -> io::Result<BufReader<std::fs::File>> {
    let mut file = section.file.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.rewind()?;
    Ok(BufReader::with_capacity(256 << 10, file))
}
