//! Opens vocabularies: one a process and file, shared by all engines and expressions.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, Mutex, PoisonError},
    time::SystemTime,
};

use spanframe_vocabulary::{Vocabulary, VocabularyError};

/// A file as it was when it was opened: its time of change and its length.
type Version = (Option<SystemTime>, u64);
/// Vocabularies by their path.
type Opened = HashMap<PathBuf, (Version, Arc<Vocabulary>)>;

/// Polars links chunk by chunk, so an expression opens its vocabularies many times.
static OPENED: LazyLock<Mutex<Opened>> = LazyLock::new(Mutex::default);

/// The vocabulary at `path`. A file that was replaced is opened again.
///
/// # Errors
/// [`VocabularyError`] for a file that is not there, or is no whole vocabulary.
pub(super) fn open(path: &Path) -> Result<Arc<Vocabulary>, VocabularyError> {
    let read = |source| VocabularyError::Read { path: path.to_path_buf(), source };
    let key = path.canonicalize().map_err(read)?;
    let metadata = fs::metadata(&key).map_err(read)?;
    let version = (metadata.modified().ok(), metadata.len());
    // held while the file is read: others wait for it rather than read it too
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((known, vocabulary)) = opened.get(&key)
        && *known == version
    {
        return Ok(Arc::clone(vocabulary));
    }
    let vocabulary = Arc::new(Vocabulary::open(&key)?);
    opened.insert(key, (version, Arc::clone(&vocabulary)));
    Ok(vocabulary)
}
