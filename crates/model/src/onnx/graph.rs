//! [`Graph`]: the contents of an ONNX file, read before ONNX Runtime opens it.

use std::{
    collections::BTreeSet,
    io::{BufRead, Seek},
};

use super::{
    Field, Wire, WireError,
    weight::{TensorHeader, Weight},
};

/// Operator domains that ONNX Runtime brings. An operator of any other domain needs a library that comes with the
/// model, and loading it would run a stranger's code.
const DOMAINS: [&str; 8] = [
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.preview.training",
    "com.microsoft",
    "com.microsoft.nchwc",
    "com.ms.internal.nhwc",
    "org.pytorch.aten",
];
/// Longest name of an operator, a domain, a tensor or a file, in bytes.
const LONGEST_NAME: u64 = 4096;
/// Most levels of messages within messages. Real graphs have fewer than 10.
const DEEPEST: usize = 64;
/// Custom operators that an error names.
const MOST_NAMED: usize = 16;
/// Most dimensions of a tensor. Real ones have at most 5.
const MOST_DIMENSIONS: usize = 16;
/// Level of a tensor in the main graph: model 0, graph 1.
const MAIN_TENSOR: usize = 2;
/// Operators that choose one scale for a whole batch.
const DYNAMIC: [&str; 3] = ["DynamicQuantizeLinear", "DynamicQuantizeMatMul", "DynamicQuantizeLSTM"];

/// Contents of an ONNX file. Weights are skipped, not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Files of external data, as the ONNX file names them.
    pub external: BTreeSet<String>,
    /// Operators of domains that ONNX Runtime does not bring, `domain.operator`; at most 16.
    pub custom: BTreeSet<String>,
    /// Rows of the position embeddings, if a tensor is called so.
    pub positions: Option<u64>,
    /// An operator that quantizes activations by the content of the batch, so that windows change one another.
    pub dynamic: Option<&'static str>,
    /// Fixed dimensions of the input with the ids; `None` for a dimension of any size.
    pub shape: InputShape,
    /// Its large weights.
    pub(crate) weights: Vec<Weight>,
}

/// The shape of a graph's input of ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InputShape {
    /// Windows in a batch.
    pub rows: Option<usize>,
    /// Tokens in each window.
    pub width: Option<usize>,
}

/// The messages of onnx.proto that can hold an operator or a tensor.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Training,
    Function,
    Node,
    Attribute,
    Tensor,
    SparseTensor,
}

impl Message {
    /// The message that field `number` of this one holds.
    fn inner(self, number: u64) -> Option<Self> {
        Some(match (self, number) {
            (Self::Model, 7) | (Self::Training, 1 | 2) | (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Model, 20) => Self::Training,
            (Self::Model, 25) => Self::Function,
            (Self::Graph, 1) | (Self::Function, 7) => Self::Node,
            (Self::Node, 5) | (Self::Function, 11) => Self::Attribute,
            (Self::Graph, 5) | (Self::Attribute, 5 | 10) | (Self::SparseTensor, 1 | 2) => Self::Tensor,
            (Self::Graph, 15) | (Self::Attribute, 22 | 23) => Self::SparseTensor,
            _ => return None,
        })
    }
}

/// An operator or function by domain and name.
type Operator = (String, String);

/// Walks through the messages of a file and collects its graph.
struct GraphReader<R> {
    wire: Wire<R>,
    graph: Graph,
    /// Functions that the file defines. A call of one needs no library.
    defined: BTreeSet<Operator>,
    /// Operators outside of [`DOMAINS`] that nodes call.
    used: BTreeSet<Operator>,
}

/// One message and the fields read so far.
struct Fields {
    message: Message,
    /// 0 for the model itself.
    depth: usize,
    name: String,
    domain: String,
    operator: String,
    tensor: TensorHeader,
}

impl Fields {
    fn new(message: Message, depth: usize) -> Self {
        let [name, domain, operator] = Default::default();
        Self { message, depth, name, domain, operator, tensor: TensorHeader::default() }
    }
}

impl Graph {
    /// Reads `length` bytes of an ONNX file.
    ///
    /// # Errors
    /// [`WireError`] with the position in the file.
    pub fn read(file: impl BufRead + Seek, length: u64) -> Result<Self, WireError> {
        let mut reader = GraphReader {
            wire: Wire::new(file, length),
            graph: Self::default(),
            defined: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        reader.message(Message::Model, length, 0)?;
        let GraphReader { mut graph, defined, used, .. } = reader;
        let custom = used.difference(&defined).map(|(domain, name)| format!("{domain}.{name}"));
        graph.custom = custom.take(MOST_NAMED).collect();
        Ok(graph)
    }
}

impl<R: BufRead + Seek> GraphReader<R> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> Result<(), WireError> {
        if depth > DEEPEST {
            return Err(WireError::Malformed { at: self.wire.at(), reason: "graphs are nested too deeply" });
        }
        let mut fields = Fields::new(message, depth);
        while let Some((number, field)) = self.wire.field(end)? {
            match (message, number, field) {
                (_, _, Field::Bytes { length }) => self.bytes(number, length, &mut fields)?,
                (Message::Tensor, 1, Field::Varint(length)) => self.dimension(length, &mut fields.tensor)?,
                (Message::Tensor, 2, Field::Varint(number)) => fields.tensor.data_type = number,
                _ => {}
            }
        }
        self.keep(fields);
        Ok(())
    }

    /// Reads field `number`: a string, bytes or an inner message.
    fn bytes(&mut self, number: u64, length: u64, fields: &mut Fields) -> Result<(), WireError> {
        let after = self.wire.at() + length;
        match (fields.message, number) {
            (Message::Node, 4) => fields.operator = self.text(length)?,
            (Message::Node, 7) | (Message::Function, 10) => fields.domain = self.text(length)?,
            (Message::Tensor, 8) | (Message::Function, 1) => fields.name = self.text(length)?,
            (Message::Tensor, 1) => {
                while self.wire.at() < after {
                    let length = self.wire.varint(after)?;
                    self.dimension(length, &mut fields.tensor)?;
                }
            }
            (Message::Tensor, 9) => {
                (fields.tensor.offset, fields.tensor.length) = (self.wire.at(), length);
                self.wire.skip(length)?;
            }
            (Message::Tensor, 13) => self.external_data(after, &mut fields.tensor)?,
            (Message::Graph, 11) if fields.depth == 1 => self.input(after)?,
            _ => match fields.message.inner(number) {
                Some(inner) => self.message(inner, after, fields.depth + 1)?,
                None => self.wire.skip(length)?,
            },
        }
        Ok(())
    }

    /// Adds a message to the graph.
    fn keep(&mut self, fields: Fields) {
        let Fields { message, depth, name, domain, operator, tensor } = fields;
        if let (Message::Node, Some(found)) = (message, DYNAMIC.iter().find(|known| **known == operator)) {
            self.graph.dynamic = Some(found);
        }
        match message {
            Message::Node if !DOMAINS.contains(&domain.as_str()) => drop(self.used.insert((domain, operator))),
            Message::Function => drop(self.defined.insert((domain, name))),
            Message::Tensor => {
                if name.contains("position_embeddings") {
                    self.graph.positions = self.graph.positions.max(tensor.shape.first().copied());
                }
                if depth == MAIN_TENSOR {
                    self.graph.weights.extend(tensor.weight(name));
                }
            }
            _ => {}
        }
    }

    fn dimension(&self, length: u64, tensor: &mut TensorHeader) -> Result<(), WireError> {
        if tensor.shape.len() == MOST_DIMENSIONS {
            return Err(WireError::Malformed { at: self.wire.at(), reason: "a tensor has too many dimensions" });
        }
        tensor.shape.push(length);
        Ok(())
    }

    /// Reads one key and value of a tensor's external data.
    fn external_data(&mut self, end: u64, tensor: &mut TensorHeader) -> Result<(), WireError> {
        let (mut key, mut value) = (String::new(), String::new());
        while let Some((number, field)) = self.wire.field(end)? {
            match (number, field) {
                (1, Field::Bytes { length }) => key = self.text(length)?,
                (2, Field::Bytes { length }) => value = self.text(length)?,
                (_, Field::Bytes { length }) => self.wire.skip(length)?,
                _ => {}
            }
        }
        match key.as_str() {
            "location" => {
                self.graph.external.insert(value.clone());
                tensor.external = Some(value);
            }
            "offset" => tensor.offset = value.parse().unwrap_or(u64::MAX),
            "length" => tensor.length = value.parse().unwrap_or(0),
            _ => {}
        }
        Ok(())
    }

    /// Reads an input of the main graph: its name, and from its type (`tensor_type.shape.dim`) the fixed dimensions.
    fn input(&mut self, end: u64) -> Result<(), WireError> {
        let (mut name, mut shape) = (String::new(), Vec::new());
        while let Some((number, field)) = self.wire.field(end)? {
            match (number, field) {
                (1, Field::Bytes { length }) => name = self.text(length)?,
                (2, Field::Bytes { length }) => self.dimensions(&[1, 2, 1], self.wire.at() + length, &mut shape)?,
                (_, Field::Bytes { length }) => self.wire.skip(length)?,
                _ => {}
            }
        }
        if let ("input_ids", [rows, width]) = (name.as_str(), shape.as_slice()) {
            self.graph.shape = InputShape { rows: *rows, width: *width };
        }
        Ok(())
    }

    /// Reads the dimensions below a message; `path` leads to them.
    fn dimensions(&mut self, path: &[u64], end: u64, shape: &mut Vec<Option<usize>>) -> Result<(), WireError> {
        let mut size = None;
        while let Some((number, field)) = self.wire.field(end)? {
            match (path, number, field) {
                ([first, rest @ ..], _, Field::Bytes { length }) if number == *first => {
                    self.dimensions(rest, self.wire.at() + length, shape)?;
                }
                // some exporters write 0 or -1 for any size
                ([], 1, Field::Varint(value)) => {
                    size = u32::try_from(value).ok().filter(|&size| size > 0).map(|size| size as usize);
                }
                (_, _, Field::Bytes { length }) => self.wire.skip(length)?,
                _ => {}
            }
        }
        if path.is_empty() && shape.len() < MOST_DIMENSIONS {
            shape.push(size);
        }
        Ok(())
    }

    fn text(&mut self, length: u64) -> Result<String, WireError> {
        Ok(String::from_utf8_lossy(&self.wire.bytes(length, LONGEST_NAME)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Cursor,
        path::{Path, PathBuf},
    };

    use proptest::prelude::*;

    use super::*;

    fn test_model(path: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")).join(path)
    }

    #[test]
    fn reads_what_a_file_contains() {
        let of = |path: &str| Graph::check(&test_model(path)).unwrap();
        assert_eq!(
            of("test_models/bert-cased/onnx/model.onnx").external,
            BTreeSet::from(["model.onnx_data".to_string()])
        );
        assert_eq!(of("test_models/bert-uncased/model.onnx").positions, Some(130));
        assert_eq!(of("test_models/roberta/model.onnx").positions, Some(132));
        assert_eq!(of("test_models/deberta-v2/model.onnx").positions, None);
        assert_eq!(of("test_models/deberta-v2/model.onnx").shape, InputShape::default());
        assert_eq!(of("test_models/bert-uncased/model.onnx").dynamic, None);
        assert_eq!(of("test_models/roberta/model_dynamic.onnx").dynamic, Some("DynamicQuantizeLinear"));
        let bundled = of("models/clinical-ner-small/model_int8.onnx");
        assert_eq!((bundled.external, bundled.custom), Default::default());
        let shared: usize = bundled.weights.iter().map(Weight::count).sum();
        assert!(shared > 25_000_000, "nearly all of its int8 weights: {shared}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_walk_panic(at in 0usize..8000, bytes in prop::collection::vec(any::<u8>(), 1..40), cut in 0usize..400_000) {
            let mut file = fs::read(test_model("test_models/bert-uncased/model.onnx")).unwrap();
            file[at..at + bytes.len()].copy_from_slice(&bytes);
            file.truncate(cut.max(at + 1));
            let length = file.len() as u64;
            let _ = Graph::read(Cursor::new(file), length);
            let length = bytes.len() as u64;
            let _ = Graph::read(Cursor::new(bytes), length);
        }
    }
}
