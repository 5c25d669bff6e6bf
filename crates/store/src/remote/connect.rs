//! [`connect`]: makes the client of an object store.

use std::{sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder,
    azure::MicrosoftAzureBuilder, gcp::GoogleCloudStorageBuilder, http::HttpBuilder,
};

use crate::{
    StoreError,
    environment::{AMAZON_PREFIX, AZURE_PREFIX, GOOGLE_PREFIX, settings},
};

/// Retries of a request that failed in the network or in the server (5xx).
const RETRIES: usize = 10;

/// Waits between tries: random, between the first wait and three times the last one. Half a minute or more in all.
const BACKOFF: BackoffConfig =
    BackoffConfig { init_backoff: Duration::from_millis(200), max_backoff: Duration::from_secs(15), base: 3.0 };

/// No retry begins later than this after the first try.
const RETRY_TIME: Duration = Duration::from_secs(180);

/// Limit from the request to the last byte of the answer: enough for a part of an upload on a slow line.
const TIMEOUT: Duration = Duration::from_secs(120);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Configures a builder by the environment variables that it knows.
macro_rules! configured {
    ($builder:expr, $prefix:expr) => {
        settings($prefix).into_iter().fold($builder, |builder, (key, value)| match key.parse() {
            Ok(key) => builder.with_config(key, value),
            // a variable of another tool
            Err(_) => builder,
        })
    };
}

/// Makes a client for the bucket or host `base`, whose `scheme` is one of `SCHEMES`. Makes no request.
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
        // the URL itself says http, so it is allowed
        _ => HttpBuilder::new()
            .with_client_options(options.with_allow_http(scheme == "http"))
            .with_retry(retry)
            .with_url(base)
            .build()
            .map(|store| Arc::new(store) as _),
    };
    made.map_err(|e| StoreError::Settings { url: base.to_string(), reason: e.to_string() })
}
