//! [`Limits`]: how much an archive may unpack to.

/// How much an archive may unpack to. The zip file in a folder of Spark NLP has the same limits.
///
/// A zip bomb of a few kilobytes unpacks to terabytes, and the sizes in its headers may be false. The unpacker
/// therefore counts the bytes that it writes and stops at the first limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most files and folders.
    pub entries: usize,
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most bytes per byte of the archive, above [`Limits::SMALL`] bytes.
    pub ratio: u64,
}

impl Limits {
    /// Default for [`entries`](Self::entries).
    pub const ENTRIES: usize = 10_000;
    /// Default for [`bytes`](Self::bytes): 32 GiB.
    pub const BYTES: u64 = 32 << 30;
    /// Default for [`ratio`](Self::ratio). Weights hardly compress, JSON compresses about 10:1, a zip bomb 1000:1.
    pub const RATIO: u64 = 100;
    /// An archive of any size may unpack to 1 MiB, because a small text may compress very well.
    pub const SMALL: u64 = 1 << 20;

    /// Most bytes that an archive of `length` bytes may unpack to.
    pub(super) fn bytes_for(self, length: u64) -> u64 {
        length.saturating_mul(self.ratio).max(Self::SMALL).min(self.bytes)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: Self::ENTRIES, bytes: Self::BYTES, ratio: Self::RATIO }
    }
}
