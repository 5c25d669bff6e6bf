//! [`HubClient`]: requests to the hub, with its token, its redirects and its errors.

use std::{error::Error, pin::pin, thread, time::Duration};

use reqwest::{
    Client, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderMap, LOCATION, RANGE},
    redirect::Policy,
};
use tokio::{runtime::Runtime, time::timeout};

use super::settings::HubSettings;
use crate::{InstallError, StopCheck};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// Longest wait for the next chunk of a response. A whole file has no limit: it may have gigabytes.
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// Most attempts of a request.
const ATTEMPTS: u32 = 5;
/// Wait before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Time between two looks at whether the operation is stopped.
const LOOK: Duration = Duration::from_millis(100);
const MOST_REDIRECTS: usize = 5;

/// Why an attempt failed.
pub(super) enum Failure {
    /// The next attempt may succeed: a cut connection, a busy server.
    Retry(String),
    /// No attempt will succeed.
    Final(InstallError),
}

/// What the hub says about a file. It says so in its own response, which may be a redirect to the storage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileFacts {
    /// SHA-256 in lower-case hexadecimal, of files that the hub stores as large ones.
    pub sha256: Option<String>,
    /// Length in bytes, of the same files.
    pub bytes: Option<u64>,
}

impl FileFacts {
    fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let tag = text("x-linked-etag").map(|tag| tag.trim_start_matches("W/").trim_matches('"').to_lowercase());
        // files that git stores itself have a SHA-1 of 40 digits instead
        let is_sha256 = |tag: &String| tag.len() == 64 && tag.chars().all(|c| c.is_ascii_hexdigit());
        Self { sha256: tag.filter(is_sha256), bytes: text("x-linked-size").and_then(|size| size.parse().ok()) }
    }

    fn or(self, earlier: Self) -> Self {
        Self { sha256: self.sha256.or(earlier.sha256), bytes: self.bytes.or(earlier.bytes) }
    }
}

/// A connection to one hub.
pub(super) struct HubClient<'a> {
    pub settings: &'a HubSettings,
    stop: &'a StopCheck,
    pub endpoint: Url,
    http: Client,
    runtime: Runtime,
}

impl<'a> HubClient<'a> {
    /// Prepares requests; none is sent yet. `what` is the repository, for errors.
    ///
    /// # Errors
    /// [`InstallError::Offline`], [`InstallError::Endpoint`], [`InstallError::Hub`] if TLS cannot be set up.
    pub(super) fn new(settings: &'a HubSettings, stop: &'a StopCheck, what: &str) -> Result<Self, InstallError> {
        if settings.offline {
            return Err(InstallError::Offline(what.to_string()));
        }
        let endpoint = settings.url()?;
        let failed =
            |reason: String| InstallError::Hub { endpoint: endpoint.to_string(), what: what.to_string(), reason };
        let http = Client::builder()
            .user_agent(concat!("spanframe/", env!("CARGO_PKG_VERSION")))
            // `get` follows redirects itself: the redirect carries the hub's facts, and only the hub gets the token
            .redirect(Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .build()
            .map_err(|e| failed(cause(&e)))?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| failed(e.to_string()))?;
        Ok(Self { settings, stop, endpoint, http, runtime })
    }

    /// Runs `attempt` until it succeeds, fails for good, or has failed [`ATTEMPTS`] times. `what` is for the error.
    pub(super) fn retry<T>(
        &self, what: &str, mut attempt: impl AsyncFnMut() -> Result<T, Failure>,
    ) -> Result<T, InstallError> {
        let mut pause = FIRST_PAUSE;
        let mut attempts = 1;
        loop {
            match self.runtime.block_on(self.until_stopped(attempt())) {
                Ok(done) => return Ok(done),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Retry(reason)) if attempts == ATTEMPTS => return Err(self.failed(what, reason)),
                Err(Failure::Retry(_)) => thread::sleep(pause),
            }
            pause *= 2;
            attempts += 1;
        }
    }

    /// The result of `attempt`, unless the operation is stopped before: a server may not answer for a minute.
    async fn until_stopped<T>(&self, attempt: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let mut attempt = pin!(attempt);
        loop {
            if self.stop.is_stopped() {
                return Err(Failure::Final(InstallError::Stopped));
            }
            if let Ok(done) = timeout(LOOK, attempt.as_mut()).await {
                return done;
            }
        }
    }

    /// Requests `url` from byte `from` on and follows redirects. Returns the successful response and the hub's facts.
    pub(super) async fn get(&self, url: Url, from: u64, what: &str) -> Result<(Response, FileFacts), Failure> {
        let mut url = url;
        let mut facts = FileFacts::default();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.request(&url, from).send().await.map_err(|e| Failure::Retry(cause(&e)))?;
            // the storage is another host and is not asked about the file
            if self.is_hub(&url) {
                facts = FileFacts::read(response.headers()).or(facts);
            }
            let status = response.status();
            if status.is_redirection() {
                url = self.redirect(&url, &response).ok_or_else(|| {
                    Failure::Final(self.failed(what, "it redirects to an address that is not http or https".into()))
                })?;
            } else if status.is_success() {
                return Ok((response, facts));
            } else if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
                return Err(Failure::Retry(format!("status {}", status.as_u16())));
            } else {
                return Err(Failure::Final(self.refused(what, status)));
            }
        }
        Err(Failure::Final(self.failed(what, format!("it redirects more than {MOST_REDIRECTS} times"))))
    }

    /// One request. Only the hub gets the token: a storage is another company's host, and its URL is signed.
    fn request(&self, url: &Url, from: u64) -> RequestBuilder {
        let mut request = self.http.get(url.clone()).header(ACCEPT_ENCODING, "identity");
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
        }
        match &self.settings.token {
            Some(token) if self.is_hub(url) => request.header(AUTHORIZATION, format!("Bearer {}", token.reveal())),
            _ => request,
        }
    }

    /// Target of a redirect; `None` for another scheme, and for plain http from an https endpoint.
    fn redirect(&self, from: &Url, response: &Response) -> Option<Url> {
        let to = response.headers().get(LOCATION)?.to_str().ok()?;
        let next = from.join(to).ok()?;
        let is_allowed = match next.scheme() {
            "https" => true,
            "http" => self.endpoint.scheme() == "http",
            _ => false,
        };
        is_allowed.then_some(next)
    }

    fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    /// The error for a hub that does not do what it should.
    pub(super) fn failed(&self, what: &str, reason: String) -> InstallError {
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

/// The innermost reason of an error. The outer ones quote URLs, which may be signed.
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
