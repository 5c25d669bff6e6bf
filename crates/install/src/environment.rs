//! All environment variables that this crate reads. They are read here alone.
//!
//! The names are those of Hugging Face's own library. Proxies (`HTTPS_PROXY`, `NO_PROXY`) and certificates
//! (`SSL_CERT_FILE`) are read by the HTTP client.

use std::env;

/// URL of the hub; `https://huggingface.co` if it is unset.
pub const ENDPOINT_VARIABLE: &str = "HF_ENDPOINT";

/// Token for the hub. It is sent to the hub's own origin alone.
pub const TOKEN_VARIABLE: &str = "HF_TOKEN";

/// Switches the hub off: `1`, `true`, `yes` or `on`, in any case.
pub const OFFLINE_VARIABLE: &str = "HF_HUB_OFFLINE";

/// Returns the value of the variable `name`, or `None` if it is unset, empty or not UTF-8.
#[expect(clippy::disallowed_methods, reason = "the one place of this crate that reads the environment")]
pub(crate) fn value(name: &str) -> Option<String> {
    env::var_os(name).and_then(|value| value.into_string().ok()).filter(|value| !value.is_empty())
}
