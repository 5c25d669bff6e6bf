//! [`sweep`]: removes what killed processes left in the folder of models.

use std::{
    fs::{self, File},
    path::Path,
    time::Duration,
};

use super::name::{LOCK, PREFIX, REPLACED, replaced_model};

/// Age from which a staging folder without a lock file counts as dead. A living one has no lock file for two moments:
/// right after its creation, and right before its last rename.
const UNLOCKED_AGE: Duration = Duration::from_secs(60 * 60);

/// Removes the staging folders of dead processes in `models`, and puts back the models that they were replacing.
/// Folders that cannot be examined stay.
pub(crate) fn sweep(models: &Path) {
    let Ok(entries) = fs::read_dir(models) else { return };
    let ours = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    for folder in ours.map(|entry| entry.path()).filter(|path| path.is_dir()) {
        // the lock is held until the folder is gone, so that two sweeps never work on one folder
        let lock = File::options().write(true).open(folder.join(LOCK));
        let is_dead = match &lock {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(_) => is_old(&folder),
        };
        if is_dead && put_back(models, &folder) {
            let _ = fs::remove_dir_all(&folder);
        }
    }
}

fn is_old(folder: &Path) -> bool {
    let changed = fs::metadata(folder).and_then(|metadata| metadata.modified());
    changed.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > UNLOCKED_AGE))
}

/// Moves the old model in the staging folder `folder` back to its place, unless a model is there. Returns true if the
/// folder can be removed without losing a model.
fn put_back(models: &Path, folder: &Path) -> bool {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let Some(model) = replaced_model(&name) else { return true };
    let (old, target) = (folder.join(REPLACED), models.join(model));
    if old.symlink_metadata().is_ok() && target.symlink_metadata().is_err() {
        let _ = fs::rename(&old, &target);
    }
    old.symlink_metadata().is_err() || target.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        // killed between the two renames, and after the second
        folder(".spanframe-staging.half.v2+replaced.abc123", "replaced/f");
        folder(".spanframe-staging.whole+replaced.abc123", "replaced/f");
        folder("whole", "f");
        // an archive may hold a folder of that name
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
