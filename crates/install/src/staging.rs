//! [`Staging`]: a hidden folder in which a model is put together, gone unless it is shown.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::InstallError;

/// Begins the names of these folders, and of nothing else: what is swept must be ours, whatever else is kept beside the models.
const PREFIX: &str = ".spanframe-staging.";
/// Held open and locked while a folder is worked on: what can be locked by another belongs to nobody alive.
const LOCK: &str = ".lock";
/// A folder without a lock is that of a process which was stopped between two system calls, or is at it.
const UNLOCKED_AGE: Duration = Duration::from_secs(60 * 60);
/// How long a folder is made anew where a sweep takes it before its lock is held, and how long between two tries.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// A folder `.spanframe-staging.NAME.xxxxxx` beside the place of the model `NAME`. Dropped, it is removed with all that is in it.
pub(crate) struct Staging {
    folder: TempDir,
    lock: File,
}

impl Staging {
    /// Makes one in `models`, which is made where it is absent, and sweeps those of processes that were killed.
    pub(crate) fn new(models: &Path, name: &str) -> Result<Self, InstallError> {
        fs::create_dir_all(models).map_err(InstallError::file(models))?;
        sweep(models);
        let make = || -> io::Result<Self> {
            let mut builder = tempfile::Builder::new();
            let prefix = format!("{PREFIX}{name}.");
            builder.prefix(&prefix);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777)); // less the user's umask
            let folder = builder.tempdir_in(models)?;
            let path = folder.path().join(LOCK);
            let lock = File::create_new(&path)?;
            match lock.try_lock() {
                Ok(()) if !path.exists() => Err(ErrorKind::NotFound.into()),
                Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(Self { folder, lock }),
                Err(fs::TryLockError::WouldBlock) => Err(ErrorKind::NotFound.into()),
            }
        };
        let begun = Instant::now();
        loop {
            match make() {
                Err(e) if e.kind() == ErrorKind::NotFound && begun.elapsed() < PATIENCE => thread::sleep(PAUSE),
                made => return made.map_err(InstallError::file(models)),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Shows the folder as `target` by one rename; the model that may be there is removed if `replace`.
    pub(crate) fn show(self, target: &Path, replace: bool) -> Result<(), InstallError> {
        let name = || target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let exists = || InstallError::Exists { name: name() };
        let failed = |source: io::Error| match source.kind() {
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory => exists(),
            _ => InstallError::File { path: target.to_path_buf(), source },
        };
        sync(self.path()).map_err(InstallError::file(self.path()))?;
        let models = target.parent().unwrap_or(Path::new(""));
        let old = match target.symlink_metadata() {
            Ok(_) if !replace => return Err(exists()),
            // moved aside first: a folder cannot be replaced by one rename
            Ok(_) => {
                let aside = Self::new(models, &name())?;
                fs::rename(target, aside.path().join("replaced")).map_err(failed)?;
                Some(aside)
            }
            Err(_) => None,
        };
        let _ = fs::remove_file(self.path().join(LOCK));
        if let Err(source) = fs::rename(self.path(), target) {
            if let Some(aside) = old {
                let _ = fs::rename(aside.path().join("replaced"), target);
            }
            return Err(failed(source));
        }
        let Self { folder, lock } = self;
        let _ = folder.keep();
        drop(lock);
        match File::open(models).and_then(|folder| folder.sync_all()) {
            // some file systems sync no folders
            Err(_) | Ok(()) => Ok(()),
        }
    }
}

/// Writes all files below `folder` through to the disk, so that a power cut leaves a whole model or none.
fn sync(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync(&entry.path())?,
            false => File::open(entry.path())?.sync_all()?,
        }
    }
    Ok(())
}

/// Removes the folders of [`Staging`]s whose process is gone. What cannot be looked at is left.
fn sweep(models: &Path) {
    let Ok(entries) = fs::read_dir(models) else { return };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for folder in ours.map(|entry| entry.path()).filter(|path| path.is_dir()) {
        // held until the folder is gone
        let lock = File::options().write(true).open(folder.join(LOCK));
        let dead = match &lock {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => {
                let changed = fs::metadata(&folder).and_then(|metadata| metadata.modified());
                changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > UNLOCKED_AGE))
            }
        };
        if dead {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

#[cfg(test)]
mod tests {
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
        second.show(&models.path().join("second"), false).unwrap();
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
                        // each sweeps as it begins
                        let staging = Staging::new(models, "m").unwrap();
                        fs::write(staging.path().join("f"), "").unwrap();
                        staging.show(&models.join(format!("{worker}-{n}")), false).unwrap();
                    }
                });
            }
        });
        let kept = fs::read_dir(models.path()).unwrap().flatten().filter(|model| model.path().join("f").exists());
        assert_eq!(kept.count(), 200);
    }

    #[test]
    fn a_model_is_replaced_when_asked_alone() {
        let models = tempfile::tempdir().unwrap();
        let target = models.path().join("m");
        for (content, replace, expect) in [("1", false, "1"), ("2", false, "1"), ("3", true, "3")] {
            let staging = Staging::new(models.path(), "m").unwrap();
            fs::write(staging.path().join("f"), content).unwrap();
            assert_eq!(staging.show(&target, replace).is_ok(), content == expect);
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), expect);
            assert_eq!(fs::read_dir(models.path()).unwrap().count(), 1);
        }
    }
}
