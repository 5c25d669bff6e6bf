//! Loaded models: one a process and configuration, shared by all engines with the same.

use std::{
    collections::HashMap,
    panic,
    sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError},
    thread,
};

use spanframe_model::{Device, FileVersions, Model, ModelError, ModelFiles, RuntimeSearch, SessionOptions};

use crate::{
    EngineError, EngineOptions, model_warning,
    options::available_threads,
    quiet::{THREAD_NAME, quiet_panics},
};

/// A model with its thread pool.
///
/// All work (tokenizing, inference, decoding) of all calls runs on one pool, so that threads do not multiply. Models
/// with the same number of threads share a pool.
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pool: Arc<rayon::ThreadPool>,
    /// The versions of the files when they were loaded.
    versions: FileVersions,
    digest: OnceLock<String>,
    /// Held by the call that annotates a column, so that memory is bounded by the budget of one call.
    pub(crate) in_use: Mutex<()>,
    pub(crate) process: u32,
}

impl Loaded {
    /// SHA-256 over the files of the model that decide what it finds.
    ///
    /// # Errors
    /// [`ModelError::Changed`] if the files are not those that were loaded.
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

    /// True if both give the same tokens.
    pub(crate) fn same_tokenizer(&self, other: &Self) -> bool {
        self.model.tokenizer.digest() == other.model.tokenizer.digest()
    }

    /// True if both have the same files, in whatever folders. Files of different sizes are not read.
    pub(crate) fn same_model(&self, other: &Self) -> bool {
        let size = |loaded: &Self| loaded.model.files.onnx_bytes();
        std::ptr::eq(self, other)
            || (self.same_tokenizer(other)
                && size(self) == size(other)
                // a file that can no longer be read counts as different
                && self.digest().ok().zip(other.digest().ok()).is_some_and(|(a, b)| a == b))
    }

    /// Refuses to work in a process that was forked after the model was loaded. Threads do not survive a fork, and
    /// locks may stay locked for ever.
    pub(crate) fn check_process(&self) -> Result<(), EngineError> {
        if self.process == std::process::id() { Ok(()) } else { Err(EngineError::Forked) }
    }

    /// Runs `work` on the pool. A panic becomes an error without the panic's message, which may quote a note.
    pub(crate) fn install<T: Send, E: From<EngineError> + Send>(
        &self, work: impl FnOnce() -> Result<T, E> + Send,
    ) -> Result<T, E> {
        self.check_process()?;
        // unwind safe: the pipeline owns its state, so nothing half-done is used again
        panic::catch_unwind(panic::AssertUnwindSafe(|| self.on_pool(work)))
            .unwrap_or_else(|_| Err(worker_panicked().into()))
    }

    /// Waits for the pool. A worker of another pool would take up other work while it waits, and deadlock if that work
    /// needs
    /// [`in_use`](Self::in_use). So a new thread waits in its place.
    fn on_pool<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        if rayon::current_thread_index().is_none() || self.pool.current_thread_index().is_some() {
            return self.pool.install(work);
        }
        thread::scope(|scope| scope.spawn(|| self.pool.install(work)).join())
            .unwrap_or_else(|e| panic::resume_unwind(e))
    }
}

/// The configuration that a loaded model is shared by.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// Threads and sessions do not survive a fork.
    process: u32,
    onnx: String,
    session: SessionOptions,
    /// A process loads ONNX Runtime once. Loading the model again refuses another library.
    runtime: RuntimeSearch,
}

/// Thread pools by process and number of threads.
type Pools = HashMap<(u32, usize), Arc<rayon::ThreadPool>>;

static POOLS: LazyLock<Mutex<Pools>> = LazyLock::new(Mutex::default);

static LOADED: LazyLock<Mutex<HashMap<Key, Arc<Loaded>>>> = LazyLock::new(Mutex::default);

/// Loads the model in `files`, or gives the one that is loaded with the same options.
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
    // locked while loading, so that other threads wait for the model instead of loading it again
    let mut all = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    // a folder whose files changed is another model
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
    let loaded = Arc::new(Loaded {
        model,
        pool,
        versions,
        digest: OnceLock::new(),
        in_use: Mutex::new(()),
        process: key.process,
    });
    // drop models whose files changed; engines keep those that they use
    all.retain(|_, loaded| loaded.versions.are_current());
    all.insert(key, Arc::clone(&loaded));
    // unlocked, because a host's hook may wait for a thread that waits for this lock
    drop(all);
    model_warning::warn(&loaded.model);
    Ok(loaded)
}

/// The pool of this many threads, which all models of a process share.
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

/// Runs `work` on the pool of this many threads. A panic becomes an error without the panic's message, which may quote
/// a note.
pub(crate) fn on_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> Result<T, EngineError> {
    quiet_panics();
    let pool = pool(std::process::id(), threads)?;
    // unwind safe: the work owns its state, so nothing half-done is used again
    panic::catch_unwind(panic::AssertUnwindSafe(|| pool.install(work))).map_err(|_| worker_panicked())
}

fn worker_panicked() -> EngineError {
    EngineError::Internal("a worker panicked; standard error names the place".to_string())
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
        // a child process, so that standard error can be read
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
