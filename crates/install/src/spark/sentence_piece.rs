//! [`SentencePiece`]: the Unigram model in a file of SentencePiece.
//!
//! The file is a protocol buffer, `ModelProto` of sentencepiece_model.proto. These fields are read:
//!
//! ```text
//! 1 pieces*          1 piece: string   2 score: float
//! 2 trainer_spec     3 model_type      40 unk_id
//! 3 normalizer_spec  2 precompiled_charsmap: bytes
//! ```

use std::{io::Cursor, path::Path};

use spanframe_model::{Field, Wire, WireError};

use super::saved_folder::{read, refused};
use crate::InstallError;

/// Most bytes of a model. One of 250,000 pieces has five million.
const LONGEST_MODEL: u64 = 256 << 20;
/// `model_type` of a Unigram model, and its default.
const UNIGRAM: u64 = 1;

/// A Unigram model of SentencePiece.
#[derive(Debug, Default, PartialEq)]
pub(super) struct SentencePiece {
    /// Pieces with their scores; the index is the id.
    pub pieces: Vec<(String, f32)>,
    /// Id of the unknown piece.
    pub unknown: usize,
    /// Compiled rules of the normalizer; may be empty.
    pub charsmap: Vec<u8>,
    model_type: u64,
}

impl SentencePiece {
    /// Reads the file `path`.
    ///
    /// # Errors
    /// [`InstallError::Spark`], also for a model that is not Unigram or has no unknown piece.
    pub(super) fn read(path: &Path) -> Result<Self, InstallError> {
        let bytes = read(path, LONGEST_MODEL)?;
        let found = Self::parse(&bytes).map_err(|e| {
            refused(path, format!("it is not a model of SentencePiece, or it is damaged ({e}): copy the folder again"))
        })?;
        if found.model_type != UNIGRAM {
            return Err(refused(
                path,
                "its model of SentencePiece is not Unigram, and only Unigram is supported: use `spanframe model export` on its checkpoint",
            ));
        }
        match found.unknown < found.pieces.len() {
            true => Ok(found),
            false => {
                Err(refused(path, "its model of SentencePiece has no piece for unknown text: copy the folder again"))
            }
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let end = bytes.len() as u64;
        let mut wire = Wire::new(Cursor::new(bytes), end);
        let mut found = Self { model_type: UNIGRAM, ..Self::default() };
        while let Some((number, field)) = wire.field(end)? {
            let Field::Bytes { length } = field else { continue };
            let field_end = wire.at() + length;
            match number {
                1 => found.piece(&mut wire, field_end)?,
                2 => found.trainer(&mut wire, field_end)?,
                3 => found.normalizer(&mut wire, field_end)?,
                _ => wire.skip(length)?,
            }
        }
        Ok(found)
    }

    fn piece(&mut self, wire: &mut Wire<Cursor<&[u8]>>, end: u64) -> Result<(), WireError> {
        let (mut piece, mut score) = (String::new(), 0.0);
        while let Some((number, field)) = wire.field(end)? {
            match (number, field) {
                (1, Field::Bytes { length }) => {
                    piece = String::from_utf8_lossy(&wire.bytes(length, LONGEST_MODEL)?).into_owned();
                }
                (2, Field::Fixed32(bits)) => score = f32::from_bits(bits),
                (_, Field::Bytes { length }) => wire.skip(length)?,
                _ => {}
            }
        }
        self.pieces.push((piece, score));
        Ok(())
    }

    fn trainer(&mut self, wire: &mut Wire<Cursor<&[u8]>>, end: u64) -> Result<(), WireError> {
        while let Some((number, field)) = wire.field(end)? {
            match (number, field) {
                (3, Field::Varint(model_type)) => self.model_type = model_type,
                (40, Field::Varint(unknown)) => self.unknown = usize::try_from(unknown).unwrap_or(usize::MAX),
                (_, Field::Bytes { length }) => wire.skip(length)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn normalizer(&mut self, wire: &mut Wire<Cursor<&[u8]>>, end: u64) -> Result<(), WireError> {
        while let Some((number, field)) = wire.field(end)? {
            match (number, field) {
                (2, Field::Bytes { length }) => self.charsmap = wire.bytes(length, LONGEST_MODEL)?,
                (_, Field::Bytes { length }) => wire.skip(length)?,
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(path: &str) -> Vec<u8> {
        let folders = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/sparknlp_folders"));
        std::fs::read(folders.join(path)).unwrap()
    }

    #[test]
    fn pieces_are_in_the_order_of_the_file() {
        let xlm = SentencePiece::parse(&file("xlm-roberta-fp32/xlmroberta_spp")).unwrap();
        let first: Vec<&str> = xlm.pieces[..3].iter().map(|(piece, _)| piece.as_str()).collect();
        assert_eq!((first, xlm.unknown, xlm.model_type), (vec!["<unk>", "<s>", "</s>"], 0, UNIGRAM));
        assert_eq!(xlm.pieces.len(), 2200 - 1);
        assert!(xlm.charsmap.len() > 100_000);
        let deberta = SentencePiece::parse(&file("deberta-v2/deberta_spp")).unwrap();
        assert_eq!((deberta.unknown, deberta.pieces[3].0.as_str()), (3, "[UNK]"));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(at in 0usize..3000, bytes in prop::collection::vec(any::<u8>(), 1..16), cut in 0usize..300_000) {
            let mut file = file("deberta-v2/deberta_spp");
            file[at..at + bytes.len()].copy_from_slice(&bytes);
            file.truncate(cut);
            let _ = SentencePiece::parse(&file);
            let _ = SentencePiece::parse(&bytes);
        }
    }
}
