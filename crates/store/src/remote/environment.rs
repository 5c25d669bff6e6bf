//! Every environment variable that stores read, in this file alone.
//!
//! | prefix | for | of them |
//! |---|---|---|
//! | `AWS_` | `s3://` | `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, `AWS_ENDPOINT_URL`, `AWS_ALLOW_HTTP`, `AWS_SKIP_SIGNATURE`, `AWS_VIRTUAL_HOSTED_STYLE_REQUEST` |
//! | `GOOGLE_` | `gs://` | `GOOGLE_APPLICATION_CREDENTIALS`, `GOOGLE_SERVICE_ACCOUNT`, `GOOGLE_BASE_URL` |
//! | `AZURE_` | `az://`, `abfs[s]://` | `AZURE_STORAGE_ACCOUNT_NAME`, `AZURE_STORAGE_ACCOUNT_KEY`, `AZURE_STORAGE_SAS_TOKEN`, `AZURE_CLIENT_ID`, `AZURE_ENDPOINT` |
//!
//! All keys of the object_store crate are taken, in capitals. An empty variable is as one that is not set. Profiles and
//! files of the clouds' own tools (`AWS_PROFILE`, `~/.aws`) are not read. Proxies (`HTTPS_PROXY`, `NO_PROXY`) and
//! certificates (`SSL_CERT_FILE`) are read by the HTTP client below.

/// The variables that begin with `prefix`, their names in small letters as the object_store crate spells its keys.
pub fn settings(prefix: &str) -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(prefix) && !value.is_empty())
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}
