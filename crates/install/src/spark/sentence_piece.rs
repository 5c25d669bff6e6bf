//! [`SentencePiece`]: the model file of SentencePiece, a protocol buffer.

use std::{io::Cursor, path::Path};

use spanframe_model::{Field, Wire, WireError};

use super::object_file::{read, wrong};
use crate::InstallError;

/// Most bytes of a model: those of 250,000 pieces have five millions.
const LONGEST: u64 = 256 << 20;
const UNIGRAM: u64 = 1;

/// What a Unigram model of SentencePiece consists of.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct SentencePiece {
    /// Pieces in order with their scores.
    pub pieces: Vec<(String, f32)>,
    /// The piece that stands for what is unknown.
    pub unknown: usize,
    /// Rules of its normalizer, precompiled; may be empty.
    pub charsmap: Vec<u8>,
    kind: u64,
}

impl SentencePiece {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`InstallError::Spark`] with the place, also for a model that is not Unigram.
    pub(crate) fn read(path: &Path) -> Result<Self, InstallError> {
        let bytes = read(path, LONGEST)?;
        let found = Self::parse(&bytes).map_err(|e| wrong(path, format!("it is no model of SentencePiece: {e}")))?;
        if found.kind != UNIGRAM {
            return Err(wrong(path, "its model is not Unigram: only such models of SentencePiece are read"));
        }
        match found.unknown < found.pieces.len() {
            true => Ok(found),
            false => Err(wrong(path, "it has no piece for what is unknown")),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, WireError> {
        let end = bytes.len() as u64;
        let mut wire = Wire::new(Cursor::new(bytes), end);
        let mut found = Self { kind: UNIGRAM, ..Self::default() };
        while let Some((number, field)) = wire.field(end)? {
            let Field::Bytes { length } = field else { continue };
            let after = wire.at() + length;
            match number {
                1 => found.piece(&mut wire, after)?,
                2 => found.trainer(&mut wire, after)?,
                3 => found.normalizer(&mut wire, after)?,
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
                    piece = String::from_utf8_lossy(&wire.bytes(length, LONGEST)?).into_owned();
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
                (3, Field::Varint(kind)) => self.kind = kind,
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
                (2, Field::Bytes { length }) => self.charsmap = wire.bytes(length, LONGEST)?,
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
        assert_eq!((first, xlm.unknown, xlm.kind), (vec!["<unk>", "<s>", "</s>"], 0, UNIGRAM));
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
