//! [`Repository`]: a repository of the hub at one commit.

use std::path::Path;

use reqwest::Url;
use serde::Deserialize;
use spanframe_model::HubName;

use super::{
    client::{Failure, HubClient, cause},
    download::download,
    settings::HubSettings,
};
use crate::{InstallError, StopCheck, file_provider::FileProvider};

/// Most bytes of a response that lists files.
const LONGEST_LISTING: usize = 16 << 20;
/// Digits of a commit in SHA-256; in SHA-1 it has 40.
const LONGEST_COMMIT: usize = 64;

/// A repository of the hub at one commit, so that all files are of the same version.
pub(crate) struct Repository<'a> {
    client: HubClient<'a>,
    name: &'a HubName,
    commit: String,
    files: Vec<String>,
}

/// What the hub says about a revision.
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
    /// Asks the hub for the commit of the revision in `name` and for the files of that commit.
    ///
    /// # Errors
    /// [`InstallError::Offline`], [`InstallError::Endpoint`], [`InstallError::NotOnHub`], [`InstallError::Denied`],
    /// [`InstallError::Hub`].
    pub(crate) fn open(
        settings: &'a HubSettings, name: &'a HubName, stop: &'a StopCheck,
    ) -> Result<Self, InstallError> {
        let what = name.to_string();
        let client = HubClient::new(settings, stop, &what)?;
        let url = url(&client, name, &["api", "models"], &["revision", name.revision()]);
        let bytes = client.retry(&what, async || listing(&client, &url, &what).await)?;
        let listing: Listing = serde_json::from_slice(&bytes)
            .map_err(|e| client.failed(&what, format!("its response is not a list of files: {e}")))?;
        // the commit becomes a part of URLs and of the manifest
        let is_commit = !listing.sha.is_empty()
            && listing.sha.len() <= LONGEST_COMMIT
            && listing.sha.chars().all(|c| c.is_ascii_hexdigit());
        if !is_commit {
            return Err(client.failed(&what, "its response names no commit".to_string()));
        }
        let files = listing.siblings.into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Self { client, name, commit: listing.sha, files })
    }

    /// The commit, in hexadecimal.
    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }
}

impl FileProvider for Repository<'_> {
    fn list(&self) -> Result<Vec<String>, InstallError> {
        Ok(self.files.clone())
    }

    fn fetch(&self, path: &str, target: &Path) -> Result<(), InstallError> {
        let mut place = vec!["resolve", self.commit.as_str()];
        place.extend(path.split('/'));
        download(&self.client, &url(&self.client, self.name, &[], &place), path, target)
    }

    fn describe(&self) -> String {
        self.name.to_string()
    }
}

/// `ENDPOINT/before/ORG/NAME/after`, each part escaped.
fn url(client: &HubClient<'_>, name: &HubName, before: &[&str], after: &[&str]) -> Url {
    let mut url = client.endpoint.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(before).extend(name.repository().split('/')).extend(after);
    }
    url
}

/// The whole response for `url`, up to [`LONGEST_LISTING`] bytes.
async fn listing(client: &HubClient<'_>, url: &Url, what: &str) -> Result<Vec<u8>, Failure> {
    let (mut response, _) = client.get(url.clone(), 0, what).await?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|e| Failure::Retry(cause(&e)))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > LONGEST_LISTING {
            let reason = format!("its list of files is longer than {LONGEST_LISTING} bytes");
            return Err(Failure::Final(client.failed(what, reason)));
        }
    }
    Ok(bytes)
}
