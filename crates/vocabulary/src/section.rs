//! Sections of a vocabulary file: written to a temporary file each, read as views of one buffer.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Seek, Write},
    ops::Range,
    path::Path,
    sync::Arc,
};

#[cfg(target_os = "linux")]
use memmap2::Advice;
use memmap2::MmapMut;
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
    /// A [`TextRow`](crate::table::TextRow) a folded term, in the order of their norms. "Texts" are these from here on.
    TextRows,
    /// Numbers of the distinct words of each text, `u32`, ascending.
    TextWords,
    /// Texts by the hash of the folded term.
    TextKeys,
    /// Texts by the hash of their stems, see [`stems`](crate::stems).
    StemKeys,
    /// The words of all texts, one after the other.
    WordTexts,
    /// A [`WordRow`](crate::table::WordRow) a word. Words of few trigrams come first, and of these the most frequent.
    WordRows,
    /// Numbers of the distinct trigrams of each word, `u32`, ascending.
    WordTrigrams,
    /// Where the trigrams of each word end, `u32`.
    WordTrigramEnds,
    /// A [`Posting`](crate::lists::Posting) a text that has each word, ascending.
    WordPostings,
    /// Where the postings of each word end, `u32`.
    WordPostingEnds,
    /// Words by their hash.
    WordKeys,
    /// A [`TrigramRow`](crate::table::TrigramRow) a trigram.
    TrigramRows,
    /// Numbers of the words that have each trigram, `u32`, ascending.
    TrigramPostings,
    /// Where the postings of each trigram end, `u32`.
    TrigramPostingEnds,
    /// Trigrams by their hash.
    TrigramKeys,
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

    /// Reads what was written from the beginning. Nothing is written after that.
    pub(crate) fn reader(&mut self) -> io::Result<BufReader<&File>> {
        self.file.flush()?;
        let mut file = self.file.get_ref();
        file.rewind()?;
        Ok(BufReader::with_capacity(256 << 10, file))
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

/// The memory of a file, aligned for every row.
#[derive(Debug)]
pub(crate) struct Buffer(MmapMut);

impl Buffer {
    pub(crate) fn new(bytes: usize) -> io::Result<Self> {
        // anonymous memory, no file: a file that another program changes must not change what was checked
        let memory = MmapMut::map_anon(bytes.max(1))?;
        // a search reads here and there, and with huge pages fewer of its reads wait for a page to be looked up; a kernel may
        // decline
        #[cfg(target_os = "linux")]
        let _ = memory.advise(Advice::HugePage);
        Ok(Self(memory))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

/// Bytes of a section. All sections share the buffer of the file.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub buffer: Arc<Buffer>,
    pub bytes: Range<usize>,
}

impl Section {
    /// What was written to a section, as if it were opened.
    #[cfg(test)]
    pub(crate) fn of(mut written: SectionWriter) -> Self {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut written.reader().unwrap(), &mut bytes).unwrap();
        let mut buffer = Buffer::new(bytes.len()).unwrap();
        buffer.bytes_mut()[..bytes.len()].copy_from_slice(&bytes);
        Self { buffer: Arc::new(buffer), bytes: 0..bytes.len() }
    }
}

impl AsRef<[u8]> for Section {
    fn as_ref(&self) -> &[u8] {
        &self.buffer.bytes()[self.bytes.clone()]
    }
}
