//! [`Token`]: an access token of the hub.

use std::{fmt, fs, io, path::Path};

use crate::InstallError;

/// An access token of the hub. Neither `Debug` nor an error shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token in `text`, without white space around it; `None` if nothing else is left.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Self(text.to_string()))
    }

    /// Reads the token in the file `path`.
    ///
    /// # Errors
    /// [`InstallError::File`] if the file cannot be read or is empty.
    pub fn read(path: &Path) -> Result<Self, InstallError> {
        let text = fs::read_to_string(path).map_err(InstallError::file(path))?;
        let empty = || io::Error::new(io::ErrorKind::InvalidData, "it is empty, expected a token of the hub");
        Self::new(&text).ok_or_else(empty).map_err(InstallError::file(path))
    }

    /// The token itself, for the `Authorization` header and nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}
