//! [`HubSettings`]: which hub is asked, as whom, and whether at all.

use std::{fmt, fs, path::Path, sync::Arc};

use reqwest::Url;

use crate::{
    InstallError,
    environment::{ENDPOINT_VARIABLE, OFFLINE_VARIABLE, TOKEN_VARIABLE, value},
};

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// A token of the hub. It is never shown: neither by `Debug`, nor in an error.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token as the hub gave it; `None` for nothing but white space.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        Some(text.trim()).filter(|text| !text.is_empty()).map(|text| Self(text.to_string()))
    }

    /// Reads one from a file.
    ///
    /// # Errors
    /// [`InstallError::File`], also for a file that holds none.
    pub fn read(path: &Path) -> Result<Self, InstallError> {
        let text = fs::read_to_string(path).map_err(InstallError::file(path))?;
        let empty = || std::io::Error::new(std::io::ErrorKind::InvalidData, "it holds no token");
        Self::new(&text).ok_or_else(empty).map_err(InstallError::file(path))
    }

    /// For the header, and for it alone.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// How far a file has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Path in the repository.
    pub file: &'a str,
    /// Bytes that came.
    pub bytes: u64,
    /// Bytes of the file, where the hub says.
    pub of: Option<u64>,
}

/// Hears how far files have come.
type Listener = Arc<dyn Fn(Progress<'_>) + Send + Sync>;

/// Which hub is asked, as whom, and whether at all.
#[derive(Clone, Default)]
pub struct HubSettings {
    /// URL of the hub; <https://huggingface.co> where left out.
    pub endpoint: Option<String>,
    /// Who asks.
    pub token: Option<Token>,
    /// The hub is not asked: what would have to be fetched is an error.
    pub offline: bool,
    /// Hears how far files have come.
    pub progress: Option<Listener>,
}

impl HubSettings {
    /// The settings of the variables that Hugging Face's own library reads: `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE`.
    #[must_use]
    pub fn from_environment() -> Self {
        let is_on = |value: String| ["1", "true", "yes", "on"].contains(&value.to_lowercase().as_str());
        Self {
            endpoint: value(ENDPOINT_VARIABLE),
            token: value(TOKEN_VARIABLE).and_then(|text| Token::new(&text)),
            offline: value(OFFLINE_VARIABLE).is_some_and(is_on),
            progress: None,
        }
    }

    /// The endpoint, without user and password.
    pub(crate) fn url(&self) -> Result<Url, InstallError> {
        let text = self.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT);
        let wrong = |endpoint: String| InstallError::Endpoint { endpoint };
        // what cannot be parsed may hold a password anywhere
        let url = Url::parse(text).map_err(|_| wrong("the value given".to_string()))?;
        let plain = matches!(url.scheme(), "https" | "http") && url.has_host();
        let bare = url.username().is_empty() && url.password().is_none() && url.query().is_none();
        match plain && bare {
            true => Ok(url),
            false => Err(wrong(format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()))),
        }
    }
}

impl fmt::Debug for HubSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, token, offline, progress: _ } = self;
        f.debug_struct("HubSettings")
            .field("endpoint", endpoint)
            .field("token", token)
            .field("offline", offline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_shown() {
        let settings = HubSettings { token: Token::new(" hf_secret\n"), ..HubSettings::default() };
        assert_eq!(settings.token.as_ref().unwrap().reveal(), "hf_secret");
        assert!(!format!("{settings:?}").contains("secret"), "{settings:?}");
        assert_eq!(Token::new(" \n"), None);
    }

    #[test]
    fn an_endpoint_is_a_plain_url() {
        let url = |endpoint: &str| HubSettings { endpoint: Some(endpoint.into()), ..HubSettings::default() }.url();
        assert_eq!(url("http://localhost:8080/hub/").unwrap().as_str(), "http://localhost:8080/hub/");
        for wrong in ["", "huggingface.co", "ftp://x", "https://user:secret@hub", "https://hub?token=secret"] {
            let error = url(wrong).unwrap_err().to_string();
            assert!(error.contains("is no endpoint") && !error.contains("secret"), "{error}");
        }
    }
}
