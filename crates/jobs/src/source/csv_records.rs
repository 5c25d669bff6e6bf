//! [`Records`]: splits CSV into records, strictly.
//!
//! One pass over the bytes, in chunks of any size; a state machine carries over from chunk to chunk:
//!
//! ```text
//!           quote                 quote                  separator, line end
//!   Begin ────────▶ Quoted ◀──────────────▶ AfterQuote ─────────────────────▶ Begin
//!     │ other         │  ▲  quote: one quote            other byte: TextAfterQuote
//!     ▼               │escape
//!   Plain             ▼  │  quote or escape, as it is
//!     │             AfterEscape                         other byte: BadEscape
//!     ▼ separator, line end
//!   Begin
//! ```
//!
//! A fault makes the record bad. To find where the record ends, a quote that is followed by text counts as text:
//! the record then ends with the field, and what follows is read as rows again.

use memchr::memchr3;

use super::{
    BadRow, RowLines, SourceError,
    text_file::{MAX_ROW_BYTES, Text},
};

/// What to do about a row that is too long.
const LONG_ROW: &str = "check for a quote that is not closed, and use `quote=''` if quotes are text";

/// Bytes with a meaning.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub separator: u8,
    pub quote: Option<u8>,
    /// The quote itself where quotes are doubled.
    pub escape: u8,
}

/// The fields of a record.
#[derive(Default)]
pub struct Record {
    /// All fields, one after the other, without quotes and escapes.
    bytes: Vec<u8>,
    /// The end of each field in `bytes`.
    ends: Vec<usize>,
    /// The line where the record begins, from 1.
    pub line: u64,
    /// The line where it ends.
    last: u64,
    /// What is wrong with its quotes or line ends.
    pub fault: Option<BadRow>,
    has_quotes: bool,
}

impl Record {
    fn clear(&mut self, line: u64) {
        self.bytes.clear();
        self.ends.clear();
        (self.line, self.last, self.fault, self.has_quotes) = (line, line, None, false);
    }

    /// The lines that it takes.
    pub fn lines(&self) -> RowLines {
        RowLines { first: self.line, last: self.last }
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Bytes of all fields.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// True for an empty line.
    pub fn is_blank(&self) -> bool {
        self.len() == 1 && self.bytes.is_empty() && !self.has_quotes
    }

    /// The field at `index`.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let begin = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.bytes[begin..end])
    }

    /// All fields.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|index| self.get(index))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// Before the first byte of a field.
    Begin,
    /// In a field without quotes.
    Plain,
    Quoted,
    /// After a quote in a quoted field.
    AfterQuote,
    /// After an escape in a quoted field.
    AfterEscape,
    /// After a carriage return outside of quotes.
    AfterReturn,
}

/// Reads the records of a file, blank lines among them.
pub struct Records {
    text: Text,
    splitter: Splitter,
}

impl Records {
    pub fn new(text: Text, dialect: Dialect) -> Self {
        Self { text, splitter: Splitter::new(dialect) }
    }

    /// Reads the next record; `false` at the end.
    ///
    /// # Errors
    /// [`SourceError::LongRow`], and any error of the text.
    pub fn advance(&mut self) -> Result<bool, SourceError> {
        self.splitter.begin_record();
        let mut length = 0;
        loop {
            let bytes = self.text.chunk()?;
            if bytes.is_empty() {
                return Ok(self.splitter.end_text());
            }
            let (used, has_ended) = self.splitter.split(bytes);
            self.text.consume(used);
            if has_ended {
                return Ok(true);
            }
            length += used;
            if length > MAX_ROW_BYTES {
                return Err(self.text.long_row(self.splitter.begin_line(), LONG_ROW));
            }
        }
    }

    pub fn record(&self) -> &Record {
        &self.splitter.record
    }
}

/// Finds the ends of fields and records.
struct Splitter {
    dialect: Dialect,
    state: State,
    record: Record,
    /// The line of the next byte, from 1.
    line: u64,
    /// The line where the last quoted field began.
    quoted_line: u64,
    /// What ends the lines of the file, as its first line showed: a line feed (also behind a carriage return), or a
    /// carriage return alone.
    line_end: Option<u8>,
}

impl Splitter {
    fn new(dialect: Dialect) -> Self {
        let record = Record::default();
        Self { dialect, state: State::Begin, record, line: 1, quoted_line: 1, line_end: None }
    }

    fn begin_record(&mut self) {
        self.state = State::Begin;
        self.record.clear(self.line);
    }

    /// Takes bytes up to the end of the record or of `bytes`. Returns how many, and whether the record has ended.
    fn split(&mut self, bytes: &[u8]) -> (usize, bool) {
        let Dialect { separator, quote, escape } = self.dialect;
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            match self.state {
                State::Begin if Some(byte) == quote => {
                    (self.state, self.quoted_line, self.record.has_quotes) = (State::Quoted, self.line, true);
                    at += 1;
                }
                State::Begin | State::Plain => {
                    let rest = &bytes[at..];
                    let length = memchr3(separator, b'\n', b'\r', rest).unwrap_or(rest.len());
                    self.record.bytes.extend_from_slice(&rest[..length]);
                    at += length;
                    match rest.get(length) {
                        None => self.state = State::Plain,
                        Some(&byte) => {
                            at += 1;
                            if self.delimit(byte) {
                                return (at, true);
                            }
                        }
                    }
                }
                State::Quoted => {
                    let rest = &bytes[at..];
                    let newline = self.line_end.unwrap_or(b'\n');
                    let length = memchr3(quote.unwrap_or(escape), escape, newline, rest).unwrap_or(rest.len());
                    self.record.bytes.extend_from_slice(&rest[..length]);
                    at += length;
                    match rest.get(length) {
                        None => {}
                        Some(&byte) if byte == newline => {
                            self.record.bytes.push(byte);
                            self.line += 1;
                            at += 1;
                        }
                        Some(&byte) => {
                            self.state = if Some(byte) == quote { State::AfterQuote } else { State::AfterEscape };
                            at += 1;
                        }
                    }
                }
                State::AfterQuote if byte == separator || byte == b'\n' || byte == b'\r' => {
                    at += 1;
                    if self.delimit(byte) {
                        return (at, true);
                    }
                }
                State::AfterQuote if Some(byte) == quote => {
                    self.record.bytes.push(byte);
                    // a doubled quote where another byte is the escape
                    if byte != escape {
                        self.fail(BadRow::TextAfterQuote { line: self.quoted_line, lines: self.record.lines() });
                    }
                    self.state = State::Quoted;
                    at += 1;
                }
                State::AfterQuote => {
                    self.fail(BadRow::TextAfterQuote { line: self.quoted_line, lines: self.record.lines() });
                    self.record.bytes.extend(quote);
                    self.state = State::Quoted;
                }
                State::AfterEscape => {
                    self.state = State::Quoted;
                    if Some(byte) == quote || byte == escape {
                        self.record.bytes.push(byte);
                        at += 1;
                    } else {
                        self.fail(BadRow::BadEscape { line: self.quoted_line, lines: self.record.lines() });
                        self.record.bytes.push(escape);
                    }
                }
                State::AfterReturn if byte == b'\n' => {
                    self.end_record(b'\n');
                    return (at + 1, true);
                }
                State::AfterReturn if self.line_end != Some(b'\n') => {
                    self.end_record(b'\r');
                    return (at, true);
                }
                State::AfterReturn => {
                    self.fail(BadRow::CarriageReturn);
                    self.record.bytes.push(b'\r');
                    self.state = State::Plain;
                }
            }
        }
        (at, false)
    }

    /// Ends a field at a separator, a line feed or a carriage return. True if the record ends too.
    fn delimit(&mut self, byte: u8) -> bool {
        match byte {
            b'\n' => self.end_record(b'\n'),
            b'\r' => self.state = State::AfterReturn,
            _ => {
                self.record.ends.push(self.record.bytes.len());
                self.state = State::Begin;
            }
        }
        byte == b'\n'
    }

    fn end_record(&mut self, line_end: u8) {
        self.record.ends.push(self.record.bytes.len());
        self.end_lines(self.line);
        self.line_end.get_or_insert(line_end);
        self.line += 1;
    }

    /// Ends the record at the end of the text; `false` if there is none.
    fn end_text(&mut self) -> bool {
        if self.state == State::Begin && self.record.ends.is_empty() {
            return false;
        }
        if matches!(self.state, State::Quoted | State::AfterEscape) {
            self.fail(BadRow::OpenQuote { line: self.quoted_line, lines: self.record.lines() });
        }
        let is_line_over = self.record.bytes.last() == Some(&self.line_end.unwrap_or(b'\n'));
        self.record.ends.push(self.record.bytes.len());
        self.end_lines(self.line - u64::from(is_line_over && self.line > self.record.line));
        true
    }

    /// Keeps the first fault of a record.
    fn fail(&mut self, fault: BadRow) {
        self.record.fault.get_or_insert(fault);
    }

    /// Sets the last line of the record, also in its fault.
    fn end_lines(&mut self, last: u64) {
        use BadRow::{BadEscape, OpenQuote, TextAfterQuote};
        self.record.last = last;
        let all = self.record.lines();
        if let Some(TextAfterQuote { lines, .. } | OpenQuote { lines, .. } | BadEscape { lines, .. }) =
            &mut self.record.fault
        {
            *lines = all;
        }
    }

    /// The line where the open quote began, or else the record.
    fn begin_line(&self) -> u64 {
        match self.state {
            State::Quoted | State::AfterEscape => self.quoted_line,
            _ => self.record.line,
        }
    }
}
