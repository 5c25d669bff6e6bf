//! The Hugging Face hub: one repository at one commit, its files fetched, resumed and checked.
//!
//! The protocol is the documented one: `GET /api/models/REPO/revision/REV` gives the commit and the names of files,
//! `GET /REPO/resolve/COMMIT/FILE` a file, often by a redirect to a storage of another host. `X-Linked-ETag` of the first
//! answer is the SHA-256 of what the hub keeps as a large file.

mod fetch;
mod settings;

use std::{path::Path, time::Duration};

use reqwest::{Client, StatusCode, Url, redirect::Policy};
use serde::Deserialize;
use spanframe_model::HubName;
use tokio::runtime::Runtime;

use self::fetch::Failure;
pub use self::settings::{HubSettings, Progress, Token};
use crate::{InstallError, needed::Files};

const CONNECT: Duration = Duration::from_secs(20);
/// Between two pieces of an answer.
const SILENCE: Duration = Duration::from_secs(60);
/// Bytes of an answer that lists files.
const LONGEST_LIST: usize = 16 << 20;

/// A repository of the hub at one commit.
pub(crate) struct Repository<'a> {
    settings: &'a HubSettings,
    name: &'a HubName,
    endpoint: Url,
    commit: String,
    files: Vec<String>,
    client: Client,
    runtime: Runtime,
}

/// What the hub says of a revision.
#[derive(Deserialize)]
struct Listing {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

impl<'a> Repository<'a> {
    /// Asks the hub for the commit that `name` is, and for its files.
    ///
    /// # Errors
    /// [`InstallError::Offline`], [`InstallError::NotOnHub`], [`InstallError::Denied`], [`InstallError::Hub`].
    pub(crate) fn open(settings: &'a HubSettings, name: &'a HubName) -> Result<Self, InstallError> {
        if settings.offline {
            return Err(InstallError::Offline(name.to_string()));
        }
        let endpoint = settings.url()?;
        let failed =
            |reason: String| InstallError::Hub { endpoint: endpoint.to_string(), what: name.to_string(), reason };
        let client = Client::builder()
            .user_agent(concat!("spanframe/", env!("CARGO_PKG_VERSION")))
            // redirects are followed by hand, for the token is for the hub alone
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(|e| failed(fetch::cause(&e)))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| failed(e.to_string()))?;
        let mut found = Self { settings, name, endpoint, commit: String::new(), files: Vec::new(), client, runtime };
        let listing = found.listing()?;
        let is_commit = listing.sha.len() <= 64 && listing.sha.chars().all(|c| c.is_ascii_hexdigit());
        if listing.sha.is_empty() || !is_commit {
            return Err(found.failed(&name.to_string(), "it names no commit".to_string()));
        }
        found.commit = listing.sha;
        found.files = listing.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(found)
    }

    /// The commit.
    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }

    fn listing(&self) -> Result<Listing, InstallError> {
        let what = self.name.to_string();
        let url = self.url(&["api", "models"], &["revision", self.name.revision()]);
        let bytes = self.retry(&what, || self.runtime.block_on(self.small(url.clone(), &what)))?;
        serde_json::from_slice(&bytes).map_err(|e| self.failed(&what, format!("its answer is no list of files: {e}")))
    }

    /// All of an answer that is not large.
    async fn small(&self, url: Url, what: &str) -> Result<Vec<u8>, Failure> {
        let mut response = self.ask(url, 0, what).await?;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|e| Failure::Again(fetch::cause(&e)))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LONGEST_LIST {
                return Err(Failure::Final(self.failed(what, "its answer has no end".to_string())));
            }
        }
        Ok(bytes)
    }

    /// `ENDPOINT/before/ORG/NAME/after`, each part escaped.
    fn url(&self, before: &[&str], after: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(before).extend(self.name.repository().split('/')).extend(after);
        }
        url
    }

    fn failed(&self, what: &str, reason: String) -> InstallError {
        InstallError::Hub { endpoint: self.endpoint.to_string(), what: what.to_string(), reason }
    }

    fn refused(&self, what: &str, status: StatusCode) -> InstallError {
        let (endpoint, what) = (self.endpoint.to_string(), what.to_string());
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => InstallError::NotOnHub { endpoint, what },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                InstallError::Denied { endpoint, what, status: status.as_u16() }
            }
            other => InstallError::Hub { endpoint, what, reason: format!("status {}", other.as_u16()) },
        }
    }
}

impl Files for Repository<'_> {
    fn list(&self) -> Result<Vec<String>, InstallError> {
        Ok(self.files.clone())
    }

    fn bring(&self, path: &str, target: &Path) -> Result<(), InstallError> {
        self.fetch(path, target)
    }

    fn describe(&self) -> String {
        self.name.to_string()
    }
}
