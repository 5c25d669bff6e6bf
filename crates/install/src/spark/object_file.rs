//! Object files of Spark: the fields of an annotator, as lists of values.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use super::{
    java::{self, Value},
    sequence_file,
};
use crate::InstallError;

/// Most bytes of a field: vocabularies have a few millions.
const LONGEST: u64 = 1 << 30;

/// The parts of the folder `folder`, in order, as Spark names them.
pub(crate) fn parts(folder: &Path) -> Result<Vec<PathBuf>, InstallError> {
    // a folder that is absent has no parts
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("part-")));
    found.sort();
    match found.is_empty() {
        true => Err(wrong(folder, "there is no file part-* in it: copy the whole folder that Spark NLP saved")),
        false => Ok(found),
    }
}

/// All of a file that is not longer than `most`.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, InstallError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(InstallError::file(path))?;
    file.take(most + 1).read_to_end(&mut bytes).map_err(InstallError::file(path))?;
    match bytes.len() as u64 > most {
        true => Err(wrong(path, format!("it is longer than {most} bytes"))),
        false => Ok(bytes),
    }
}

pub(crate) fn wrong(path: &Path, reason: impl Into<String>) -> InstallError {
    InstallError::Spark { path: path.to_path_buf(), reason: reason.into() }
}

/// The elements of the field in `folder`, each read by `as_element`; `None` of it is an error.
pub(crate) fn elements<T>(folder: &Path, as_element: fn(&Value) -> Option<T>) -> Result<Vec<T>, InstallError> {
    let mut found = Vec::new();
    for part in parts(folder)? {
        let at = |at: usize, reason: String| wrong(&part, format!("byte {at}: {reason}"));
        let bytes = read(&part, LONGEST)?;
        for (begin, record) in sequence_file::values(&bytes).map_err(|(place, reason)| at(place, reason))? {
            let value = java::read(record).map_err(|(place, reason)| at(begin + place, reason))?;
            let Value::List(list) = value else { return Err(at(begin, "a record that is no array".to_string())) };
            for value in list.iter() {
                let element = as_element(value);
                found.push(element.ok_or_else(|| at(begin, "an array of other values than expected".to_string()))?);
            }
        }
    }
    Ok(found)
}

/// A string with its number, as vocabularies and labels have them.
pub(crate) fn numbered(value: &Value) -> Option<(String, u32)> {
    let Value::Pair(pair) = value else { return None };
    match &**pair {
        (Value::Text(text), Value::Int(number)) => Some((text.to_string(), u32::try_from(*number).ok()?)),
        _ => None,
    }
}

/// Two strings with their rank, as merges have them.
pub(crate) fn ranked(value: &Value) -> Option<((String, String), u32)> {
    let Value::Pair(pair) = value else { return None };
    let (Value::Pair(pieces), Value::Int(rank)) = &**pair else { return None };
    match &**pieces {
        (Value::Text(a), Value::Text(b)) => Some(((a.to_string(), b.to_string()), u32::try_from(*rank).ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(path: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/reference/sparknlp_folders")).join(path)
    }

    #[test]
    fn fields_are_read_as_spark_nlp_wrote_them() {
        let mut labels = elements(&field("bert-cased/fields/labels"), numbered).unwrap();
        labels.sort_by_key(|(_, number)| *number);
        let names: Vec<&str> = labels.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..4], ["O", "B-DISEASE", "I-DISEASE", "E-DISEASE"]);
        assert_eq!(elements(&field("roberta/fields/vocabulary"), numbered).unwrap().len(), 2200);
        let merges = elements(&field("roberta/fields/merges"), ranked).unwrap();
        assert!(merges.iter().any(|((a, b), _)| a == "Ġ" && b.chars().count() == 1), "merges with the mark of a space");
        // merges are no vocabulary
        assert!(elements(&field("roberta/fields/merges"), numbered).unwrap_err().to_string().contains("other values"));
    }

    #[test]
    fn a_truncated_file_is_told_with_its_place() {
        let whole = fs::read(field("bert-cased/fields/labels/part-00000")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let part = folder.path().join("part-00000");
        for length in 0..whole.len() {
            fs::write(&part, &whole[..length]).unwrap();
            match elements(folder.path(), numbered) {
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
            if let Ok(records) = sequence_file::values(&file) {
                for (_, record) in records {
                    let _ = java::read(record);
                }
            }
            let _ = java::read(&bytes);
            let _ = java::read(&[&[0xac, 0xed, 0, 5][..], &bytes].concat());
        }
    }
}
