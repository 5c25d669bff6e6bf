//! A folder in an object store in memory that counts requests: blocks, parts, and what is visible when.

use std::{
    fmt,
    io::{ErrorKind, Write},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart, memory::InMemory, path::Path,
};
use spanframe_store::{Store, StoreError, locate};

const MIB: usize = 1 << 20;

#[derive(Debug, Default)]
struct Counts {
    gets: AtomicUsize,
    parts: AtomicUsize,
    under_way: AtomicUsize,
    most_under_way: AtomicUsize,
    aborted: AtomicUsize,
    /// Number of the part that fails, from 1; 0 for none.
    bad_part: AtomicUsize,
}

#[derive(Debug, Default)]
struct Counting {
    inner: InMemory,
    counts: Arc<Counts>,
}

impl fmt::Display for Counting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counting")
    }
}

#[async_trait]
impl ObjectStore for Counting {
    async fn put_opts(&self, key: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(key, payload, options).await
    }

    async fn put_multipart_opts(&self, key: &Path, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        let inner = self.inner.put_multipart_opts(key, options).await?;
        Ok(Box::new(CountingUpload { inner, counts: Arc::clone(&self.counts) }))
    }

    async fn get_opts(&self, key: &Path, options: GetOptions) -> Result<GetResult> {
        self.counts.gets.fetch_add(usize::from(!options.head), SeqCst);
        self.inner.get_opts(key, options).await
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(keys)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

#[derive(Debug)]
struct CountingUpload {
    inner: Box<dyn MultipartUpload>,
    counts: Arc<Counts>,
}

#[async_trait]
impl MultipartUpload for CountingUpload {
    fn put_part(&mut self, payload: PutPayload) -> UploadPart {
        let counts = Arc::clone(&self.counts);
        let number = counts.parts.fetch_add(1, SeqCst) + 1;
        let sent = self.inner.put_part(payload);
        Box::pin(async move {
            let under_way = counts.under_way.fetch_add(1, SeqCst) + 1;
            counts.most_under_way.fetch_max(under_way, SeqCst);
            tokio::time::sleep(Duration::from_millis(60)).await;
            counts.under_way.fetch_sub(1, SeqCst);
            if counts.bad_part.load(SeqCst) == number {
                return Err(Error::PermissionDenied { path: "x".into(), source: "no more".into() });
            }
            sent.await
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.counts.aborted.fetch_add(1, SeqCst);
        self.inner.abort().await
    }
}

fn store() -> (Store, Arc<Counts>) {
    let counting = Counting::default();
    let counts = Arc::clone(&counting.counts);
    (Store::over(Arc::new(counting), "s3://bucket", "out"), counts)
}

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

#[test]
fn small_files_are_put_and_got() {
    let (store, counts) = store();
    assert!(!store.is_local() && store.local_path("a").is_none());
    assert_eq!((store.url("a/b"), store.url("")), ("s3://bucket/out/a/b".into(), "s3://bucket/out".into()));
    assert!(store.put_new("a", b"one").unwrap());
    assert!(!store.put_new("a", b"two").unwrap());
    assert_eq!(store.get("a").unwrap().unwrap(), "one");
    let before = store.stat("a").unwrap().unwrap();
    store.put("a", b"two").unwrap();
    let after = store.stat("a").unwrap().unwrap();
    assert!(before.size == after.size && before.version != after.version);
    store.remove("a").unwrap();
    store.remove("a").unwrap();
    assert_eq!((store.get("a").unwrap(), store.stat("a").unwrap()), (None, None));
    assert!(matches!(store.reader("a"), Err(StoreError::NotFound { url }) if url == "s3://bucket/out/a"));
    assert!(store.lock("job").unwrap().is_some() && store.lock("job").unwrap().is_some());
    assert_eq!((store.sweep().unwrap(), counts.parts.load(SeqCst)), (0, 0));
    assert!(matches!(store.get("../x"), Err(StoreError::BadPath { .. })));
}

#[test]
fn lists_as_on_disk() {
    let inner = Arc::new(InMemory::new());
    let whole = Store::over(inner.clone(), "s3://bucket", "");
    let store = Store::over(inner, "s3://bucket", "out");
    for path in ["b", "a/x", "a.b", "_SUCCESS", ".crc", "_k=1/p%20q", "a/_t/x", ".own/m/1", ".own/m/.2", "a b/ü"] {
        store.put(path, b"x").unwrap();
    }
    for marker in ["a", "_k=1"] {
        store.put(marker, b"").unwrap();
    }
    whole.put("outer/x", b"").unwrap();
    let paths = |store: &Store, prefix| -> Vec<_> { store.list(prefix).unwrap().into_iter().map(|o| o.path).collect() };
    assert_eq!(paths(&store, ""), ["_k=1/p%20q", "a b/ü", "a.b", "a/x", "b"]);
    assert_eq!((paths(&store, "a"), paths(&store, "a/")), (vec!["a/x".to_string()], vec!["a/x".to_string()]));
    assert_eq!((paths(&store, ".own/m"), paths(&store, "b")), (vec![".own/m/1".to_string()], vec!["b".to_string()]));
    assert_eq!(paths(&store, "none"), [""; 0]);
    assert_eq!(paths(&whole, "out/a"), ["out/a/x"]);
    assert_eq!(paths(&whole, "outer"), ["outer/x"]);
    assert_eq!(whole.stat("").unwrap(), None);
    assert_eq!(store.get("_k=1/p%20q").unwrap().unwrap(), "x");
}

#[test]
fn reads_fetch_blocks_once() {
    let (store, counts) = store();
    let content = bytes(20 * MIB + 77);
    let mut writer = store.create("a").unwrap();
    writer.write_all(&content).unwrap();
    assert!(writer.commit(false).unwrap());
    let reader = store.reader("a").unwrap();
    assert_eq!(reader.len(), content.len() as u64);
    let gets = |reads: &[(usize, usize)]| {
        let before = counts.gets.load(SeqCst);
        for &(offset, length) in reads {
            let read = reader.read_at(offset as u64, length).unwrap();
            assert!(read == content[offset..offset + length], "{offset} {length}");
        }
        counts.gets.load(SeqCst) - before
    };
    let footer = content.len() - 8;
    assert_eq!(gets(&[(footer, 8), (footer - 40, 40), (content.len(), 0)]), 1);
    assert_eq!(gets(&(0..1000).map(|i| (i * 1000, 1000)).collect::<Vec<_>>()), 1, "one block serves all its pages");
    assert_eq!(gets(&[(MIB - 5, 10), (MIB, MIB), (0, 2 * MIB)]), 1, "only the second block is missing");
    assert_eq!(gets(&[(3 * MIB + 1, 4 * MIB)]), 1, "five blocks, one request");
    assert_eq!(gets(&[(4 * MIB, 3 * MIB), (7 * MIB, 1)]), 0);
    assert_eq!(gets(&[(0, content.len()), (0, 9 * MIB), (5, MIB - 5)]), 2, "large reads bypass the blocks");
    assert_eq!(gets(&(8..20).map(|i| (i * MIB, 1)).collect::<Vec<_>>()), 12);
    assert_eq!(gets(&[(5, 1)]), 0, "used most recently, so still cached");
    for (offset, length) in [(content.len() - 3, 4), (content.len() + 1, 0), (0, usize::MAX)] {
        assert_eq!(reader.read_at(offset as u64, length).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn random_reads_by_many_threads() {
    let (store, _) = store();
    let content = bytes(5 * MIB + 1);
    store.put("a", &content).unwrap();
    let reader = store.reader("a").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4usize {
            let (reader, content) = (&reader, &content);
            scope.spawn(move || {
                let mut state = thread as u64 + 1;
                let mut next = |below: usize| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    (state >> 33) as usize % below
                };
                for _ in 0..300 {
                    let offset = next(content.len());
                    let length = next((content.len() - offset).min(3 * MIB) + 1);
                    assert!(reader.read_at(offset as u64, length).unwrap() == content[offset..offset + length]);
                }
            });
        }
    });
}

#[test]
fn reading_a_replaced_file_is_an_error() {
    let (store, _) = store();
    store.put("a", &bytes(3 * MIB)).unwrap();
    let reader = store.reader("a").unwrap();
    reader.read_at(0, 10).unwrap();
    store.put("a", &bytes(3 * MIB)).unwrap();
    reader.read_at(0, 10).unwrap();
    let error = StoreError::from_io("", reader.read_at(2 * MIB as u64, 10).unwrap_err());
    assert!(matches!(error, StoreError::Changed { url } if url == "s3://bucket/out/a"));
    store.remove("a").unwrap();
    assert_eq!(reader.read_at(MIB as u64, 10).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn large_files_are_sent_in_parts() {
    let (store, counts) = store();
    for length in [8 * MIB, 8 * MIB + 1, 50 * MIB + 3] {
        let content = bytes(length);
        counts.parts.store(0, SeqCst);
        let mut writer = store.create("a").unwrap();
        for piece in content.chunks(777_777) {
            writer.write_all(piece).unwrap();
        }
        assert_eq!((writer.written(), store.stat("a").unwrap()), (length as u64, None));
        assert!(writer.commit(false).unwrap());
        assert!(store.get("a").unwrap().unwrap() == content);
        let parts = if length == 8 * MIB { 0 } else { length.div_ceil(8 * MIB) };
        assert_eq!(counts.parts.load(SeqCst), parts);
        store.remove("a").unwrap();
    }
    let most = counts.most_under_way.load(SeqCst);
    assert!((2..=4).contains(&most), "sent concurrently, and bounded: {most}");
    assert_eq!(counts.aborted.load(SeqCst), 0);
}

#[test]
fn an_upload_that_is_not_committed_is_aborted() {
    let (store, counts) = store();
    store.put("a", b"old").unwrap();
    let upload = || {
        let mut writer = store.create("a").unwrap();
        writer.write_all(&bytes(20 * MIB)).unwrap();
        writer
    };
    drop(upload());
    assert_eq!(counts.aborted.load(SeqCst), 1);
    assert!(!upload().commit(false).unwrap());
    assert_eq!((counts.aborted.load(SeqCst), store.get("a").unwrap().unwrap()), (2, "old".into()));
    assert!(upload().commit(true).unwrap());
    assert_eq!((counts.aborted.load(SeqCst), store.stat("a").unwrap().unwrap().size), (2, 20 << 20));
}

#[test]
fn a_part_that_fails_discards_the_upload() {
    for bad in [1, 2, 8] {
        let (store, counts) = store();
        counts.bad_part.store(bad, SeqCst);
        let mut writer = store.create("a").unwrap();
        let error = match writer.write_all(&bytes(60 * MIB)) {
            Err(e) => {
                assert_eq!(e.kind(), ErrorKind::PermissionDenied);
                drop(writer);
                StoreError::from_io("", e)
            }
            Ok(()) => writer.commit(true).unwrap_err(),
        };
        assert!(matches!(error, StoreError::Denied { url, .. } if url == "s3://bucket/out/a"));
        assert_eq!((counts.aborted.load(SeqCst), store.stat("a").unwrap()), (1, None));
    }
}

#[test]
fn a_store_works_inside_another_runtime() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let (store, _) = store();
    runtime.block_on(async {
        store.put("a", b"x").unwrap();
        let mut writer = store.create("b").unwrap();
        writer.write_all(&bytes(9 * MIB)).unwrap();
        drop(writer);
    });
    assert_eq!(store.list("").unwrap().len(), 1);
}

#[test]
fn urls_are_located_in_stores() {
    let found = |url: &str| {
        let (store, path) = locate(url)?;
        assert!(!store.is_local());
        Ok::<_, StoreError>((store.url(&path), path))
    };
    let both = |url: &str, path: &str| (url.to_string(), path.to_string());
    assert_eq!(
        found("s3://bucket/in/a%20b/x y?.parquet").unwrap(),
        both("s3://bucket/in/a%20b/x y?.parquet", "in/a%20b/x y?.parquet")
    );
    assert_eq!(found("s3a://bucket/in/").unwrap(), both("s3a://bucket/in", "in"));
    assert_eq!(found("s3://bucket").unwrap(), both("s3://bucket", ""));
    assert_eq!(found("https://host:8080/a%20b/x").unwrap(), both("https://host:8080/a b/x", "a b/x"));
    assert_eq!(found("gs://bucket/x").unwrap(), both("gs://bucket/x", "x"));
    let azure = "abfss://container@account.dfs.core.windows.net/x";
    assert_eq!(found(azure).unwrap(), both(azure, "x"));
    assert!(matches!(found("az://container/x"), Err(StoreError::Settings { .. })), "the account is not set");
    for (bad, shown) in [
        ("s3://key:SECRET@bucket/x", "s3://bucket/x"),
        ("https://u:SECRET@host/x", "https://host/x"),
        ("https://host/x?sig=SECRET", "https://host/x"),
        ("abfss://container:SECRET@account/x", "abfss://account/x"),
    ] {
        let error = found(bad).unwrap_err();
        assert!(matches!(&error, StoreError::BadUrl { url, .. } if url == shown), "{error}");
        assert!(!error.to_string().contains("SECRET"));
    }
    for bad in ["s3://", "s3:///x", "file://host/x", "file://x"] {
        assert!(matches!(locate(bad), Err(StoreError::BadUrl { .. })), "{bad}");
    }
    assert!(matches!(found("s3://bucket/a//b"), Err(StoreError::BadPath { .. })));
    assert!(
        matches!(found("hdfs://u:SECRET@host/x"), Err(StoreError::UnknownScheme { url }) if url == "hdfs://host/x")
    );
}

#[test]
fn credentials_are_not_shown() {
    let inner = Arc::new(object_store::aws::AmazonS3Builder::new().with_bucket_name("b"));
    let built = inner.as_ref().clone().with_access_key_id("id").with_secret_access_key("SECRET").build().unwrap();
    let shown = format!("{:?}", Store::over(Arc::new(built), "s3://b", ""));
    assert!(shown.contains("s3://b") && !shown.contains("SECRET"), "{shown}");
}

#[test]
fn a_file_written_by_others_is_read() {
    let inner = InMemory::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(inner.put(&Path::from("out/a"), PutPayload::from_static(b"x"))).unwrap();
    assert_eq!(Store::over(Arc::new(inner), "gs://b/", "out").get("a").unwrap().unwrap(), "x");
}
