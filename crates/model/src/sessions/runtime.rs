//! [`Runtime`]: finds and loads the ONNX Runtime library.
//!
//! The library is loaded explicitly, before the first call of `ort`: the implicit way can panic or hang.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::{Mutex, OnceLock, PoisonError},
};

use ort::environment::Environment;

use crate::{
    LIBRARY_VARIABLE, ModelError,
    environment::{self, PROGRAM_FOLDERS_VARIABLE, PYTHON_ROOT_VARIABLES},
};

/// Name of the library for the system's loader.
const SYSTEM_LIBRARY: &str = if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else {
    "libonnxruntime.so.1"
};

/// Places to look for the library, in addition to [`LIBRARY_VARIABLE`] and the usual ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct RuntimeSearch {
    /// The path that the user gave. No other place is tried.
    pub explicit: Option<PathBuf>,
    /// The library that the running Python would import.
    pub python: Option<PathBuf>,
}

/// The loaded library. A process has at most one: `ort` keeps it until the process ends.
pub struct Runtime {
    environment: Environment,
    library: PathBuf,
}

static LOADED: OnceLock<Runtime> = OnceLock::new();
static LOADING: Mutex<()> = Mutex::new(());

impl Runtime {
    /// Finds and loads the library; later calls return the same one.
    ///
    /// Takes the first that exists of
    /// 1. [`RuntimeSearch::explicit`],
    /// 2. [`LIBRARY_VARIABLE`],
    /// 3. [`RuntimeSearch::python`],
    /// 4. the `onnxruntime` package of the active Python environment: `VIRTUAL_ENV`, `CONDA_PREFIX`, the environment
    ///    that this program is in, that of the first `python3` in `PATH`,
    /// 5. the system's loader.
    ///
    /// A library that cannot be used is an error; the search does not go on.
    ///
    /// # Errors
    /// [`ModelError::LibraryNotFound`]; [`ModelError::LibraryUnusable`] for a library that is too old, made for another
    /// architecture, or not a library; [`ModelError::LibraryLoaded`] if another one is loaded already.
    pub fn load(search: &RuntimeSearch) -> Result<&'static Self, ModelError> {
        let _one_at_a_time = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// ONNX Runtime's environment. A process has one; sessions outside of a [`Backend`](crate::Backend) need it too.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Path of the loaded library.
    #[must_use]
    pub fn library(&self) -> &Path {
        &self.library
    }
}

fn find(search: &RuntimeSearch) -> Result<PathBuf, ModelError> {
    if let Some(path) = search.explicit.clone().or_else(|| environment::path(LIBRARY_VARIABLE)) {
        // the folder of the library will do
        let file = if path.is_dir() { library_in(&path) } else { Some(path.clone()).filter(|p| p.is_file()) };
        let file = file.and_then(|f| f.canonicalize().ok());
        return file
            .ok_or_else(|| ModelError::LibraryUnusable { path, reason: "there is no such library".to_string() });
    }
    let found = search.python.clone().filter(|p| p.is_file());
    let found = found.or_else(|| python_roots().iter().find_map(|root| library_in_python(root)));
    Ok(found.unwrap_or_else(|| PathBuf::from(SYSTEM_LIBRARY)))
}

/// The places where a library may be, for an error.
fn looked() -> String {
    let places: Vec<String> = python_roots().iter().map(|p| p.display().to_string()).collect();
    format!(
        "{LIBRARY_VARIABLE}, the onnxruntime package in the Python environments [{}], {SYSTEM_LIBRARY} of the system",
        places.join(", ")
    )
}

/// Roots of the Python environments that may be active, the likeliest first.
fn python_roots() -> Vec<PathBuf> {
    let named = PYTHON_ROOT_VARIABLES.iter().filter_map(|name| environment::path(name));
    let program = env::current_exe().ok();
    let beside = program.as_deref().and_then(Path::parent).and_then(Path::parent).map(Path::to_path_buf);
    let path = environment::value(PROGRAM_FOLDERS_VARIABLE).unwrap_or_default();
    let python = env::split_paths(&path).find(|dir| dir.join("python3").is_file());
    let python = python.as_deref().and_then(Path::parent).map(Path::to_path_buf);
    let mut roots: Vec<PathBuf> = named.chain(beside).chain(python).filter(|p| !p.as_os_str().is_empty()).collect();
    roots.dedup();
    roots
}

/// `ROOT/lib/python3.*/site-packages/onnxruntime/capi/libonnxruntime.*`, of the newest Python that has one.
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

/// The library in `folder`. The provider libraries beside it have other names.
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

/// True if both paths are the same file, or `a` is the folder of `b`.
fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b || (a.is_dir() && Some(a.as_path()) == b.parent()),
        _ => a == b,
    }
}
