//! [`sha256`]: the hash of a file, computed once for each process.

use std::{
    collections::HashMap,
    fs::{File, Metadata},
    io::{self, Read},
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use sha2::{Digest, Sha256};

/// A file that changed this recently may change again without a new time of change, because file systems count in
/// coarse steps. Its hash is not cached.
const SETTLED: Duration = Duration::from_secs(2);

/// Identifies the content of a file without reading it. Programs can set a file's modification time back, but not the
/// inode's time of change (`ctime`), which the kernel sets.
#[derive(PartialEq, Eq, Hash)]
struct State {
    path: PathBuf,
    device: u64,
    inode: u64,
    length: u64,
    /// `ctime` in seconds and nanoseconds.
    changed: (i64, i64),
}

static HASHES: LazyLock<Mutex<HashMap<State, [u8; 32]>>> = LazyLock::new(Mutex::default);

/// Length in bytes and SHA-256 of the file at `path`. On Unix an unchanged file is read only once.
///
/// # Errors
/// Those of opening and reading the file.
pub(crate) fn sha256(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let state = state(path, &metadata);
    if let Some(state) = &state
        && let Some(hash) = HASHES.lock().unwrap_or_else(PoisonError::into_inner).get(state)
    {
        return Ok((metadata.len(), *hash));
    }
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut length = 0;
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => {
                hasher.update(&buffer[..n]);
                length += n as u64;
            }
        }
    }
    let hash: [u8; 32] = hasher.finalize().into();
    // a file that changed while it was read is not cached
    if let (Some(before), Ok(after)) = (state, file.metadata())
        && self::state(path, &after).as_ref() == Some(&before)
    {
        HASHES.lock().unwrap_or_else(PoisonError::into_inner).insert(before, hash);
    }
    Ok((length, hash))
}

/// `bytes` as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(unix)]
fn state(path: &Path, metadata: &Metadata) -> Option<State> {
    use std::os::unix::fs::MetadataExt;
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    let at = SystemTime::UNIX_EPOCH + Duration::new(u64::try_from(changed.0).ok()?, u32::try_from(changed.1).ok()?);
    let settled = SystemTime::now().duration_since(at).is_ok_and(|age| age > SETTLED);
    let path = path.canonicalize().ok()?;
    settled.then_some(State { path, device: metadata.dev(), inode: metadata.ino(), length: metadata.len(), changed })
}

#[cfg(not(unix))]
fn state(_: &Path, _: &Metadata) -> Option<State> {
    let _ = (SETTLED, SystemTime::UNIX_EPOCH);
    None
}
