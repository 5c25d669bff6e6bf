//! [`Format`]: what a file's name says of it.

use super::SourceError;

/// How rows are written in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// The file format of Apache Arrow, which is Feather 2 too.
    Ipc,
    /// Text with this byte between fields.
    Csv(u8),
    /// A JSON object a line.
    Ndjson,
}

/// How a file as a whole is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// One or more gzip members.
    Gzip,
    /// One or more Zstandard frames.
    Zstd,
}

impl Format {
    const NAMES: [(&'static str, Self); 9] = [
        ("parquet", Self::Parquet),
        ("pq", Self::Parquet),
        ("arrow", Self::Ipc),
        ("ipc", Self::Ipc),
        ("feather", Self::Ipc),
        ("csv", Self::Csv(b',')),
        ("tsv", Self::Csv(b'\t')),
        ("ndjson", Self::Ndjson),
        ("jsonl", Self::Ndjson),
    ];

    /// Format and compression by the end of a name, upper or lower case.
    ///
    /// # Errors
    /// [`SourceError::Format`] for any other end, and for a compressed Parquet or Arrow file: these compress their columns.
    ///
    /// ```
    /// use spanframe_jobs::source::{Compression, Format};
    ///
    /// assert_eq!(Format::of("year=2024/notes.csv.gz")?, (Format::Csv(b','), Compression::Gzip));
    /// assert!(Format::of("notes.xlsx").is_err());
    /// # Ok::<(), spanframe_jobs::source::SourceError>(())
    /// ```
    pub fn of(path: &str) -> Result<(Self, Compression), SourceError> {
        let lower = path.to_ascii_lowercase();
        let (stem, compression) = match lower.rsplit_once('.') {
            Some((stem, "gz")) => (stem, Compression::Gzip),
            Some((stem, "zst")) => (stem, Compression::Zstd),
            _ => (lower.as_str(), Compression::None),
        };
        let end = stem.rsplit_once('.').map_or("", |(_, end)| end);
        Self::NAMES
            .into_iter()
            .find(|(name, _)| *name == end)
            .map(|(_, format)| (format, compression))
            .filter(|(format, _)| compression == Compression::None || format.is_text())
            .ok_or_else(|| SourceError::Format { path: path.to_string() })
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Csv(_) | Self::Ndjson)
    }
}
