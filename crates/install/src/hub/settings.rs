//! [`HubSettings`]: which hub is asked, with which token, or that none may be asked.

use std::{fmt, sync::Arc};

use reqwest::Url;

use super::token::Token;
use crate::{
    InstallError,
    environment::{ENDPOINT_VARIABLE, OFFLINE_VARIABLE, TOKEN_VARIABLE, value},
};

const DEFAULT_ENDPOINT: &str = "https://huggingface.co";

/// How much of a file is downloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadProgress<'a> {
    /// Path of the file in the repository.
    pub file: &'a str,
    /// Bytes downloaded.
    pub bytes: u64,
    /// Length of the file in bytes, if the hub gives it.
    pub total: Option<u64>,
}

/// Called after every chunk of a download.
type OnProgress = Arc<dyn Fn(DownloadProgress<'_>) + Send + Sync>;

/// Which hub is asked, with which token, or that none may be asked.
#[derive(Clone, Default)]
pub struct HubSettings {
    /// URL of the hub; `None` means <https://huggingface.co>.
    pub endpoint: Option<String>,
    /// Token for private and gated models.
    pub token: Option<Token>,
    /// True if the hub must not be asked. A model that is only on the hub is then an error.
    pub offline: bool,
    /// Called after every chunk of a download.
    pub progress: Option<OnProgress>,
}

impl HubSettings {
    /// The settings in `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE`, the variables of Hugging Face's own library.
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

    /// The endpoint as a URL.
    ///
    /// # Errors
    /// [`InstallError::Endpoint`] for anything but an http(s) URL with a host, and for a URL with a user, a password or a
    /// query: these hold secrets, and errors quote the endpoint.
    pub(crate) fn url(&self) -> Result<Url, InstallError> {
        let text = self.endpoint.as_deref().unwrap_or(DEFAULT_ENDPOINT);
        let refused = |endpoint: String| InstallError::Endpoint { endpoint };
        // an endpoint that does not parse is not quoted: it may hold a password anywhere
        let url = Url::parse(text).map_err(|_| refused("the value given".to_string()))?;
        let is_http = matches!(url.scheme(), "https" | "http") && url.has_host();
        let has_secret = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        match is_http && !has_secret {
            true => Ok(url),
            false => Err(refused(format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default()))),
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
            assert!(error.contains("is not the URL of a hub") && !error.contains("secret"), "{error}");
        }
    }
}
