//! The options of CSV as users type them: [`Quote`], their checks, and [`JobOptions::csv`].

use spanframe_engine::OptionError;

use crate::{JobOptions, source::CsvOptions};

/// What is around fields of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// Nothing.
    Absent,
    /// This ASCII character.
    Character(char),
}

impl Default for Quote {
    fn default() -> Self {
        Self::Character('"')
    }
}

impl Quote {
    /// As users type it.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Absent => String::new(),
            Self::Character(c) => c.to_string(),
        }
    }
}

impl JobOptions {
    /// How to read CSV and TSV files.
    #[must_use]
    pub fn csv(&self) -> CsvOptions {
        let byte = |c: char| u8::try_from(c).ok();
        let quote = match self.quote {
            Quote::Absent => None,
            Quote::Character(c) => byte(c),
        };
        let (separator, escape) = (self.separator.and_then(byte), self.escape.and_then(byte));
        CsvOptions { separator, quote, escape, header: self.header }
    }

    /// Refuses options that contradict each other.
    pub(crate) fn check_csv(&self) -> Result<(), OptionError> {
        let CsvOptions { separator, quote, escape, .. } = self.csv();
        let conflict = |option, other, way_out| Err(OptionError::Conflict { option, other, way_out });
        match separator {
            _ if quote.is_none() && escape.is_some() => {
                conflict("escape", "an empty `quote`", "only quoted fields have escapes, so leave it out")
            }
            Some(_) if separator == quote => conflict("quote", "an equal `separator`", "name another character"),
            Some(_) if separator == escape => conflict("escape", "an equal `separator`", "name another character"),
            _ => Ok(()),
        }
    }
}

/// Takes one ASCII character that ends no line.
pub fn character(option: &'static str, typed: Option<String>) -> Result<Option<char>, OptionError> {
    let Some(typed) = typed else { return Ok(None) };
    let mut chars = typed.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if c.is_ascii() && !matches!(c, '\n' | '\r') => Ok(Some(c)),
        _ => Err(OptionError::OutOfRange {
            option,
            value: format!("`{typed}`"),
            allowed: "one ASCII character".to_string(),
        }),
    }
}

/// As [`character`], and `\t` for a tab, which is hard to type in a shell.
pub fn separator(option: &'static str, typed: Option<String>) -> Result<Option<char>, OptionError> {
    if typed.as_deref() == Some("\\t") { Ok(Some('\t')) } else { character(option, typed) }
}

/// As [`character`], and an empty string for no quotes.
pub fn quote(option: &'static str, typed: Option<String>) -> Result<Quote, OptionError> {
    match typed.as_deref() {
        Some("") => Ok(Quote::Absent),
        _ => Ok(character(option, typed)?.map_or_else(Quote::default, Quote::Character)),
    }
}
