//! All environment variables that this crate reads. They are read here alone.
//!
//! | prefix | stores | examples |
//! |---|---|---|
//! | [`AMAZON_PREFIX`] | `s3://` | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION` |
//! | | | `AWS_SESSION_TOKEN`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP` |
//! | | | `AWS_SKIP_SIGNATURE`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` |
//! | [`GOOGLE_PREFIX`] | `gs://` | `GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SERVICE_ACCOUNT`, `GOOGLE_BASE_URL` |
//! | [`AZURE_PREFIX`] | `az://`, `abfs[s]://` | `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY` |
//! | | | `AZURE_STORAGE_SAS_TOKEN`, `AZURE_CLIENT_ID`, `AZURE_ENDPOINT` |
//!
//! All keys of the object_store crate are accepted, in capitals. Profiles and files of the clouds' own tools
//! (`AWS_PROFILE`, `~/.aws`) are not read. Proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificates (`SSL_CERT_FILE`) are
//! read by the HTTP client.

use std::env;

/// Begins the settings of S3 and what speaks its protocol.
pub const AMAZON_PREFIX: &str = "AWS_";

/// Begins the settings of Google Cloud Storage.
pub const GOOGLE_PREFIX: &str = "GOOGLE_";

/// Begins the settings of Azure Blob Storage.
pub const AZURE_PREFIX: &str = "AZURE_";

/// Returns name and value of all variables that begin with `prefix`, the names in lower case as the object_store crate
/// spells its keys. Variables that are empty or not UTF-8 are left out.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the environment")]
pub fn settings(prefix: &str) -> Vec<(String, String)> {
    env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(prefix) && !value.is_empty())
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}
