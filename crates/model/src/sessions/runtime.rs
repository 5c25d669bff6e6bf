//! [`Runtime`]: the one place that finds and loads the ONNX Runtime library.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock},
};

use ort::environment::Environment;

use crate::ModelError;

/// Environment variable with the path of the ONNX Runtime library.
pub const LIBRARY_VARIABLE: &str = "ORT_DYLIB_PATH";

/// Variables that name the root of an active Python environment.
const PYTHON_ROOT_VARIABLES: [&str; 2] = ["VIRTUAL_ENV", "CONDA_PREFIX"];

/// Name of the library where the system's loader is asked for it.
const SYSTEM_LIBRARY: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so.1"
};

/// Where to look for the library, beside [`LIBRARY_VARIABLE`] and the usual places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RuntimeSearch {
    /// The library itself, as the user gave it: nothing else is tried.
    pub explicit: Option<PathBuf>,
    /// The library of the running Python, as its import system finds it.
    pub python: Option<PathBuf>,
}

/// The loaded library. A process has at most one.
pub struct Runtime {
    environment: Environment,
    library: PathBuf,
}

static LOADED: OnceLock<Runtime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

impl Runtime {
    /// Finds and loads the library, once.
    ///
    /// In this order: [`RuntimeSearch::explicit`], [`LIBRARY_VARIABLE`], [`RuntimeSearch::python`], the `onnxruntime`
    /// package of the active Python environment (`VIRTUAL_ENV`, `CONDA_PREFIX`, the environment that holds this
    /// program, the first `python3` on the `PATH`), the system's loader. The first that exists is taken: a library that
    /// cannot be used is an error, not a reason to look on.
    ///
    /// # Errors
    /// [`ModelError::LibraryNotFound`], [`ModelError::LibraryUnusable`] (too old, another architecture, not a library)
    /// and [`ModelError::LibraryLoaded`].
    pub fn load(search: &RuntimeSearch) -> Result<&'static Self, ModelError> {
        let _one_at_a_time = LOADING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(runtime) = LOADED.get() {
            return match &search.explicit {
                Some(asked) if !same_file(asked, &runtime.library) => {
                    Err(ModelError::LibraryLoaded { loaded: runtime.library.clone(), asked: asked.clone() })
                }
                _ => Ok(runtime),
            };
        }
        let library = find(search)?;
        let unusable = |reason: String| match library.is_absolute() {
            true => ModelError::LibraryUnusable { path: library.clone(), reason },
            false => ModelError::LibraryNotFound { looked: looked() },
        };
        let builder = ort::init_from(&library).map_err(|e| unusable(e.to_string()))?;
        let environment =
            builder.with_name("spanframe").with_telemetry(false).build().map_err(|e| unusable(e.to_string()))?;
        spanframe_operators::register(&environment).map_err(|e| unusable(e.to_string()))?;
        Ok(LOADED.get_or_init(|| Self { environment, library }))
    }

    /// ONNX Runtime's own environment, for sessions beside those of a [`Backend`](crate::Backend): a process has one.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The library in use.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }
}

fn find(search: &RuntimeSearch) -> Result<PathBuf, ModelError> {
    let named =
        search.explicit.clone().or_else(|| env::var_os(LIBRARY_VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    if let Some(path) = named {
        // a folder is as good as the file in it
        let file = if path.is_dir() { library_in(&path) } else { Some(path.clone()).filter(|p| p.is_file()) };
        let file = file.and_then(|f| f.canonicalize().ok());
        return file
            .ok_or_else(|| ModelError::LibraryUnusable { path, reason: "there is no such library".to_string() });
    }
    let found = search.python.clone().filter(|p| p.is_file());
    let found = found.or_else(|| python_roots().iter().find_map(|root| library_in_python(root)));
    Ok(found.unwrap_or_else(|| PathBuf::from(SYSTEM_LIBRARY)))
}

fn looked() -> String {
    let places: Vec<String> = python_roots().iter().map(|p| p.display().to_string()).collect();
    format!(
        "{LIBRARY_VARIABLE}, the onnxruntime package in the Python environments [{}], {SYSTEM_LIBRARY} of the system",
        places.join(", ")
    )
}

/// Roots of the Python environments that may be called active, nearest first.
fn python_roots() -> Vec<PathBuf> {
    let named = PYTHON_ROOT_VARIABLES.iter().filter_map(env::var_os).map(PathBuf::from);
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_path_buf);
    let path = env::var_os("PATH").unwrap_or_default();
    let python = env::split_paths(&path).find(|dir| dir.join("python3").is_file());
    let python = python.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let mut roots: Vec<PathBuf> = named.chain(beside).chain(python).filter(|p| !p.as_os_str().is_empty()).collect();
    roots.dedup();
    roots
}

/// `ROOT/lib/python3.*/site-packages/onnxruntime/capi/libonnxruntime.*`, of the newest Python that has it.
fn library_in_python(root: &Path) -> Option<PathBuf> {
    let mut folders = vec![root.join("Lib")]; // Windows
    for lib in ["lib", "lib64"] {
        let versions = fs::read_dir(root.join(lib)).into_iter().flatten().flatten();
        folders.extend(versions.filter(|v| v.file_name().to_string_lossy().starts_with("python3")).map(|v| v.path()));
    }
    folders.sort();
    folders.iter().rev().find_map(|folder| {
        ["site-packages", "dist-packages"].iter().find_map(|p| library_in(&folder.join(p).join("onnxruntime/capi")))
    })
}

/// The library itself, and not the provider libraries that stand beside it.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let is_library = |name: &str| {
        name.starts_with("libonnxruntime.so")
            || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
            || name == "onnxruntime.dll"
    };
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .flatten()
        .filter(|e| is_library(&e.file_name().to_string_lossy()))
        .map(|e| e.path())
        .collect();
    found.sort();
    found.pop()?.canonicalize().ok()
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b || (a.is_dir() && Some(a.as_path()) == b.parent()),
        _ => a == b,
    }
}
