//! [`download`]: one file of the hub to disk, resumed after a cut and checked against the hub's facts.

use std::{
    fs::File,
    io::{self, Seek, Write},
    path::Path,
};

use reqwest::{Response, StatusCode, Url};
use sha2::{Digest, Sha256};

use super::{
    client::{Failure, FileFacts, HubClient, cause},
    settings::DownloadProgress,
};
use crate::InstallError;

/// A file that is partly there. The hash is of the bytes written so far.
struct PartialFile<'a> {
    /// Path in the repository, for progress and errors.
    path: &'a str,
    file: File,
    hasher: Sha256,
    bytes: u64,
    facts: FileFacts,
}

/// Downloads the file `path` of a repository from `url` to the new file `target`.
///
/// # Errors
/// [`InstallError::Checksum`] if length or SHA-256 are not those that the hub gives, [`InstallError::File`] if `target`
/// cannot be written, and those of [`HubClient::get`] after the last attempt.
pub(super) fn download(client: &HubClient<'_>, url: &Url, path: &str, target: &Path) -> Result<(), InstallError> {
    let file = File::create_new(target).map_err(InstallError::file(target))?;
    let mut partial = PartialFile { path, file, hasher: Sha256::new(), bytes: 0, facts: FileFacts::default() };
    client.retry(path, async || partial.attempt(client, url).await)?;
    let PartialFile { hasher, bytes, facts, .. } = partial;
    let sha256: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let wrong =
        |reason| InstallError::Checksum { endpoint: client.endpoint.to_string(), what: path.to_string(), reason };
    match facts {
        FileFacts { bytes: Some(expected), .. } if expected != bytes => {
            Err(wrong(format!("it has {bytes} bytes, not {expected}")))
        }
        FileFacts { sha256: Some(expected), .. } if expected != sha256 => {
            Err(wrong(format!("its SHA-256 is {sha256}, not {expected}")))
        }
        _ => Ok(()),
    }
}

impl PartialFile<'_> {
    /// Requests the bytes that are missing and appends them.
    async fn attempt(&mut self, client: &HubClient<'_>, url: &Url) -> Result<(), Failure> {
        let from = self.bytes;
        let (mut response, facts) = client.get(url.clone(), from, self.path).await?;
        let is_rest = response.status() == StatusCode::PARTIAL_CONTENT;
        // a storage without ranges sends the whole file again, and the rest of another file does not fit what is here
        if from > 0 && (!is_rest || facts != self.facts) {
            self.restart()?;
            if is_rest {
                self.facts = facts;
                return Err(Failure::Retry("the file was replaced during the download".to_string()));
            }
        }
        self.facts = facts;
        let total = self.facts.bytes.or(response.content_length().map(|rest| self.bytes + rest));
        self.append(client, &mut response, total).await?;
        match total {
            Some(total) if self.bytes < total => {
                Err(Failure::Retry(format!("the connection ended at byte {} of {total}", self.bytes)))
            }
            _ => Ok(()),
        }
    }

    /// Writes the chunks of `response`, until its end or more than `total` bytes are there.
    async fn append(
        &mut self, client: &HubClient<'_>, response: &mut Response, total: Option<u64>,
    ) -> Result<(), Failure> {
        while let Some(chunk) = response.chunk().await.map_err(|e| Failure::Retry(cause(&e)))? {
            let written = self.file.write_all(&chunk);
            written.map_err(|e| self.unwritable(e))?;
            self.hasher.update(&chunk);
            self.bytes += chunk.len() as u64;
            if let Some(progress) = &client.settings.progress {
                progress(DownloadProgress { file: self.path, bytes: self.bytes, total });
            }
            // a response without end must not fill the disk; `download` reports the wrong length
            if total.is_some_and(|total| self.bytes > total) {
                break;
            }
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Failure> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.rewind());
        emptied.map_err(|e| self.unwritable(e))?;
        (self.hasher, self.bytes) = (Sha256::new(), 0);
        Ok(())
    }

    fn unwritable(&self, source: io::Error) -> Failure {
        Failure::Final(InstallError::File { path: self.path.into(), source })
    }
}
