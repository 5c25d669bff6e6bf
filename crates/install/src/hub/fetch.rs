//! Files of the hub: asked for, resumed where the connection was cut, checked against what the hub says of them.

use std::{
    error::Error,
    fs::File,
    io::{self, Write},
    path::Path,
    thread,
    time::Duration,
};

use reqwest::{
    Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, LOCATION, RANGE},
};
use sha2::{Digest, Sha256};

use super::{Progress, Repository};
use crate::InstallError;

/// How often a file is asked for.
const ATTEMPTS: u32 = 5;
/// Before the second attempt; twice as long before each further one.
const PAUSE: Duration = Duration::from_millis(250);
const REDIRECTS: usize = 5;

/// Why an attempt failed.
pub(super) enum Failure {
    /// It may go well another time.
    Again(String),
    /// It will not.
    Final(InstallError),
}

/// What the hub says of a file, in the answer that may be a redirect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Facts {
    /// SHA-256, of large files alone.
    sha256: Option<String>,
    bytes: Option<u64>,
}

impl Facts {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let tag = text("x-linked-etag").map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_lowercase());
        Self {
            // files that git keeps itself have an id of 40 digits instead
            sha256: tag.filter(|tag| tag.len() == 64 && tag.chars().all(|c| c.is_ascii_hexdigit())),
            bytes: text("x-linked-size").and_then(|size| size.parse().ok()),
        }
    }
}

/// A file that is coming.
struct Partial {
    file: File,
    hasher: Sha256,
    bytes: u64,
    facts: Facts,
}

/// The innermost reason: the outer ones say "error sending request" and quote URLs, which may be signed.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match error.is_timeout() {
        true => "it does not answer".to_string(),
        false => cause.to_string(),
    }
}

impl Repository<'_> {
    /// Fetches `path` to `target`, which is new, and checks it.
    pub(super) fn fetch(&self, path: &str, target: &Path) -> Result<(), InstallError> {
        let url = self.url(&[], &[&["resolve", &self.commit], path.split('/').collect::<Vec<_>>().as_slice()].concat());
        let file = File::create_new(target).map_err(InstallError::file(target))?;
        let mut partial = Partial { file, hasher: Sha256::new(), bytes: 0, facts: Facts::default() };
        self.retry(path, || self.runtime.block_on(self.attempt(&url, path, &mut partial)))?;
        let Partial { hasher, bytes, facts, .. } = partial;
        let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let wrong =
            |reason| InstallError::Checksum { endpoint: self.endpoint.to_string(), what: path.to_string(), reason };
        match facts {
            Facts { bytes: Some(expect), .. } if expect != bytes => Err(wrong(format!("{bytes} bytes, not {expect}"))),
            Facts { sha256: Some(expect), .. } if expect != found => {
                Err(wrong(format!("its SHA-256 is {found}, not {expect}")))
            }
            _ => Ok(()),
        }
    }

    /// Tries until it succeeds, fails for good, or has failed too often.
    pub(super) fn retry<T>(
        &self, what: &str, mut attempt: impl FnMut() -> Result<T, Failure>,
    ) -> Result<T, InstallError> {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            match attempt() {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Again(reason)) if tried == ATTEMPTS => return Err(self.failed(what, reason)),
                Err(Failure::Again(_)) => thread::sleep(pause),
            }
            pause *= 2;
            tried += 1;
        }
    }

    /// One attempt, from where the last one ended.
    async fn attempt(&self, url: &Url, path: &str, partial: &mut Partial) -> Result<(), Failure> {
        let from = partial.bytes;
        let (mut response, facts) = self.ask_with_facts(url.clone(), from, path).await?;
        // a storage that ignores the range sends all of it again, and another file has nothing of this one
        if from > 0 && (response.status() != StatusCode::PARTIAL_CONTENT || facts != partial.facts) {
            let disk = |source: io::Error| Failure::Final(InstallError::File { path: path.into(), source });
            partial.file.set_len(0).map_err(disk)?;
            io::Seek::rewind(&mut partial.file).map_err(disk)?;
            (partial.hasher, partial.bytes) = (Sha256::new(), 0);
            if response.status() == StatusCode::PARTIAL_CONTENT {
                partial.facts = facts;
                return Err(Failure::Again("the file was replaced meanwhile".to_string()));
            }
        }
        partial.facts = facts;
        let rest = response.content_length();
        let of = partial.facts.bytes.or(rest.map(|rest| partial.bytes + rest));
        loop {
            let chunk = response.chunk().await.map_err(|e| Failure::Again(cause(&e)))?;
            let Some(chunk) = chunk else { break };
            let written = partial.file.write_all(&chunk);
            written.map_err(|source| Failure::Final(InstallError::File { path: path.into(), source }))?;
            partial.hasher.update(&chunk);
            partial.bytes += chunk.len() as u64;
            if let Some(progress) = &self.settings.progress {
                progress(Progress { file: path, bytes: partial.bytes, of });
            }
            if of.is_some_and(|of| partial.bytes > of) {
                break; // more than was promised: the check of the length tells it
            }
        }
        match of {
            Some(of) if partial.bytes < of => {
                Err(Failure::Again(format!("the connection ended at byte {}", partial.bytes)))
            }
            _ => Ok(()),
        }
    }

    /// The answer for `url` from byte `from` on.
    pub(super) async fn ask(&self, url: Url, from: u64, what: &str) -> Result<Response, Failure> {
        Ok(self.ask_with_facts(url, from, what).await?.0)
    }

    /// Follows redirects. The token goes to the hub's own host alone.
    async fn ask_with_facts(&self, url: Url, from: u64, what: &str) -> Result<(Response, Facts), Failure> {
        let mut url = url;
        let mut facts = Facts::default();
        for _ in 0..=REDIRECTS {
            let mut request = self.client.get(url.clone()).header(ACCEPT_ENCODING, "identity");
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            if let Some(token) = self.settings.token.as_ref().filter(|_| url.origin() == self.endpoint.origin()) {
                request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
            }
            let response = request.send().await.map_err(|e| Failure::Again(cause(&e)))?;
            if url.origin() == self.endpoint.origin() {
                let said = Facts::read(response.headers());
                facts = Facts { sha256: said.sha256.or(facts.sha256), bytes: said.bytes.or(facts.bytes) };
            }
            let status = response.status();
            if status.is_redirection() {
                let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                let next = to.and_then(|to| url.join(to).ok()).filter(|next| matches!(next.scheme(), "https" | "http"));
                let next = next.filter(|next| next.scheme() == "https" || self.endpoint.scheme() == "http");
                url = next.ok_or_else(|| Failure::Final(self.failed(what, "it redirects to nowhere".to_string())))?;
            } else if status.is_success() {
                return Ok((response, facts));
            } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Failure::Again(format!("status {}", status.as_u16())));
            } else {
                return Err(Failure::Final(self.refused(what, status)));
            }
        }
        Err(Failure::Final(self.failed(what, "it redirects without end".to_string())))
    }
}
