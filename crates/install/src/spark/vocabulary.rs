//! [`Vocabulary`]: the pieces of a tokenizer with their ids.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use super::{
    object_file::{Numbered, elements},
    saved_folder::refused,
};
use crate::InstallError;

/// Ids by piece. Serializes to the `vocab` of tokenizer.json.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct Vocabulary(pub BTreeMap<String, u32>);

impl Vocabulary {
    /// Reads the field `vocabulary` of the annotator saved at `folder`.
    ///
    /// # Errors
    /// [`InstallError::Spark`], also if two pieces have the same id.
    pub(super) fn read(folder: &Path) -> Result<Self, InstallError> {
        let field = folder.join("fields/vocabulary");
        let entries = elements(&field, Numbered::of)?;
        let pieces: BTreeMap<String, u32> = entries.into_iter().map(|entry| (entry.text, entry.number)).collect();
        let mut ids: Vec<u32> = pieces.values().copied().collect();
        ids.sort_unstable();
        match ids.windows(2).any(|pair| pair[0] == pair[1]) {
            true => Err(refused(&field, "two pieces have the same id: copy the folder again")),
            false => Ok(Self(pieces)),
        }
    }

    pub(super) fn has(&self, piece: &str) -> bool {
        self.0.contains_key(piece)
    }

    /// Ids of `pieces`, which the tokenizer cannot do without. `source` is where the vocabulary comes from.
    ///
    /// # Errors
    /// [`InstallError::Spark`] with the first piece that is missing.
    pub(super) fn require<const N: usize>(&self, pieces: [&str; N], source: &Path) -> Result<[u32; N], InstallError> {
        match pieces.iter().find(|piece| !self.has(piece)) {
            Some(piece) => Err(refused(
                source,
                format!("its vocabulary has no {piece}, which this class needs: copy the folder again"),
            )),
            None => Ok(pieces.map(|piece| self.0[piece])),
        }
    }
}
