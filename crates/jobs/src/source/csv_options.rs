//! [`CsvOptions`]: how a CSV file separates and quotes its fields.

/// How to read CSV and TSV files. The default is RFC 4180 with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CsvOptions {
    /// The byte between two fields; `None` for a comma, or a tab in a `.tsv`.
    pub separator: Option<u8>,
    /// The byte around a field; `None` if no field is quoted.
    pub quote: Option<u8>,
    /// The byte before a quote, or before itself, inside a quoted field; `None` if a quote is doubled instead.
    pub escape: Option<u8>,
    /// True if the first row has the names of the columns.
    pub header: bool,
}

impl Default for CsvOptions {
    fn default() -> Self {
        Self { separator: None, quote: Some(b'"'), escape: None, header: true }
    }
}
