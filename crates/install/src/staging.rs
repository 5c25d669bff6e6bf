//! [`Staging`]: a hidden folder in which a model is put together. It disappears unless it is published.

mod exchange;
mod name;
mod sweep;

use std::{
    fs::{self, File, TryLockError},
    io::{self, ErrorKind},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use spanframe_store::lacks_call;
use tempfile::TempDir;

pub(crate) use self::sweep::sweep;
use self::{
    exchange::{Exchange, exchange},
    name::{LOCK, PREFIX, REPLACED},
};
use crate::InstallError;

/// Longest time for creating a folder that sweeps of other processes take away, and the pause between two attempts.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// A locked folder `.spanframe-staging.NAME.xxxxxx` beside the place of the model `NAME`. Dropping it removes it.
///
/// It is on the file system of its target, so that one rename publishes it:
///
/// ```text
/// 1. fsync every file
/// 2. remove .lock
/// 3. no model in the place:   rename(staging, target)
///    a model, on Linux:       exchange(staging, target), then remove the old one
///    a model, elsewhere:      rename(target, aside/replaced), rename(staging, target), then remove the old one
/// ```
///
/// A process can die between any two steps. The next one sweeps what is left; in the last case it puts the old model
/// back unless the new one is there.
pub(crate) struct Staging {
    folder: TempDir,
    /// Released when the process closes it, after the folder is gone: fields are dropped in this order.
    _lock: File,
}

impl Staging {
    /// Sweeps `models`, created if it is absent, and creates a folder for the model `name` in it.
    ///
    /// # Errors
    /// [`InstallError::Home`].
    pub(crate) fn new(models: &Path, name: &str) -> Result<Self, InstallError> {
        let failed = |source| InstallError::Home { path: models.to_path_buf(), source };
        fs::create_dir_all(models).map_err(failed)?;
        sweep(models);
        let started = Instant::now();
        loop {
            match Self::create(models, name) {
                Err(e) if e.kind() == ErrorKind::NotFound && started.elapsed() < PATIENCE => thread::sleep(PAUSE),
                created => return created.map_err(failed),
            }
        }
    }

    /// Creates the folder and locks it. `NotFound` if the sweep of another process took it before the lock was held.
    fn create(models: &Path, name: &str) -> io::Result<Self> {
        let prefix = format!("{PREFIX}{name}.");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix);
        // the permissions of any new folder; the kernel subtracts the user's umask
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
        let folder = builder.tempdir_in(models)?;
        let path = folder.path().join(LOCK);
        let lock = File::create_new(&path)?;
        match lock.try_lock() {
            Ok(()) if !path.exists() => Err(ErrorKind::NotFound.into()),
            // some file systems have no locks: there the age of the folder protects it
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Self { folder, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Makes the folder visible as `target`. A model in that place is removed if `replace`; on Linux one of the two is
    /// there at every moment.
    ///
    /// # Errors
    /// [`InstallError::Exists`] for a model in that place, [`InstallError::File`].
    pub(crate) fn publish(self, target: &Path, replace: bool) -> Result<(), InstallError> {
        self.publish_by(exchange, target, replace)
    }

    fn publish_by(self, exchange: Exchange, target: &Path, replace: bool) -> Result<(), InstallError> {
        sync_files(self.path()).map_err(InstallError::file(self.path()))?;
        let is_taken = target.symlink_metadata().is_ok();
        if is_taken && !replace {
            return Err(exists(target));
        }
        // a model has no lock file; until the rename the age of the folder protects it from sweeps
        let _ = fs::remove_file(self.path().join(LOCK));
        if is_taken && exchange(self.path(), target).is_ok() {
            sync_names(target);
            // the old model is in this folder now and goes when `self` is dropped; a file has to be removed as one
            let _ = fs::remove_file(self.path());
            return Ok(());
        }
        self.rename_to(target, is_taken)
    }

    /// Renames the folder to `target`, with the old model moved aside first if the place is taken.
    fn rename_to(self, target: &Path, is_taken: bool) -> Result<(), InstallError> {
        let aside = match is_taken {
            true => Some(Self::new(parent(target), &name::aside(&model_name(target)))?),
            false => None,
        };
        let old = aside.as_ref().map(|aside| aside.path().join(REPLACED));
        if let Some(old) = &old {
            fs::rename(target, old).map_err(|e| renaming_failed(target, e))?;
        }
        if let Err(error) = fs::rename(self.path(), target) {
            if let Some(old) = &old {
                let _ = fs::rename(old, target);
            }
            return Err(renaming_failed(target, error));
        }
        let _ = self.folder.keep();
        sync_names(target);
        Ok(())
    }
}

fn parent(target: &Path) -> &Path {
    target.parent().unwrap_or(Path::new(""))
}

fn model_name(target: &Path) -> String {
    target.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn exists(target: &Path) -> InstallError {
    InstallError::Exists { name: model_name(target) }
}

/// The error of a rename to `target`. Another process may have published a model there in the meantime.
fn renaming_failed(target: &Path, source: io::Error) -> InstallError {
    match source.kind() {
        ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory => exists(target),
        _ if lacks_call(&source) => InstallError::NoRename { path: target.to_path_buf(), source },
        _ => InstallError::File { path: target.to_path_buf(), source },
    }
}

/// Writes all files in `folder` through to the disk, where it can, so that a power cut leaves a whole model or none.
fn sync_files(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_files(&entry.path())?,
            false => spanframe_store::sync(&File::open(entry.path())?)?,
        }
    }
    Ok(())
}

/// Writes the renamed folder through to the disk, where the file system can.
fn sync_names(target: &Path) {
    drop(File::open(parent(target)).and_then(|folder| folder.sync_all()));
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn what_a_killed_process_left_is_swept_and_the_living_are_not() {
        let models = tempfile::tempdir().unwrap();
        let dead = models.path().join(format!("{PREFIX}dead.abc123"));
        fs::create_dir(&dead).unwrap();
        fs::write(dead.join(LOCK), "").unwrap();
        fs::write(dead.join("model.onnx"), "half").unwrap();
        let living = Staging::new(models.path(), "living").unwrap();
        let second = Staging::new(models.path(), "second").unwrap();
        assert!(!dead.exists() && living.path().exists());
        fs::write(second.path().join("config.json"), "{}").unwrap();
        second.publish(&models.path().join("second"), false).unwrap();
        drop(living);
        let left: Vec<_> = fs::read_dir(models.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(left, ["second"]);
    }

    #[test]
    fn many_begin_at_once() {
        let models = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for worker in 0..4 {
                let models = models.path();
                scope.spawn(move || {
                    for n in 0..50 {
                        // each sweeps first
                        let staging = Staging::new(models, "m").unwrap();
                        fs::write(staging.path().join("f"), "").unwrap();
                        staging.publish(&models.join(format!("{worker}-{n}")), false).unwrap();
                    }
                });
            }
        });
        let kept = fs::read_dir(models.path()).unwrap().flatten().filter(|model| model.path().join("f").exists());
        assert_eq!(kept.count(), 200);
    }

    fn unsupported(_: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Publishes a folder with the file `f` of that content as `target`. True if it succeeds.
    fn publish(exchange: Exchange, target: &Path, content: &str, replace: bool) -> bool {
        let staging = Staging::new(target.parent().unwrap(), "m").unwrap();
        fs::write(staging.path().join("f"), content).unwrap();
        staging.publish_by(exchange, target, replace).is_ok()
    }

    #[test]
    fn a_model_is_replaced_when_asked_alone() {
        for by in [exchange, unsupported] {
            let models = tempfile::tempdir().unwrap();
            let target = models.path().join("m");
            for (content, replace, expect) in [("1", false, "1"), ("2", false, "1"), ("3", true, "3")] {
                assert_eq!(publish(by, &target, content, replace), content == expect);
                assert_eq!(fs::read_to_string(target.join("f")).unwrap(), expect);
                assert_eq!(fs::read_dir(models.path()).unwrap().count(), 1);
            }
            // a file in the place is replaced too
            fs::remove_dir_all(&target).unwrap();
            fs::write(&target, "no folder").unwrap();
            assert!(publish(by, &target, "4", true));
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), "4");
            assert_eq!(fs::read_dir(models.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_model_is_there_at_every_moment_of_its_replacement() {
        let models = tempfile::tempdir().unwrap();
        let target = models.path().join("m");
        assert!(publish(exchange, &target, "0", false));
        let pair = ["a", "b"].map(|name| models.path().join(name));
        for folder in &pair {
            fs::create_dir(folder).unwrap();
        }
        if let Err(e) = exchange(&pair[0], &pair[1]) {
            eprintln!("skipped: no folders change places here ({e})");
            return;
        }
        let done = AtomicBool::new(false);
        let looks = thread::scope(|scope| {
            let watcher = scope.spawn(|| {
                let mut looks = 0;
                while !done.load(Ordering::Relaxed) {
                    assert!(target.is_dir(), "after {looks} looks");
                    looks += 1;
                }
                looks
            });
            let all = (1..200).all(|n| publish(exchange, &target, &n.to_string(), true));
            done.store(true, Ordering::Relaxed);
            (all, watcher.join().unwrap())
        });
        assert!(looks.0 && looks.1 > 0);
        assert_eq!(fs::read_to_string(target.join("f")).unwrap(), "199");
    }
}
