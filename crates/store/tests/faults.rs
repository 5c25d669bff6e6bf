//! Errors of servers and networks.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::Arc,
    thread,
    time::Duration,
};

use object_store::{BackoffConfig, RetryConfig, aws::AmazonS3Builder};
use spanframe_store::{Store, StoreError};

/// Starts a local server that answers every request with `status`. Returns its address.
fn server(status: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 64 << 10]);
            let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    endpoint
}

fn store(endpoint: &str, allow_http: bool) -> Store {
    let short = Duration::from_millis(1);
    let backoff = BackoffConfig { init_backoff: short, max_backoff: 2 * short, ..BackoffConfig::default() };
    let built = AmazonS3Builder::new()
        .with_bucket_name("bucket")
        .with_region("us-east-1")
        .with_access_key_id("id")
        .with_secret_access_key("SECRET")
        .with_endpoint(endpoint)
        .with_allow_http(allow_http)
        .with_retry(RetryConfig { max_retries: 2, backoff, ..RetryConfig::default() })
        .build()
        .unwrap();
    Store::over(Arc::new(built), "s3://bucket", "")
}

fn errors(store: &Store) -> Vec<StoreError> {
    let errors = vec![
        store.put("a", b"x").unwrap_err(),
        store.put_new("a", b"x").unwrap_err(),
        store.get("a").unwrap_err(),
        store.stat("a").unwrap_err(),
        store.list("").unwrap_err(),
    ];
    for error in &errors {
        assert!(error.to_string().contains("s3://bucket") && !error.to_string().contains("SECRET"), "{error}");
    }
    errors
}

#[test]
fn missing_rights_are_denied() {
    for status in ["403 Forbidden", "401 Unauthorized"] {
        for error in errors(&store(&server(status), true)) {
            assert!(matches!(error, StoreError::Denied { .. }), "{error}");
        }
    }
}

#[test]
fn a_busy_server_is_unreachable() {
    for error in errors(&store(&server("503 Slow Down"), true)) {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}

#[test]
fn a_full_server_is_full() {
    let store = store(&server("507 Insufficient Storage"), true);
    assert!(matches!(store.put("a", b"x"), Err(StoreError::Full { .. })));
}

#[test]
fn no_server_is_unreachable() {
    // bound and closed again, so that no server listens there
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for error in errors(&store(&format!("http://{address}"), true)) {
        assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    }
}

#[test]
fn http_has_to_be_allowed() {
    for error in errors(&store(&server("200 OK"), false)) {
        assert!(matches!(error, StoreError::Settings { .. }), "{error}");
    }
}

/// A plain web server, which cannot list.
#[test]
fn a_file_of_a_web_server_is_read() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0; 64 << 10];
            let read = stream.read(&mut asked).unwrap_or_default();
            let asked = String::from_utf8_lossy(&asked[..read]).to_ascii_lowercase();
            let (status, range) = match asked.contains("range: bytes=") {
                true => ("206 Partial Content", "content-range: bytes 0-5/6\r\n"),
                false => ("200 OK", ""),
            };
            let body = if asked.starts_with("head") { "" } else { "whole\n" };
            let head = "content-length: 6\r\nlast-modified: Mon, 01 Jan 2024 00:00:00 GMT\r\nconnection: close\r\n";
            let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}{range}\r\n{body}");
        }
    });
    let (store, path) = spanframe_store::locate(&format!("{base}/notes/a.csv")).unwrap();
    assert_eq!(path, "notes/a.csv");
    assert_eq!(store.list(&path).unwrap()[0].size, 6);
    assert_eq!(store.get(&path).unwrap().unwrap(), "whole\n");
    assert_eq!(store.reader(&path).unwrap().read_at(1, 3).unwrap(), "hol");
}
