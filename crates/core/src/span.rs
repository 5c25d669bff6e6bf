//! [`Span`]: a range of bytes, the only positions inside the engine.

/// A half-open range of UTF-8 bytes of one document, with both ends on character boundaries.
///
/// `begin <= end` always holds. A document has at most 4 GiB, so that a position takes four bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    begin: u32,
    end: u32,
}

impl Span {
    /// The span of the bytes `begin..end`.
    ///
    /// # Panics
    /// If `begin > end`, or if `end` does not fit 32 bits. The engine refuses longer documents first.
    #[must_use]
    pub fn new(begin: usize, end: usize) -> Self {
        assert!(begin <= end, "a span must not end before it begins");
        let end = u32::try_from(end).expect("documents are at most 4 GiB");
        Self { begin: begin as u32, end }
    }

    /// The smallest span around `begin..end` on character boundaries, cut to the length of `text`.
    ///
    /// A byte-level tokenizer may end a token inside a character. The token then has the whole character.
    ///
    /// ```
    /// # use spanframe_core::Span;
    /// assert_eq!(Span::around("né", 0, 2), Span::new(0, 3));
    /// ```
    #[must_use]
    pub fn around(text: &str, begin: usize, end: usize) -> Self {
        let mut begin = begin.min(text.len());
        let mut end = end.clamp(begin, text.len());
        while !text.is_char_boundary(begin) {
            begin -= 1;
        }
        while !text.is_char_boundary(end) {
            end += 1;
        }
        Self::new(begin, end)
    }

    /// First byte.
    #[must_use]
    pub fn begin(self) -> usize {
        self.begin as usize
    }

    /// One past the last byte.
    #[must_use]
    pub fn end(self) -> usize {
        self.end as usize
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(self) -> usize {
        self.end() - self.begin()
    }

    /// True if the span covers nothing.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.begin == self.end
    }

    /// The part of `text` that the span covers.
    ///
    /// # Panics
    /// If the span does not lie on character boundaries of `text`.
    #[must_use]
    pub fn slice(self, text: &str) -> &str {
        &text[self.begin()..self.end()]
    }

    /// The span without white space at its edges; empty at its begin if it has nothing else.
    ///
    /// ```
    /// # use spanframe_core::Span;
    /// assert_eq!(Span::new(0, 8).trimmed(" aspirin"), Span::new(1, 8));
    /// ```
    #[must_use]
    pub fn trimmed(self, text: &str) -> Self {
        let part = self.slice(text);
        let kept = part.trim_start();
        let begin = self.end() - kept.len();
        let end = begin + kept.trim_end().len();
        if begin == end { Self::new(self.begin(), self.begin()) } else { Self::new(begin, end) }
    }
}
