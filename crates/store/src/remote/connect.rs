//! The object store that a URL names.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder,
    azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder, http::HttpBuilder,
};

use crate::{
    StoreError,
    environment::{AMAZON_PREFIX, AZURE_PREFIX, GOOGLE_PREFIX, settings},
};

/// A request that fails by the network or by the server (5xx) is tried again so often.
const RETRIES: usize = 10;

/// The waits between tries, by chance between the first and three times the one before: half a minute or more in all.
const BACKOFF: BackoffConfig =
    BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(15), base: 3.0 };

/// No retry begins later than this after the first try.
const RETRY_TIME: Duration = Duration::from_secs(180);

/// From the call to the last byte of an answer: enough for one part of an upload on a slow line.
const TIMEOUT: Duration = Duration::from_secs(120);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes the settings of the environment where the store's keys are so named.
macro_rules! configured {
    ($builder:expr, $prefix:expr) => {
        settings($prefix).into_iter().fold($builder, |builder, (key, value)| match key.parse() {
            Ok(key) => builder.with_config(key, value),
            Err(_) => builder, // a variable of another tool
        })
    };
}

/// The bucket or host `base`, whose `scheme` is known. No request is made.
pub fn connect(scheme: &str, base: &str) -> Result<Arc<dyn ObjectStore>, StoreError> {
    let retry = RetryConfig { backoff: BACKOFF, max_retries: RETRIES, retry_timeout: RETRY_TIME };
    let options = ClientOptions::new()
        .with_timeout(TIMEOUT)
        .with_connect_timeout(CONNECT_TIMEOUT)
        .with_config(ClientConfigKey::UserAgent, concat!("spanframe/", env!("CARGO_PKG_VERSION")));
    let made: object_store::Result<Arc<dyn ObjectStore>> = match scheme {
        "s3" | "s3a" => {
            let builder = AmazonS3Builder::new().with_client_options(options).with_retry(retry);
            configured!(builder, AMAZON_PREFIX).with_url(base).build().map(|store| Arc::new(store) as _)
        }
        "gs" => {
            let builder = GoogleCloudStorageBuilder::new().with_client_options(options).with_retry(retry);
            configured!(builder, GOOGLE_PREFIX).with_url(base).build().map(|store| Arc::new(store) as _)
        }
        "az" | "abfs" | "abfss" => {
            let builder = MicrosoftAzureBuilder::new().with_client_options(options).with_retry(retry);
            configured!(builder, AZURE_PREFIX).with_url(base).build().map(|store| Arc::new(store) as _)
        }
        // whoever writes http means it
        _ => HttpBuilder::new()
            .with_client_options(options.with_allow_http(scheme == "http"))
            .with_retry(retry)
            .with_url(base)
            .build()
            .map(|store| Arc::new(store) as _),
    };
    made.map_err(|e| StoreError::Settings { url: base.to_string(), reason: e.to_string() })
}
