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
/// Ends the name of a model in the name of the folder to which it is moved aside, and what it is called in there. No name
/// of a model holds a plus, so that nothing that is unpacked is taken for it.
const ASIDE: &str = "+replaced";
const REPLACED: &str = "replaced";
/// A folder without a lock is that of a process which was stopped between two system calls, or is at it.
const UNLOCKED_AGE: Duration = Duration::from_secs(60 * 60);
/// How long a folder is made anew where a sweep takes it before its lock is held, and how long between two tries.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(1);

/// A folder `.spanframe-staging.NAME.xxxxxx` beside the place of the model `NAME`. Dropped, it is removed with all that is in it.
pub(crate) struct Staging {
    folder: TempDir,
    /// Closed, and so given up, after the folder is gone.
    _lock: File,
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
                Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(Self { folder, _lock: lock }),
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

    /// Shows the folder as `target` by one rename; the model that may be there is removed if `replace`. Where folders can
    /// change places, one of the two is there at every moment.
    pub(crate) fn show(self, target: &Path, replace: bool) -> Result<(), InstallError> {
        self.show_by(exchange, target, replace)
    }

    fn show_by(self, exchange: Exchange, target: &Path, replace: bool) -> Result<(), InstallError> {
        let name = || target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let exists = || InstallError::Exists { name: name() };
        let failed = |source: io::Error| match source.kind() {
            ErrorKind::AlreadyExists | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory => exists(),
            _ => InstallError::File { path: target.to_path_buf(), source },
        };
        sync(self.path()).map_err(InstallError::file(self.path()))?;
        let models = target.parent().unwrap_or(Path::new(""));
        let there = target.symlink_metadata().is_ok();
        if there && !replace {
            return Err(exists());
        }
        // from here on its age protects it
        let _ = fs::remove_file(self.path().join(LOCK));
        // some file systems sync no folders
        let sync_names = || drop(File::open(models).and_then(|folder| folder.sync_all()));
        if there && exchange(self.path(), target).is_ok() {
            sync_names();
            // what was replaced has the place of this folder now and goes with it, also if it was no folder
            let _ = fs::remove_file(self.path());
            return Ok(());
        }
        let aside = match there {
            true => Some(Self::new(models, &(name() + ASIDE))?),
            false => None,
        };
        let old = aside.as_ref().map(|aside| aside.path().join(REPLACED));
        if let Some(old) = &old {
            fs::rename(target, old).map_err(failed)?;
        }
        if let Err(source) = fs::rename(self.path(), target) {
            if let Some(old) = &old {
                let _ = fs::rename(old, target);
            }
            return Err(failed(source));
        }
        let _ = self.folder.keep();
        sync_names();
        Ok(())
    }
}

/// Lets two folders change places in one step.
type Exchange = fn(&Path, &Path) -> io::Result<()>;

#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
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

/// Removes the folders of [`Staging`]s whose process is gone, and puts back the models that these were replacing. What cannot
/// be looked at is left.
pub(crate) fn sweep(models: &Path) {
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
        if dead && put_back(models, &folder) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

/// Puts back the model that was moved aside to `folder`, if there is one and no other has its place. Gives whether nothing
/// is lost with the folder.
fn put_back(models: &Path, folder: &Path) -> bool {
    let old = folder.join(REPLACED);
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_prefix(PREFIX).and_then(|name| name.rsplit_once('.'));
    let Some(name) = name.and_then(|(name, _)| name.strip_suffix(ASIDE)) else { return true };
    let target = models.join(name);
    if old.symlink_metadata().is_ok() && target.symlink_metadata().is_err() {
        let _ = fs::rename(&old, &target);
    }
    old.symlink_metadata().is_err() || target.symlink_metadata().is_ok()
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

    fn unsupported(_: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Replaces `target` by a folder with the file `f` of that content.
    fn show(exchange: Exchange, target: &Path, content: &str, replace: bool) -> bool {
        let staging = Staging::new(target.parent().unwrap(), "m").unwrap();
        fs::write(staging.path().join("f"), content).unwrap();
        staging.show_by(exchange, target, replace).is_ok()
    }

    #[test]
    fn a_model_is_replaced_when_asked_alone() {
        for by in [exchange, unsupported] {
            let models = tempfile::tempdir().unwrap();
            let target = models.path().join("m");
            for (content, replace, expect) in [("1", false, "1"), ("2", false, "1"), ("3", true, "3")] {
                assert_eq!(show(by, &target, content, replace), content == expect);
                assert_eq!(fs::read_to_string(target.join("f")).unwrap(), expect);
                assert_eq!(fs::read_dir(models.path()).unwrap().count(), 1);
            }
            // a file that has the name makes way too
            fs::remove_dir_all(&target).unwrap();
            fs::write(&target, "no folder").unwrap();
            assert!(show(by, &target, "4", true));
            assert_eq!(fs::read_to_string(target.join("f")).unwrap(), "4");
            assert_eq!(fs::read_dir(models.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_model_is_there_at_every_moment_of_its_replacement() {
        let models = tempfile::tempdir().unwrap();
        let target = models.path().join("m");
        assert!(show(exchange, &target, "0", false));
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
            let all = (1..200).all(|n| show(exchange, &target, &n.to_string(), true));
            done.store(true, Ordering::Relaxed);
            (all, watcher.join().unwrap())
        });
        assert!(looks.0 && looks.1 > 0);
        assert_eq!(fs::read_to_string(target.join("f")).unwrap(), "199");
    }

    #[test]
    fn a_replacement_that_was_killed_is_put_back() {
        let models = tempfile::tempdir().unwrap();
        let folder = |name: &str, file: &str| {
            let folder = models.path().join(name);
            fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
            fs::write(folder.join(file), name).unwrap();
            fs::write(folder.join(LOCK), "").unwrap();
            folder
        };
        // between its two renames, and after the second
        folder(".spanframe-staging.half.v2+replaced.abc123", "replaced/f");
        folder(".spanframe-staging.whole+replaced.abc123", "replaced/f");
        folder("whole", "f");
        // an archive may hold what it likes
        folder(".spanframe-staging.unpacked.abc123", "replaced/f");
        sweep(models.path());
        let mut left: Vec<_> = fs::read_dir(models.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        left.sort();
        assert_eq!(left, ["half.v2", "whole"]);
        let content = |name: &str| fs::read_to_string(models.path().join(name).join("f")).unwrap();
        assert_eq!(content("half.v2"), ".spanframe-staging.half.v2+replaced.abc123");
        assert_eq!(content("whole"), "whole");
    }
}
