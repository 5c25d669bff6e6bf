//! Sections of a vocabulary file: written to a temporary file each, read as views of one buffer.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    ops::Range,
    path::Path,
    sync::Arc,
};

use serde::{Deserialize, Serialize};

/// What a section holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SectionKind {
    /// The terms, one after the other.
    Texts,
    /// A [`TermRow`](crate::table::TermRow) a term, in the order of the folded terms.
    Terms,
    /// The codes, one after the other.
    Codes,
    /// A [`ConceptRow`](crate::table::ConceptRow) a concept.
    Concepts,
    /// `fst` map of a folded term to its terms, see [`group`].
    Folded,
    /// `fst` map of stems in any order to a part of `WordTerms`, see [`group`].
    Words,
    /// Numbers of terms, `u32`.
    WordTerms,
    /// The folded terms, one after the other.
    FoldedTexts,
    /// A [`TextRow`](crate::table::TextRow) a folded term, in the order of their norms.
    TextRows,
    /// Keys of trigrams and words, `u64`, ascending.
    Features,
    /// Where the postings of each feature end, `u32`.
    PostingEnds,
    /// Numbers of folded texts, `u32`, ascending within a feature.
    Postings,
}

/// Where a section is, in bytes of the file.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct SectionPlace {
    pub kind: SectionKind,
    pub start: u64,
    pub length: u64,
}

/// A section while it is written.
pub(crate) struct SectionWriter {
    pub kind: SectionKind,
    pub file: BufWriter<File>,
    pub length: u64,
}

impl SectionWriter {
    pub(crate) fn new(folder: &Path, kind: SectionKind) -> io::Result<Self> {
        let file = BufWriter::with_capacity(256 << 10, tempfile::tempfile_in(folder)?);
        Ok(Self { kind, file, length: 0 })
    }
}

impl Write for SectionWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes of a section. All sections share the buffer of the file.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub buffer: Arc<Vec<u64>>,
    pub bytes: Range<usize>,
}

impl AsRef<[u8]> for Section {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice::<u64, u8>(&self.buffer)[self.bytes.clone()]
    }
}

/// The terms of a key: the first and how many, in one integer.
pub(crate) fn group(first: u32, count: u32) -> u64 {
    u64::from(first) << 32 | u64::from(count)
}

/// The terms that [`group`] put together.
pub(crate) fn of_group(group: u64) -> Range<usize> {
    let (first, count) = ((group >> 32) as usize, (group & 0xffff_ffff) as usize);
    first..first + count
}
