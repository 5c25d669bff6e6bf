//! A real server, named by `SPANFRAME_STORE_URL=s3://bucket/prefix` and the `AWS_*` variables that it needs.

use std::io::Write;

use spanframe_store::{Store, StoreError, locate};

/// Writes below the prefix that `SPANFRAME_STORE_URL` names, and removes everything again.
#[test]
#[ignore = "needs an object store: set SPANFRAME_STORE_URL"]
#[expect(clippy::disallowed_methods, reason = "names the server of this test")]
fn a_real_server() {
    let url = std::env::var_os("SPANFRAME_STORE_URL").expect("SPANFRAME_STORE_URL").into_string().unwrap();
    let store = Store::open(&url).unwrap();
    assert_eq!(store.list("").unwrap(), []);
    assert!(store.put_new("k=a%20b/ü x", b"one").unwrap());
    assert!(!store.put_new("k=a%20b/ü x", b"two").unwrap());
    store.put("_SUCCESS", b"").unwrap();
    assert_eq!(store.list("").unwrap().len(), 1);
    assert_eq!(store.list("").unwrap()[0], store.stat("k=a%20b/ü x").unwrap().unwrap());
    let (bucket, prefix) = locate(&url).unwrap();
    assert_eq!(bucket.list(&prefix).unwrap()[0].path, format!("{prefix}/k=a%20b/ü x"));

    let content: Vec<u8> = (0..25_000_000u32).map(|i| (i >> 7) as u8).collect();
    let mut writer = store.create("large").unwrap();
    writer.write_all(&content).unwrap();
    assert_eq!(store.stat("large").unwrap(), None);
    assert!(writer.commit(false).unwrap());
    let reader = store.reader("large").unwrap();
    for (offset, length) in [(0, 100), (24_999_990, 10), (1 << 20, 3 << 20), (5, 20_000_000)] {
        assert!(reader.read_at(offset as u64, length).unwrap() == content[offset..offset + length]);
    }
    let mut other = store.create("large").unwrap();
    other.write_all(&content).unwrap();
    assert!(!other.commit(false).unwrap());
    let mut dropped = store.create("dropped").unwrap();
    dropped.write_all(&content).unwrap();
    drop(dropped);
    assert_eq!(store.stat("dropped").unwrap(), None);
    store.put("large", b"small").unwrap();
    assert!(matches!(StoreError::from_io("", reader.read_at(22 << 20, 1).unwrap_err()), StoreError::Changed { .. }));

    for path in ["k=a%20b/ü x", "_SUCCESS", "large", "absent"] {
        store.remove(path).unwrap();
    }
    assert_eq!(store.list("").unwrap(), []);
    let absent = Store::open("s3://spanframe-no-such-bucket/x").unwrap();
    for error in [absent.put("a", b"").unwrap_err(), absent.list("").unwrap_err()] {
        assert!(matches!(&error, StoreError::NotFound { url } if url == "s3://spanframe-no-such-bucket"), "{error}");
    }
}
