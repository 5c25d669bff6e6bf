//! [`Graph`]: what an ONNX file says of itself, read before ONNX Runtime sees it.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufRead, BufReader, Cursor, Seek},
    path::{Component, Path, PathBuf},
};

use crate::{
    Field, ModelError, ModelFiles, Wire, WireError,
    onnx::weight::{Stored, Weight},
};

/// Operator domains that ONNX Runtime brings with it. An operator of any other needs a library of its own, which would be
/// code of somebody's model that runs here.
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
/// Longest name of an operator, a domain, a tensor or a file.
const LONGEST_NAME: u64 = 4096;
/// Graphs within graphs: real ones have a few.
const DEEPEST: usize = 64;
/// Custom operators that are remembered by name.
const MOST_NAMED: usize = 16;
/// Dimensions of a tensor: real ones have a few.
const MOST_DIMENSIONS: usize = 16;

/// An ONNX file as far as trust in it goes. Weights are passed over, not read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Files of external data, as the file names them, in order and each once.
    pub external: BTreeSet<String>,
    /// Operators of domains that ONNX Runtime does not bring, `domain.operator`.
    pub custom: BTreeSet<String>,
    /// Rows of the table of positions, where a tensor of that name is in it.
    pub positions: Option<u64>,
    /// Its large weights.
    pub(crate) weights: Vec<Weight>,
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

struct Walk<R> {
    wire: Wire<R>,
    graph: Graph,
    /// Functions that the file defines, by domain and name: their operators are no others' code.
    defined: BTreeSet<(String, String)>,
    used: BTreeSet<(String, String)>,
}

impl Graph {
    /// Reads `length` bytes of an ONNX file.
    ///
    /// # Errors
    /// [`WireError`] with the place.
    pub fn read(file: impl BufRead + Seek, length: u64) -> Result<Self, WireError> {
        let mut walk = Walk {
            wire: Wire::new(file, length),
            graph: Self::default(),
            defined: BTreeSet::new(),
            used: BTreeSet::new(),
        };
        walk.message(Message::Model, length, 0)?;
        let Walk { mut graph, defined, used, .. } = walk;
        let custom = used.difference(&defined).map(|(domain, name)| format!("{domain}.{name}"));
        graph.custom = custom.take(MOST_NAMED).collect();
        Ok(graph)
    }

    /// The graph of a model's ONNX file; see [`check`](Self::check).
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub(crate) fn of(files: &ModelFiles) -> Result<Self, ModelError> {
        match files {
            ModelFiles::Folder { onnx, .. } => Self::check(onnx),
            ModelFiles::Embedded { .. } => {
                let (name, bytes) = files.embedded_onnx().unwrap_or_default();
                let refused = |e: WireError| ModelError::Refused { file: name.into(), reason: e.to_string() };
                Self::read(Cursor::new(bytes), bytes.len() as u64).map_err(refused)
            }
        }
    }

    /// Reads the ONNX file at `onnx` and refuses what it must not have: operators that need a library of their own, and
    /// external data that is not a plain file in the file's own folder, links included.
    ///
    /// # Errors
    /// [`ModelError::Refused`], [`ModelError::Read`].
    pub fn check(onnx: &Path) -> Result<Self, ModelError> {
        let failed = |source| ModelError::Read { path: onnx.to_path_buf(), source };
        let refused = |reason: String| ModelError::Refused { file: onnx.to_path_buf(), reason };
        let file = File::open(onnx).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let graph = Self::read(BufReader::new(file), length).map_err(|error| match error {
            WireError::Read(source) => failed(source),
            WireError::Malformed { .. } => refused(format!(
                "it is no ONNX file, or truncated or damaged ({error}): copy it again from where the model came from"
            )),
        })?;
        if !graph.custom.is_empty() {
            let names: Vec<&str> = graph.custom.iter().map(String::as_str).collect();
            return Err(refused(format!(
                "it has operators that ONNX Runtime does not bring ({}) and that would need a library of the model's own: \
                 export it with standard operators",
                names.join(", ")
            )));
        }
        let folder = onnx.parent().unwrap_or(Path::new(""));
        for name in &graph.external {
            place(folder, name).map_err(|reason| {
                refused(format!("its weights are in `{name}`, {reason}: they must be a file beside it"))
            })?;
        }
        Ok(graph)
    }
}

/// Where the external data `name` of a file in `folder` lies; the error says why it may not lie there. A file that is
/// absent is no error here.
fn place(folder: &Path, name: &str) -> Result<PathBuf, &'static str> {
    // what ONNX Runtime would take for an address in memory has an asterisk
    let plain = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !plain || name.is_empty() || name.contains(['\\', ':', '\0', '*']) {
        return Err("which leads out of its folder");
    }
    let path = folder.join(name);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if let (Ok(folder), Ok(real)) = (folder.canonicalize(), path.canonicalize())
        && !real.starts_with(folder)
    {
        return Err("a link that leads out of its folder (`spanframe model add` makes a copy without links)");
    }
    Ok(path)
}

impl<R: BufRead + Seek> Walk<R> {
    fn message(&mut self, message: Message, end: u64, depth: usize) -> Result<(), WireError> {
        if depth > DEEPEST {
            return Err(WireError::Malformed { at: self.wire.at(), reason: "graphs are nested too deeply" });
        }
        let (mut name, mut domain, mut operator) = (String::new(), String::new(), String::new());
        let mut stored = Stored::default();
        while let Some((number, field)) = self.wire.field(end)? {
            let Field::Bytes { length } = field else {
                match (message, number, field) {
                    (Message::Tensor, 1, Field::Varint(rows)) => self.dimension(rows, &mut stored)?,
                    (Message::Tensor, 2, Field::Varint(kind)) => stored.kind = kind,
                    _ => {}
                }
                continue;
            };
            let after = self.wire.at() + length;
            match (message, number) {
                (Message::Node, 4) => operator = self.text(length)?,
                (Message::Node, 7) | (Message::Function, 10) => domain = self.text(length)?,
                (Message::Tensor, 8) | (Message::Function, 1) => name = self.text(length)?,
                (Message::Tensor, 1) => {
                    while self.wire.at() < after {
                        let rows = self.wire.varint(after)?;
                        self.dimension(rows, &mut stored)?;
                    }
                }
                (Message::Tensor, 9) => {
                    (stored.offset, stored.length) = (self.wire.at(), length);
                    self.wire.skip(length)?;
                }
                (Message::Tensor, 13) => self.external(after, &mut stored)?,
                _ => match message.inner(number) {
                    Some(inner) => self.message(inner, after, depth + 1)?,
                    None => self.wire.skip(length)?,
                },
            }
        }
        match message {
            Message::Node if !DOMAINS.contains(&domain.as_str()) => drop(self.used.insert((domain, operator))),
            Message::Function => drop(self.defined.insert((domain, name))),
            Message::Tensor => {
                if name.contains("position_embeddings") {
                    self.graph.positions = self.graph.positions.max(stored.shape.first().copied());
                }
                // one of the graph of the model, not of a graph within it
                if depth == 2 {
                    self.graph.weights.extend(stored.weight(name));
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn dimension(&self, rows: u64, stored: &mut Stored) -> Result<(), WireError> {
        if stored.shape.len() == MOST_DIMENSIONS {
            return Err(WireError::Malformed { at: self.wire.at(), reason: "a tensor has too many dimensions" });
        }
        stored.shape.push(rows);
        Ok(())
    }

    /// One key and value of a tensor's external data.
    fn external(&mut self, end: u64, stored: &mut Stored) -> Result<(), WireError> {
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
                stored.external = Some(value);
            }
            "offset" => stored.offset = value.parse().unwrap_or(u64::MAX),
            "length" => stored.length = value.parse().unwrap_or(0),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, length: u64) -> Result<String, WireError> {
        Ok(String::from_utf8_lossy(&self.wire.bytes(length, LONGEST_NAME)?).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn test_model(path: &str) -> PathBuf {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data")).join(path)
    }

    #[test]
    fn what_a_file_says_of_itself_is_read() {
        let of = |path: &str| Graph::check(&test_model(path)).unwrap();
        assert_eq!(
            of("test_models/bert-cased/onnx/model.onnx").external,
            BTreeSet::from(["model.onnx_data".to_string()])
        );
        assert_eq!(of("test_models/bert-uncased/model.onnx").positions, Some(130));
        assert_eq!(of("test_models/roberta/model.onnx").positions, Some(132));
        assert_eq!(of("test_models/deberta-v2/model.onnx").positions, None);
        let bundled = of("models/clinical-ner-small/model_int8.onnx");
        assert_eq!((bundled.external, bundled.custom), Default::default());
        let whole: usize = bundled.weights.iter().map(Weight::count).sum();
        assert!(whole > 25_000_000, "nearly all of its numbers, a byte each: {whole}");
    }

    #[test]
    fn external_data_stays_in_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("model");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("weights"), "w").unwrap();
        fs::write(home.path().join("outside"), "w").unwrap();
        assert!(place(&folder, "weights").is_ok());
        assert!(place(&folder, "not/there").is_ok());
        for name in
            ["", "../outside", "/etc/hostname", "a/../../outside", "C:\\weights", "..\\outside", "*/_ORT_MEM_ADDR_/*"]
        {
            assert!(place(&folder, name).is_err(), "{name}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(home.path().join("outside"), folder.join("link")).unwrap();
            assert!(place(&folder, "link").is_err());
        }
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
