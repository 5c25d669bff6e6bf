//! An ONNX file without its large weights, for sessions that are given them ([`Shared`](crate::onnx::Shared)).
//!
//! ONNX Runtime copies all of a file, and more than once, while it makes a session, even what it is given from elsewhere.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Cursor, Seek},
};

use crate::{Field, Graph, ModelFiles, Wire, WireError, onnx::weight::Weight};

/// From the model to the numbers of a weight: its graph, an initializer of that, its `raw_data`.
const PATH: [u64; 3] = [7, 5, 9];
/// Where a weight is said to be that the session is given: in no file, and beyond the end of any that is called so.
const ELSEWHERE: [(&str, &str); 2] = [("location", "given"), ("offset", "9223372036854775807")];

/// The ONNX file of a model with its large weights as external data, if they are all in it and most of it. What cannot be
/// read is for ONNX Runtime to say, of the whole file.
pub(crate) fn of(files: &ModelFiles, graph: &Graph) -> Option<Vec<u8>> {
    let length = files.onnx_bytes()?;
    let given: u64 = graph.weights.iter().map(Weight::bytes).sum();
    // a skeleton that is most of the file would be a copy more, not less
    if !graph.external.is_empty() || given <= length / 2 {
        return None;
    }
    let weights = graph.weights.iter().map(|weight| weight.offset).collect();
    match files {
        ModelFiles::Folder { onnx, .. } => cut(BufReader::new(File::open(onnx).ok()?), length, &weights),
        ModelFiles::Embedded { .. } => cut(Cursor::new(files.embedded_onnx()?.1), length, &weights),
    }
    .ok()
}

/// `length` bytes of an ONNX file without what begins at the places of `weights`.
fn cut(file: impl BufRead + Seek, length: u64, weights: &BTreeSet<u64>) -> Result<Vec<u8>, WireError> {
    message(&mut Wire::new(file, length), length, &PATH, weights)
}

fn message<R: BufRead + Seek>(
    wire: &mut Wire<R>, end: u64, path: &[u64], weights: &BTreeSet<u64>,
) -> Result<Vec<u8>, WireError> {
    let (mut out, mut elsewhere) = (Vec::new(), false);
    while let Some((number, field)) = wire.field(end)? {
        match field {
            Field::Varint(value) => integer(number, value, &mut out),
            Field::Fixed64(value) => {
                varint(number << 3 | 1, &mut out);
                out.extend(value.to_le_bytes());
            }
            Field::Fixed32(value) => {
                varint(number << 3 | 5, &mut out);
                out.extend(value.to_le_bytes());
            }
            Field::Bytes { length } => match path {
                [last] if number == *last && weights.contains(&wire.at()) => {
                    elsewhere = true;
                    wire.skip(length)?;
                }
                [first, rest @ ..] if number == *first && !rest.is_empty() => {
                    string(number, &message(wire, wire.at() + length, rest, weights)?, &mut out);
                }
                _ => string(number, &wire.bytes(length, length)?, &mut out),
            },
        }
    }
    // the last of a field counts, and the file may say itself that the numbers are in it
    if elsewhere {
        for (key, value) in ELSEWHERE {
            let mut entry = Vec::new();
            string(1, key.as_bytes(), &mut entry);
            string(2, value.as_bytes(), &mut entry);
            string(13, &entry, &mut out); // external_data
        }
        integer(14, 1, &mut out); // data_location: external
    }
    Ok(out)
}

fn integer(number: u64, value: u64, out: &mut Vec<u8>) {
    varint(number << 3, out);
    varint(value, out);
}

fn string(number: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend(value);
}

fn varint(mut value: u64, out: &mut Vec<u8>) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use proptest::prelude::*;

    use super::*;

    fn bytes(model: &str) -> Vec<u8> {
        fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")).join(model)).unwrap()
    }

    #[test]
    fn a_skeleton_is_the_file_but_for_the_numbers_of_its_weights() {
        let whole = bytes("models/clinical-ner-small/model_int8.onnx");
        let read = |bytes: &[u8]| Graph::read(Cursor::new(bytes), bytes.len() as u64).unwrap();
        let graph = read(&whole);
        let places = graph.weights.iter().map(|weight| weight.offset).collect();
        let skeleton = cut(Cursor::new(&whole), whole.len() as u64, &places).unwrap();
        assert!(skeleton.len() < whole.len() / 50, "{}", skeleton.len());
        let external = BTreeSet::from(["given".to_string()]);
        assert_eq!(read(&skeleton), Graph { weights: Vec::new(), external, ..graph });
    }

    #[test]
    fn what_a_file_says_of_where_its_numbers_are_does_not_count() {
        let (mut tensor, mut graph, mut file) = Default::default();
        string(9, b"numbers", &mut tensor);
        integer(14, 0, &mut tensor); // in this file
        string(5, &tensor, &mut graph);
        string(7, &graph, &mut file);
        let at = file.windows(7).position(|bytes| bytes == b"numbers").unwrap() as u64;
        let skeleton = cut(Cursor::new(&file), file.len() as u64, &BTreeSet::from([at])).unwrap();
        assert!(!skeleton.windows(7).any(|bytes| bytes == b"numbers"));
        assert!(skeleton.ends_with(&[14 << 3, 1]), "{skeleton:?}");
    }

    proptest! {
        #[test]
        fn a_file_of_which_nothing_is_cut_stays_as_it_is(at in 0usize..8000, byte in any::<u8>()) {
            let mut file = bytes("test_models/bert-uncased/model.onnx");
            let cut = |file: &[u8]| cut(Cursor::new(file), file.len() as u64, &BTreeSet::new());
            prop_assert_eq!(&cut(&file).unwrap(), &file);
            file[at] = byte;
            // what is malformed is refused; an integer may be longer than need be, once
            if let Ok(shortest) = cut(&file) {
                prop_assert_eq!(cut(&shortest).unwrap(), shortest);
            }
        }
    }
}
