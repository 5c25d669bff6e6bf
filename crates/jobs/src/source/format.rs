//! [`Format`]: the format that a file's name tells.

use super::SourceError;

/// How a file stores its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Apache Parquet.
    Parquet,
    /// The file format of Apache Arrow, also known as Feather 2.
    Ipc,
    /// Text whose fields this byte separates.
    Csv(u8),
    /// One JSON object per line.
    Ndjson,
}

/// How a file is compressed as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Not compressed.
    #[default]
    None,
    /// One or more gzip members.
    Gzip,
    /// One or more Zstandard frames.
    Zstd,
}

impl Format {
    /// What the name of a file ends in.
    const ENDINGS: [(&'static str, Self); 9] = [
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

    /// Returns format and compression by the ending of a name, in upper or lower case.
    ///
    /// # Errors
    /// [`SourceError::Format`] for any other ending. Also for `.parquet.gz` and the like: Parquet and Arrow files
    /// compress their columns instead.
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
        let ending = stem.rsplit_once('.').map_or("", |(_, ending)| ending);
        Self::ENDINGS
            .into_iter()
            .find(|(name, _)| *name == ending)
            .map(|(_, format)| (format, compression))
            .filter(|(format, _)| compression == Compression::None || format.is_text())
            .ok_or_else(|| SourceError::Format { path: path.to_string() })
    }

    /// True for an ending of a format or of a compression, in upper or lower case.
    #[must_use]
    pub fn is_ending(ending: &str) -> bool {
        let lower = ending.to_ascii_lowercase();
        matches!(lower.as_str(), "gz" | "zst") || Self::ENDINGS.iter().any(|(name, _)| *name == lower)
    }

    fn is_text(self) -> bool {
        matches!(self, Self::Csv(_) | Self::Ndjson)
    }
}
