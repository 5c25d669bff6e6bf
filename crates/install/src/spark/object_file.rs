//! Object files of Spark: a field of an annotator as a list of values.

use std::path::Path;

use super::{
    byte_reader::FormatError,
    java::{self, JavaValue},
    saved_folder::{self, refused},
    sequence_file,
};
use crate::InstallError;

/// Most bytes of a part of a field. Vocabularies have a few million.
const LONGEST_FIELD: u64 = 1 << 30;

/// A text with its number: an entry of a vocabulary or of the labels.
pub(super) struct Numbered {
    pub text: String,
    pub number: u32,
}

/// A merge of byte-level BPE. A lower rank is merged first.
pub(super) struct Merge {
    pub left: String,
    pub right: String,
    pub rank: u32,
}

impl Numbered {
    pub(super) fn of(value: &JavaValue) -> Option<Self> {
        let JavaValue::Pair(pair) = value else { return None };
        match &**pair {
            (JavaValue::Text(text), JavaValue::Int(number)) => {
                Some(Self { text: text.to_string(), number: u32::try_from(*number).ok()? })
            }
            _ => None,
        }
    }
}

impl Merge {
    pub(super) fn of(value: &JavaValue) -> Option<Self> {
        let JavaValue::Pair(pair) = value else { return None };
        let (JavaValue::Pair(sides), JavaValue::Int(rank)) = &**pair else { return None };
        match &**sides {
            (JavaValue::Text(left), JavaValue::Text(right)) => {
                Some(Self { left: left.to_string(), right: right.to_string(), rank: u32::try_from(*rank).ok()? })
            }
            _ => None,
        }
    }
}

/// Returns the elements of the field in `folder`, each read by `as_element`.
///
/// # Errors
/// [`InstallError::Spark`] with the file and the byte, also if `as_element` returns `None`.
pub(super) fn elements<T>(folder: &Path, as_element: fn(&JavaValue) -> Option<T>) -> Result<Vec<T>, InstallError> {
    let mut found = Vec::new();
    for part in saved_folder::parts(folder)? {
        let damaged = |error: FormatError| {
            let FormatError { at, reason } = error;
            refused(&part, format!("byte {at}: {reason}; copy the folder again from where Spark NLP saved it"))
        };
        let bytes = saved_folder::read(&part, LONGEST_FIELD)?;
        for record in sequence_file::records(&bytes).map_err(damaged)? {
            let at_record = |reason: &str| damaged(FormatError { at: record.at, reason: reason.to_string() });
            let value = java::read(record.value)
                .map_err(|error| damaged(FormatError { at: record.at + error.at, reason: error.reason }))?;
            let JavaValue::List(list) = value else { return Err(at_record("a record is not an array")) };
            for value in list.iter() {
                let element = as_element(value);
                found.push(element.ok_or_else(|| at_record("an array has other values than this field needs"))?);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use proptest::prelude::*;

    use super::*;

    fn field(path: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/sparknlp_folders")).join(path)
    }

    #[test]
    fn fields_are_read_as_spark_nlp_wrote_them() {
        let mut labels = elements(&field("bert-cased/fields/labels"), Numbered::of).unwrap();
        labels.sort_by_key(|label| label.number);
        let names: Vec<&str> = labels.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(names[..4], ["O", "B-DISEASE", "I-DISEASE", "E-DISEASE"]);
        assert_eq!(elements(&field("roberta/fields/vocabulary"), Numbered::of).unwrap().len(), 2200);
        let merges = elements(&field("roberta/fields/merges"), Merge::of).unwrap();
        let joins_a_space = |merge: &Merge| merge.left == "Ġ" && merge.right.chars().count() == 1;
        assert!(merges.iter().any(joins_a_space));
        let error = elements(&field("roberta/fields/merges"), Numbered::of).err().expect("merges are not a vocabulary");
        assert!(error.to_string().contains("other values"), "{error}");
    }

    #[test]
    fn a_truncated_file_is_refused_with_the_byte() {
        let whole = fs::read(field("bert-cased/fields/labels/part-00000")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("part-00000");
        for length in 0..whole.len() {
            fs::write(&part, &whole[..length]).unwrap();
            match elements(folder.path(), Numbered::of) {
                // a file may end after its header, without any record
                Ok(found) => assert!(found.is_empty(), "{length}"),
                Err(error) => {
                    let said = error.to_string();
                    assert!(said.contains("part-00000") && said.contains("byte "), "{said}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_readers_panic(
            at in 0usize..2000, bytes in prop::collection::vec(any::<u8>(), 1..16), cut in 0usize..4000, merges in any::<bool>(),
        ) {
            let name = if merges { "roberta/fields/merges/part-00000" } else { "bert-cased/fields/labels/part-00000" };
            let mut file = fs::read(field(name)).unwrap();
            for (slot, byte) in file.iter_mut().skip(at).zip(&bytes) {
                *slot = *byte;
            }
            file.truncate(cut);
            if let Ok(records) = sequence_file::records(&file) {
                for record in records {
                    let _ = java::read(record.value);
                }
            }
            let _ = java::read(&bytes);
            let _ = java::read(&[&[0xac, 0xed, 0, 5][..], &bytes].concat());
        }
    }
}
