//! Loaded models, one a process and configuration, shared by every engine that asks for the same.

use std::{
    collections::HashMap,
    panic,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
    thread,
};

use spanframe_model::{Device, FileVersions, Model, ModelError, ModelFiles, RuntimeSearch, SessionOptions};

use crate::{
    EngineError, EngineOptions,
    options::available_threads,
    quiet::{THREAD_NAME, quiet_panics},
};

/// A model with the threads that work for it.
///
/// All work (tokenizing, inference, decoding) runs on one pool, whoever calls and from however many threads: that is the
/// thread budget. Models that want the same number of threads share them. A worker's index names the session it uses.
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pool: Arc<rayon::ThreadPool>,
    /// Of the files as they were loaded.
    versions: FileVersions,
    digest: OnceLock<String>,
    /// Held by the call in progress, so that memory is bounded by one call's budget.
    pub(crate) turn: Mutex<()>,
    pub(crate) process: u32,
}

impl Loaded {
    /// SHA-256 over the files of the model that decide what it finds: those that were loaded, or it is an error.
    pub(crate) fn digest(&self) -> Result<String, EngineError> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest.clone());
        }
        let digest = self.model.files.digest()?;
        if !self.versions.are_current() {
            return Err(ModelError::Changed { location: self.model.files.location() }.into());
        }
        Ok(self.digest.get_or_init(|| digest).clone())
    }

    /// Whether both give the same pieces.
    pub(crate) fn same_tokenizer(&self, other: &Self) -> bool {
        self.model.tokenizer.digest() == other.model.tokenizer.digest()
    }

    /// Whether both are the same files, wherever they lie. Those of different sizes are not read for that.
    pub(crate) fn same_model(&self, other: &Self) -> bool {
        let size = |loaded: &Self| loaded.model.files.onnx_bytes();
        std::ptr::eq(self, other)
            || (self.same_tokenizer(other)
                && size(self) == size(other)
                // a file that cannot be read any more is no copy of another
                && self.digest().ok().zip(other.digest().ok()).is_some_and(|(a, b)| a == b))
    }

    /// Refuses to work in a process that was forked after the model was loaded: it has no threads, and locks that nobody opens.
    pub(crate) fn check_process(&self) -> Result<(), EngineError> {
        if self.process == std::process::id() { Ok(()) } else { Err(EngineError::Forked) }
    }

    /// Runs `work` on the pool. A panic in it becomes an error that does not quote it.
    pub(crate) fn install<T: Send, E: From<EngineError> + Send>(
        &self, work: impl FnOnce() -> Result<T, E> + Send,
    ) -> Result<T, E> {
        self.check_process()?;
        // nothing that the panic may have left half-done is looked at again: the pipeline owns its state
        panic::catch_unwind(panic::AssertUnwindSafe(|| self.on_pool(work))).unwrap_or_else(|_| {
            Err(EngineError::Internal("a worker panicked; standard error names the place".to_string()).into())
        })
    }

    /// A thread of another pool must not take up other work of that pool while it waits here: that might want what this call
    /// holds. So a thread of its own waits.
    fn on_pool<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if rayon::current_thread_index().is_none() || self.pool.current_thread_index().is_some() {
            return self.pool.install(work);
        }
        thread::scope(|scope| scope.spawn(|| self.pool.install(work)).join())
            .unwrap_or_else(|e| panic::resume_unwind(e))
    }
}

/// What tells two loaded models apart.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// After a fork neither threads nor sessions are usable.
    process: u32,
    onnx: String,
    session: SessionOptions,
    /// Another library than the loaded one must be refused, not overlooked.
    runtime: RuntimeSearch,
}

/// By process and number of threads.
type Pools = HashMap<(u32, usize), Arc<rayon::ThreadPool>>;

static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);

static LOADED: LazyLock<Mutex<HashMap<Key, Arc<Loaded>>>> = LazyLock::new(Mutex::default);

/// Loads the model in `files` by `options`, or gives the one already loaded.
pub(crate) fn load(files: ModelFiles, options: &EngineOptions) -> Result<Arc<Loaded>, EngineError> {
    let session =
        SessionOptions { device: options.device, sessions: options.sessions, intra_threads: options.intra_threads };
    let key = Key {
        process: std::process::id(),
        onnx: match &files {
            ModelFiles::Folder { onnx, .. } => {
                onnx.canonicalize().unwrap_or_else(|_| onnx.clone()).display().to_string()
            }
            ModelFiles::Embedded { name, .. } => (*name).to_string(),
        },
        session,
        runtime: options.runtime.clone(),
    };
    // held while loading: threads that want the same model wait for it instead of loading it again
    let mut all = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    // a folder that changed is another model
    if let Some(loaded) = all.get(&key).filter(|loaded| loaded.versions.are_current()) {
        return Ok(Arc::clone(loaded));
    }
    let versions = files.versions()?;
    let threads = match options.device {
        Device::Cpu => options.sessions,
        Device::Cuda(_) => options.sessions.max(available_threads()),
    };
    let model = Model::load(files, &options.runtime, session)?;
    quiet_panics();
    let pool = pool(key.process, threads)?;
    let loaded =
        Arc::new(Loaded { model, pool, versions, digest: OnceLock::new(), turn: Mutex::new(()), process: key.process });
    // engines hold what they use: what its files were before is let go
    all.retain(|_, loaded| loaded.versions.are_current());
    all.insert(key, Arc::clone(&loaded));
    Ok(loaded)
}

/// The threads of all models of a process that want so many.
fn pool(process: u32, threads: usize) -> Result<Arc<rayon::ThreadPool>, EngineError> {
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&(process, threads)) {
        return Ok(Arc::clone(pool));
    }
    let builder = rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|i| format!("{THREAD_NAME}{i}"));
    let pool = builder.build().map_err(|e| EngineError::Threads { threads, reason: e.to_string() })?;
    let pool = Arc::new(pool);
    pools.insert((process, threads), Arc::clone(&pool));
    Ok(pool)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use arrow_array::{Array, StringArray};
    use rayon::prelude::*;

    use super::*;
    use crate::{Engine, RawOptions, catalogue};

    const IN_CHILD: &str = "SPANFRAME_TEST_IN_CHILD";

    #[test]
    fn every_name_of_the_bundled_model_shares_it() {
        let by_name = |model: Option<&str>| {
            let files = catalogue::resolve(model).unwrap().files;
            load(files, &EngineOptions::default()).unwrap()
        };
        let bundled = by_name(None);
        for alias in &catalogue::ALIASES {
            assert!(Arc::ptr_eq(&bundled, &by_name(Some(alias.name))), "{}", alias.name);
        }
    }

    const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/test_models/bert-uncased");

    #[test]
    fn a_call_from_a_pool_does_not_wait_for_itself() {
        let raw = RawOptions { model: Some(TINY.into()), ..RawOptions::default() };
        let engine = Engine::new(&EngineOptions::new(raw).unwrap()).unwrap();
        let notes = StringArray::from(vec!["aspirin 81mg"; 50]);
        let expect = engine.annotate(&notes as &dyn Array).unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let calls = || (0..40).into_par_iter().all(|_| *engine.annotate(&notes as &dyn Array).unwrap() == *expect);
        assert!(pool.install(calls));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "tells the child process of this test from its parent")]
    fn a_panic_does_not_quote_the_note() {
        // in a process of its own, whose standard error can be read
        if std::env::var_os(IN_CHILD).is_none() {
            let child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "--nocapture", "loaded::tests::a_panic_does_not_quote_the_note"])
                .env(IN_CHILD, "1")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&child.stderr);
            assert!(child.status.success() && said.contains("panic at") && !said.contains("SENTINEL"), "{said}");
            return;
        }
        let raw = RawOptions { model: Some(TINY.into()), ..RawOptions::default() };
        let options = EngineOptions::new(raw).unwrap();
        let files = catalogue::resolve(Some(TINY)).unwrap().files;
        let loaded = load(files, &options).unwrap();
        let note = "SENTINEL é";
        let error = loaded.install(|| Ok::<_, EngineError>(note[..10].len())).unwrap_err().to_string();
        assert!(error.contains("panicked") && !error.contains("SENTINEL"), "{error}");
    }
}
