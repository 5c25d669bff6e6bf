//! SHA-256 over the files that decide what a model finds, and over lists of texts.

use sha2::{Digest, Sha256};

use crate::{ModelError, ModelFiles};

use super::{
    deciding_files::JSON_FILES,
    file_hash::{hex, sha256},
};

impl ModelFiles {
    /// SHA-256 over names, lengths and SHA-256 of config.json, tokenizer.json, tokenizer_config.json, the ONNX file and
    /// its external data (what it names, and files beside it whose names begin with its own), as hexadecimal digits.
    /// Also of special_tokens_map.json and added_tokens.json, where these change tokens.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::Refused`] if the ONNX file is refused.
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
                for (name, bytes) in JSON_FILES.into_iter().filter_map(known).chain(self.embedded_onnx()) {
                    add(&mut hasher, name, bytes.len() as u64, &Sha256::digest(bytes));
                }
            }
        }
        Ok(hex(&hasher.finalize()))
    }
}

/// SHA-256 over `texts`, as hexadecimal digits. Lists that join to the same text have different digests.
#[must_use]
pub fn digest_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    texts.into_iter().for_each(|text| add(&mut hasher, text, 0, &[]));
    hex(&hasher.finalize())
}

/// Lengths go before names and hashes, so that no two lists of files give the same bytes.
fn add(hasher: &mut Sha256, name: &str, length: u64, hash: &[u8]) {
    hasher.update((name.len() as u64).to_le_bytes());
    hasher.update(name);
    hasher.update(length.to_le_bytes());
    hasher.update(hash);
}

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path};

    use super::*;

    #[test]
    fn every_deciding_file_changes_the_digest_and_the_versions() {
        let model = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/test_models/bert-cased"));
        let folder = tempfile::tempdir().unwrap();
        let (folder, onnx) = (folder.path().to_path_buf(), folder.path().join("model.onnx"));
        for name in ["config.json", "tokenizer.json", "onnx/model.onnx", "onnx/model.onnx_data"] {
            fs::copy(model.join(name), folder.join(name.trim_start_matches("onnx/"))).unwrap();
        }
        // external data may have any name
        let mut graph = fs::read(&onnx).unwrap();
        let (was, now) = (b"model.onnx_data", b"our-own-weights");
        while let Some(at) = graph.windows(was.len()).position(|bytes| bytes == was) {
            graph[at..at + was.len()].copy_from_slice(now);
        }
        fs::write(&onnx, graph).unwrap();
        fs::rename(folder.join("model.onnx_data"), folder.join("our-own-weights")).unwrap();
        let files = ModelFiles::Folder { folder: folder.clone(), onnx };
        let both = || (files.digest().unwrap(), files.versions().unwrap());
        let mut seen = vec![both()];
        assert!(seen[0].1.are_current());
        for name in ["config.json", "tokenizer.json", "our-own-weights", "tokenizer_config.json"] {
            let mut bytes = fs::read(folder.join(name)).unwrap_or_default();
            bytes.push(b' ');
            fs::write(folder.join(name), bytes).unwrap();
            assert!(!seen[seen.len() - 1].1.are_current(), "{name}");
            seen.push(both());
        }
        fs::write(folder.join("README.md"), "a card does not decide").unwrap();
        assert_eq!(both(), seen[4]);
        let digests: HashSet<_> = seen.iter().map(|(digest, _)| digest).collect();
        let versions: HashSet<_> = seen.iter().map(|(_, version)| version).collect();
        assert_eq!((digests.len(), versions.len()), (5, 5));
    }
}
