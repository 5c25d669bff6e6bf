//! The skeleton of an ONNX file: the file without its large weights, which a session gets in memory instead.
//!
//! ```text
//! file                                       skeleton
//! graph.initializer "embeddings"             graph.initializer "embeddings"
//!   dims, data_type                            dims, data_type
//!   raw_data: 24 MB                            external_data: location "given", offset 2^63 - 1
//!                                              data_location: EXTERNAL
//! graph.node, small weights, functions, ...  the same bytes
//!
//! session = skeleton + 24 MB in memory, shared with all other sessions ([`SharedWeights`](super::SharedWeights))
//! ```
//!
//! Passing the weights alone is not enough: while ONNX Runtime creates a session, it copies what is in the file more
//! than once, even weights that it is given from elsewhere.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Cursor, Seek},
};

use crate::ModelFiles;

use super::{Field, OnnxFile, Wire, WireError, weight::Weight};

/// Fields of onnx.proto that lead to the values of a weight: `ModelProto.graph`, `.initializer`, `.raw_data`.
const PATH: [u64; 3] = [7, 5, 9];
/// External data of a weight that the session is given: a place beyond the end of any file of that name.
const ELSEWHERE: [(&str, &str); 2] = [("location", "given"), ("offset", "9223372036854775807")];
/// `TensorProto.external_data`, a list of keys and values.
const EXTERNAL_DATA: u64 = 13;
/// `TensorProto.data_location`.
const DATA_LOCATION: u64 = 14;
/// The value of `data_location` for external data.
const EXTERNAL: u64 = 1;

/// The skeleton of a model's ONNX file. `None` if its weights are external data already or at most half of the file,
/// and if it cannot be read: then ONNX Runtime loads the file itself and reports what is wrong with it.
pub(crate) fn of(OnnxFile { files, graph }: OnnxFile) -> Option<Vec<u8>> {
    let length = files.onnx_bytes()?;
    let given: u64 = graph.weights.iter().map(Weight::bytes).sum();
    // a skeleton that is most of the file would cost a copy more, not one less
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

/// `length` bytes of an ONNX file without the values that begin at the positions `weights`.
fn cut(file: impl BufRead + Seek, length: u64, weights: &BTreeSet<u64>) -> Result<Vec<u8>, WireError> {
    message(&mut Wire::new(file, length), length, &PATH, weights)
}

/// Copies the message that ends at `end`. `path` leads from it to the values that may be cut.
fn message<R: BufRead + Seek>(
    wire: &mut Wire<R>, end: u64, path: &[u64], weights: &BTreeSet<u64>,
) -> Result<Vec<u8>, WireError> {
    let (mut out, mut is_cut) = (Vec::new(), false);
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
                    is_cut = true;
                    wire.skip(length)?;
                }
                [first, rest @ ..] if number == *first && !rest.is_empty() => {
                    string(number, &message(wire, wire.at() + length, rest, weights)?, &mut out);
                }
                _ => string(number, &wire.bytes(length, length)?, &mut out),
            },
        }
    }
    // Written last: protobuf keeps the last value of a field, so this overrides `data_location` in the file.
    if is_cut {
        for (key, value) in ELSEWHERE {
            let mut entry = Vec::new();
            string(1, key.as_bytes(), &mut entry);
            string(2, value.as_bytes(), &mut entry);
            string(EXTERNAL_DATA, &entry, &mut out);
        }
        integer(DATA_LOCATION, EXTERNAL, &mut out);
    }
    Ok(out)
}

/// Appends an integer field.
fn integer(number: u64, value: u64, out: &mut Vec<u8>) {
    varint(number << 3, out);
    varint(value, out);
}

/// Appends a field of bytes: a string or a message.
fn string(number: u64, value: &[u8], out: &mut Vec<u8>) {
    varint(number << 3 | 2, out);
    varint(value.len() as u64, out);
    out.extend(value);
}

/// Appends an integer, seven bits a byte, lowest first.
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

    use crate::Graph;

    use super::*;

    fn bytes(model: &str) -> Vec<u8> {
        fs::read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")).join(model)).unwrap()
    }

    #[test]
    fn a_skeleton_is_the_file_without_the_values_of_its_weights() {
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
    fn a_skeleton_overrides_the_data_location_of_the_file() {
        let (mut tensor, mut graph, mut file) = Default::default();
        string(9, b"values!", &mut tensor);
        integer(DATA_LOCATION, 0, &mut tensor); // in this file
        string(5, &tensor, &mut graph);
        string(7, &graph, &mut file);
        let at = file.windows(7).position(|bytes| bytes == b"values!").unwrap() as u64;
        let skeleton = cut(Cursor::new(&file), file.len() as u64, &BTreeSet::from([at])).unwrap();
        assert!(!skeleton.windows(7).any(|bytes| bytes == b"values!"));
        assert!(skeleton.ends_with(&[(DATA_LOCATION << 3) as u8, 1]), "{skeleton:?}");
    }

    proptest! {
        #[test]
        fn a_file_without_cuts_stays_the_same(at in 0usize..8000, byte in any::<u8>()) {
            let mut file = bytes("test_models/bert-uncased/model.onnx");
            let cut = |file: &[u8]| cut(Cursor::new(file), file.len() as u64, &BTreeSet::new());
            prop_assert_eq!(&cut(&file).unwrap(), &file);
            file[at] = byte;
            // an integer may be padded in the file; it is not after the first pass
            if let Ok(shortest) = cut(&file) {
                prop_assert_eq!(cut(&shortest).unwrap(), shortest);
            }
        }
    }
}
