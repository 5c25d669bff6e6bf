//! [`digest_name`]: a name for a saved model that depends on its content alone.

use std::{
    fs::File,
    io::{self, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::{
    classifier::Classifier,
    saved_folder::{entries, name},
};
use crate::InstallError;

/// Hexadecimal digits of the digest in the name: 48 bits, enough for the models of one machine.
const DIGITS: usize = 12;

/// Returns `sparknlp-FAMILY-DIGEST`, such as `sparknlp-bert-0123456789ab`, for the token classifier saved at `folder`.
///
/// # Errors
/// Those of [`Classifier::find`]; [`InstallError::File`].
pub(crate) fn digest_name(folder: &Path) -> Result<String, InstallError> {
    let Classifier { folder, family, .. } = Classifier::find(folder)?;
    let mut hasher = Sha256::new();
    add(&folder, &folder, &mut hasher)?;
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("sparknlp-{}-{}", family.model_type, &digest[..DIGITS]))
}

/// Adds path, length and content of every file in `folder`. Hidden files are Hadoop's checksums, which a copy may lack.
fn add(root: &Path, folder: &Path, hasher: &mut Sha256) -> Result<(), InstallError> {
    for path in entries(folder)?.into_iter().filter(|path| !name(path).starts_with('.')) {
        if path.is_dir() {
            add(root, &path, hasher)?;
            continue;
        }
        let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        let mut file = File::open(&path).map_err(InstallError::file(&path))?;
        let length = file.metadata().map_err(InstallError::file(&path))?.len();
        // with the lengths no two folders give the same bytes
        hasher.update((inside.len() as u64).to_le_bytes());
        hasher.update(inside);
        hasher.update(length.to_le_bytes());
        io::copy(&mut file, &mut HashWriter(hasher)).map_err(InstallError::file(&path))?;
    }
    Ok(())
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
