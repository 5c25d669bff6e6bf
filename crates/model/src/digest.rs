//! One number for the files that decide what a model finds.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    ModelError, ModelFiles,
    file_hash::{hex, sha256},
};

/// Beside the ONNX file and its external data.
const READ: [&str; 3] = ["config.json", "tokenizer.json", "tokenizer_config.json"];

impl ModelFiles {
    /// SHA-256 over names, lengths and SHA-256 of config.json, tokenizer.json, tokenizer_config.json, the ONNX file and its
    /// external data (files beside it whose names begin with its own), as hexadecimal digits.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub fn digest(&self) -> Result<String, ModelError> {
        let mut hasher = Sha256::new();
        match self {
            Self::Folder { .. } => {
                for path in self.deciding()? {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    let (length, hash) = sha256(&path).map_err(|source| ModelError::Read { path, source })?;
                    add(&mut hasher, &name, length, &hash);
                }
            }
            Self::Embedded { files, .. } => {
                let known = |wanted: &str| files.iter().find(|(name, _)| *name == wanted).copied();
                for (name, bytes) in READ.into_iter().filter_map(known).chain(self.embedded_onnx()) {
                    add(&mut hasher, name, bytes.len() as u64, &Sha256::digest(bytes));
                }
            }
        }
        Ok(hex(&hasher.finalize()))
    }

    /// The files of a folder that decide what it finds; none for a model that is part of the program.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub(crate) fn deciding(&self) -> Result<Vec<PathBuf>, ModelError> {
        let Self::Folder { folder, onnx } = self else { return Ok(Vec::new()) };
        let mut found: Vec<PathBuf> = READ.map(|name| folder.join(name)).into_iter().filter(|p| p.exists()).collect();
        found.extend(with_external_data(onnx)?);
        Ok(found)
    }
}

/// SHA-256 over texts, of which no two lists give the same, as hexadecimal digits.
#[must_use]
pub fn digest_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    texts.into_iter().for_each(|text| add(&mut hasher, text, 0, &[]));
    hex(&hasher.finalize())
}

/// Name and length go first, so that no two lists of files give the same bytes.
fn add(hasher: &mut Sha256, name: &str, length: u64, hash: &[u8]) {
    hasher.update((name.len() as u64).to_le_bytes());
    hasher.update(name);
    hasher.update(length.to_le_bytes());
    hasher.update(hash);
}

fn with_external_data(onnx: &Path) -> Result<Vec<PathBuf>, ModelError> {
    let folder = onnx.parent().unwrap_or(Path::new(""));
    let stem = onnx.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |source: io::Error| ModelError::Read { path: folder.to_path_buf(), source };
    let mut found = Vec::new();
    for entry in fs::read_dir(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(&stem) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_decides_changes_the_digest() {
        let folder = std::env::temp_dir().join(format!("spanframe-digest-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let files = ModelFiles::Folder { folder: folder.clone(), onnx: folder.join("model.onnx") };
        let mut seen = Vec::new();
        for name in ["model.onnx", "model.onnx_data", "config.json", "tokenizer.json", "tokenizer_config.json"] {
            fs::write(folder.join(name), name).unwrap();
            seen.push(files.digest().unwrap());
        }
        fs::write(folder.join("model.onnx_data"), "other").unwrap();
        seen.push(files.digest().unwrap());
        fs::write(folder.join("README.md"), "a card decides nothing").unwrap();
        assert_eq!(files.digest().unwrap(), seen[5]);
        fs::remove_dir_all(&folder).unwrap();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6);
    }
}
