//! Installed models as archives, for machines that reach no network.

use std::{
    io,
    path::{Path, PathBuf},
};

use spanframe_model::{MANIFEST, Manifest};

use crate::{InstallError, archive};

/// Writes the model in `folder`, whose manifest has been verified, to `target`: `.zip`, `.tar.gz` or `.tgz`.
pub(crate) fn pack(folder: &Path, manifest: &Manifest, target: &Path) -> Result<(), InstallError> {
    if !archive::is_archive(target) {
        return Err(InstallError::WrongKind {
            path: target.display().to_string(),
            reason: "is no name of an archive: end it with .tar.gz, .tgz or .zip",
        });
    }
    let name = archive::stem(target);
    let mut files: Vec<String> = manifest.files.iter().map(|file| file.path.clone()).collect();
    files.push(MANIFEST.to_string());
    let above = target.parent().filter(|above| !above.as_os_str().is_empty()).map_or(PathBuf::from("."), PathBuf::from);
    let write = || -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the user's umask
        let mut output = builder.tempfile_in(&above)?;
        match archive::is_tar_name(target) {
            true => archive::pack_tar(folder, &files, &name, output.as_file_mut())?,
            false => archive::pack_zip(folder, &files, &name, output.as_file_mut())?,
        }
        output.as_file().sync_all()?;
        output.persist_noclobber(target).map_err(|e| e.error)?;
        Ok(())
    };
    write().map_err(InstallError::file(target))
}
