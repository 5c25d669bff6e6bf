//! One number for the files that decide what a model finds.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use sha2::{Digest, Sha256};

use crate::{
    Graph, ModelError, ModelFiles,
    integrity::file_hash::{hex, sha256},
    integrity::manifest::MANIFEST,
};

/// Beside the ONNX file and its external data.
const READ: [&str; 3] = ["config.json", "tokenizer.json", "tokenizer_config.json"];

/// Time and size of each file that decides what a model finds, and of its manifest, absent ones included: a folder in which they
/// differ is another model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Version(Vec<(PathBuf, Option<Stamp>)>);

type Stamp = (SystemTime, u64);

impl Version {
    /// Whether the files are still those. No file is read for that.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.0.iter().all(|(file, known)| stamp(file) == *known)
    }
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = file.metadata().ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl ModelFiles {
    /// SHA-256 over names, lengths and SHA-256 of config.json, tokenizer.json, tokenizer_config.json, the ONNX file and its
    /// external data (what it names, and files beside it whose names begin with its own), as hexadecimal digits.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::Refused`] for a file that is no ONNX file, or has its data elsewhere.
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

    /// What tells this model from the one that the same files were before.
    ///
    /// # Errors
    /// As [`digest`](Self::digest).
    pub fn version(&self) -> Result<Version, ModelError> {
        let Self::Folder { folder, onnx } = self else { return Ok(Version(Vec::new())) };
        let beside = READ.into_iter().chain([MANIFEST]).map(|name| folder.join(name));
        let files = beside.chain(with_external_data(onnx)?);
        Ok(Version(files.map(|file| (file.clone(), stamp(&file))).collect()))
    }

    /// The files of a folder that decide what it finds; none for a model that is part of the program.
    ///
    /// # Errors
    /// As [`digest`](Self::digest).
    pub(crate) fn deciding(&self) -> Result<Vec<PathBuf>, ModelError> {
        let Self::Folder { folder, onnx } = self else { return Ok(Vec::new()) };
        let read = READ.map(|name| folder.join(name)).into_iter().filter(|path| path.exists());
        Ok(read.chain(with_external_data(onnx)?).collect())
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

/// The ONNX file, the data that it names, and files that are named as its data usually is, in the order of their names.
fn with_external_data(onnx: &Path) -> Result<BTreeSet<PathBuf>, ModelError> {
    let beside = match onnx.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |source| ModelError::Read { path: beside.to_path_buf(), source };
    let stem = onnx.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found: BTreeSet<PathBuf> = Graph::check(onnx)?.external.iter().map(|name| beside.join(name)).collect();
    for entry in fs::read_dir(beside).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&stem)) && path.is_file() {
            found.insert(path);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_file_that_decides_changes_the_digest_and_the_version() {
        let model = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/test_models/bert-cased"));
        let folder = tempfile::tempdir().unwrap();
        let (folder, onnx) = (folder.path().to_path_buf(), folder.path().join("model.onnx"));
        for name in ["config.json", "tokenizer.json", "onnx/model.onnx", "onnx/model.onnx_data"] {
            fs::copy(model.join(name), folder.join(name.trim_start_matches("onnx/"))).unwrap();
        }
        // weights may have any name: the graph says which
        let mut graph = fs::read(&onnx).unwrap();
        let (was, now) = (b"model.onnx_data", b"our-own-weights");
        while let Some(at) = graph.windows(was.len()).position(|bytes| bytes == was) {
            graph[at..at + was.len()].copy_from_slice(now);
        }
        fs::write(&onnx, graph).unwrap();
        fs::rename(folder.join("model.onnx_data"), folder.join("our-own-weights")).unwrap();
        let files = ModelFiles::Folder { folder: folder.clone(), onnx };
        let both = || (files.digest().unwrap(), files.version().unwrap());
        let mut seen = vec![both()];
        assert!(seen[0].1.is_current());
        for name in ["config.json", "tokenizer.json", "our-own-weights", "tokenizer_config.json"] {
            let mut bytes = fs::read(folder.join(name)).unwrap_or_default();
            bytes.push(b' ');
            fs::write(folder.join(name), bytes).unwrap();
            assert!(!seen[seen.len() - 1].1.is_current(), "{name}");
            seen.push(both());
        }
        fs::write(folder.join("README.md"), "a card decides nothing").unwrap();
        assert_eq!(both(), seen[4]);
        let digests: HashSet<_> = seen.iter().map(|(digest, _)| digest).collect();
        let versions: HashSet<_> = seen.iter().map(|(_, version)| version).collect();
        assert_eq!((digests.len(), versions.len()), (5, 5));
    }
}
