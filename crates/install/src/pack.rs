//! [`pack`]: a model as an archive, for machines without a network.

use std::path::{Path, PathBuf};

use spanframe_model::{MANIFEST, Manifest};
use spanframe_store::publish_new;

use crate::{
    InstallError, StopCheck,
    archive::{self, ArchiveFormat, PackedFolder},
};

/// Writes the model in `folder`, which equals its `manifest`, to the new archive `target`. The archive appears whole,
/// by one rename.
///
/// # Errors
/// [`InstallError::WrongKind`] for a name that does not end in `.zip`, `.tar.gz` or `.tgz`, and for one that exists;
/// [`InstallError::File`] and [`InstallError::Store`] if it cannot be written.
pub(crate) fn pack(folder: &Path, manifest: &Manifest, target: &Path, stop: &StopCheck) -> Result<(), InstallError> {
    let refused = |reason| InstallError::WrongKind { path: target.display().to_string(), reason };
    let Some(format) = ArchiveFormat::of(target) else {
        return Err(refused("does not have the name of an archive: end it with .tar.gz, .tgz or .zip"));
    };
    let mut files: Vec<String> = manifest.files.iter().map(|file| file.path.clone()).collect();
    files.push(MANIFEST.to_string());
    let source = PackedFolder { folder, files: &files, name: &archive::stem(target), stop };
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.map_or(PathBuf::from("."), PathBuf::from);
    let mut builder = tempfile::Builder::new();
    // the permissions of any new file; the kernel subtracts the user's umask
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let write = || {
        let mut output = builder.tempfile_in(&parent)?;
        archive::pack(format, &source, output.as_file_mut())?;
        Ok(output)
    };
    match publish_new(write().map_err(InstallError::file(target))?, target)? {
        true => Ok(()),
        false => Err(refused("exists: name another archive, or remove it")),
    }
}
