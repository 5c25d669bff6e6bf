//! Gives a finished file its name, so that readers see the whole file or none.
//!
//! Without `replace`, exactly one of several writers gets the name. The way depends on the file system:
//!
//! | it has | way |
//! |---|---|
//! | renames that never replace | one rename (`renameat2` with `RENAME_NOREPLACE`) |
//! | hard links | a link under the name, which fails if the name is taken; then the old name goes |
//! | neither: some FUSE mounts | a claim, which one process at a time can create; a look; a rename |
//!
//! ```text
//! claim   create .NAME.spanframe-claim, never over a file -> is NAME there? -> rename to NAME -> remove the claim
//! ```

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use tempfile::NamedTempFile;

use super::lacks::lacks_call;
use crate::StoreError;

/// How long to wait for the claim of another process.
const PATIENCE: Duration = Duration::from_secs(30);

/// Pause between two looks at it.
const PAUSE: Duration = Duration::from_millis(20);

/// A file that gets its name.
pub struct Finished<'p> {
    pub file: NamedTempFile,
    pub target: &'p Path,
    /// The target as messages show it.
    pub url: &'p str,
}

impl Finished<'_> {
    /// Takes the name, also from another file.
    pub fn replace(self) -> io::Result<()> {
        let Self { file, target, url } = self;
        file.persist(target).map(drop).map_err(|e| match lacks_call(&e.error) {
            true => StoreError::NoRename { url: url.to_string(), reason: e.error.to_string() }.into(),
            false => e.error,
        })
    }

    /// Takes the name unless another file has it. Returns `false` and discards the file in that case.
    pub fn take(self) -> io::Result<bool> {
        let Self { file, target, url } = self;
        match file.persist_noclobber(target) {
            Ok(_) => Ok(true),
            Err(e) if e.error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(e) if lacks_call(&e.error) => Finished { file: e.file, target, url }.take_by_claim(),
            Err(e) => Err(e.error),
        }
    }

    fn take_by_claim(self) -> io::Result<bool> {
        let Some(_claim) = Claim::new(&self, PATIENCE)? else { return Ok(false) };
        // looked up under the claim: a writer before may have been faster
        if self.target.symlink_metadata().is_ok() {
            return Ok(false);
        }
        self.replace().map(|()| true)
    }
}

/// Writes `file` through to the disk and names it `target`, unless a file has that name: `false` then. Both must be on
/// one file system.
///
/// # Errors
/// [`StoreError::NoRename`], [`StoreError::Claimed`] and the other errors of the file system.
pub fn publish_new(file: NamedTempFile, target: &Path) -> Result<bool, StoreError> {
    let url = target.display().to_string();
    let named = super::sync(file.as_file()).and_then(|()| Finished { file, target, url: &url }.take());
    named.map_err(|e| StoreError::from_io(&url, e))
}

/// The right to name a file, until it is dropped.
struct Claim(PathBuf);

impl Claim {
    /// Waits for the claim on a target. `None` if the target is there, made by the holder of the claim.
    ///
    /// # Errors
    /// [`StoreError::Claimed`] if the claim stays for `patience`, since its process was killed.
    fn new(finished: &Finished<'_>, patience: Duration) -> io::Result<Option<Self>> {
        let Finished { target, url, .. } = *finished;
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let place = target.with_file_name(format!(".{name}.spanframe-claim"));
        let start = Instant::now();
        loop {
            match File::create_new(&place) {
                Ok(_) => return Ok(Some(Self(place))),
                Err(e) if e.kind() != ErrorKind::AlreadyExists => return Err(e),
                Err(_) if target.symlink_metadata().is_ok() => return Ok(None),
                Err(_) if start.elapsed() < patience => thread::sleep(PAUSE),
                Err(_) => {
                    let claim = place.display().to_string();
                    return Err(StoreError::Claimed { url: url.to_string(), claim }.into());
                }
            }
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // if it stays, the next writer names it in its error
        let _ = fs::remove_file(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn finished<'p>(folder: &Path, target: &'p Path, text: &str) -> Finished<'p> {
        let mut file = NamedTempFile::new_in(folder).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Finished { file, target, url: "target" }
    }

    #[test]
    fn of_several_claims_one_gives_the_name() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let target = folder.path().join(format!("target-{round}"));
            let take = |writer: usize| finished(folder.path(), &target, &format!("{writer}")).take_by_claim().unwrap();
            let won: Vec<usize> = thread::scope(|scope| {
                let writers: Vec<_> = (0..8).map(|writer| scope.spawn(move || take(writer))).collect();
                writers.into_iter().enumerate().filter_map(|(i, w)| w.join().unwrap().then_some(i)).collect()
            });
            assert_eq!(won.len(), 1, "{won:?}");
            assert_eq!(fs::read_to_string(&target).unwrap(), won[0].to_string());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 50, "no claim and no partial file is left");
    }

    #[test]
    fn a_claim_that_a_killed_process_left_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        let claim = folder.path().join(".target.spanframe-claim");
        fs::write(&claim, "").unwrap();
        let finished = finished(folder.path(), &target, "text");
        let error = Claim::new(&finished, Duration::ZERO).err().unwrap().to_string();
        assert!(error.contains("about to write `target`") && error.contains(&claim.display().to_string()), "{error}");
        fs::remove_file(&claim).unwrap();
        assert!(finished.take_by_claim().unwrap() && target.exists() && !claim.exists());
    }

    #[test]
    fn a_target_that_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("target");
        fs::write(&target, "first").unwrap();
        assert!(!finished(folder.path(), &target, "second").take_by_claim().unwrap());
        assert!(!finished(folder.path(), &target, "third").take().unwrap());
        assert_eq!(fs::read_to_string(&target).unwrap(), "first");
    }
}
