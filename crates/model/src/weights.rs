//! Weights that all sessions of a model hold together.
//!
//! ONNX Runtime gives each session a copy of its own, of what is in the file and of what it packs for its multiplications,
//! unless the weights are handed to it.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use ort::value::{DynValue, Tensor};

use crate::{
    Graph, ModelError, ModelFiles,
    graph::{Kind, Weight},
};

/// A weight by its name in the graph.
pub(crate) type Shared = (String, Arc<DynValue>);

/// The weights of a model that are worth sharing; none of a file that is absent, which is for ONNX Runtime to say.
///
/// # Errors
/// [`ModelError::Read`].
pub(crate) fn shared(files: &ModelFiles, graph: &Graph) -> Result<Vec<Shared>, ModelError> {
    let named = |weight: &Weight, value| (weight.name.clone(), Arc::new(value));
    match files {
        ModelFiles::Folder { onnx, .. } => {
            let beside = onnx.parent().unwrap_or(Path::new(""));
            let path = |weight: &Weight| weight.external.as_ref().map_or(onnx.clone(), |name| beside.join(name));
            let there = graph.weights.iter().map(|weight| (weight, path(weight))).filter(|(_, path)| path.exists());
            let read = |(weight, path): (&Weight, PathBuf)| match File::open(&path).and_then(|file| value(file, weight))
            {
                Ok(value) => Ok(named(weight, value)),
                Err(source) => Err(ModelError::Read { path, source }),
            };
            there.map(read).collect()
        }
        ModelFiles::Embedded { .. } => {
            let (name, bytes) = files.embedded_onnx().unwrap_or_default();
            let read = |weight| value(Cursor::new(bytes), weight).map(|value| named(weight, value));
            let values = graph.weights.iter().map(read).collect::<io::Result<_>>();
            values.map_err(|source| ModelError::Read { path: name.into(), source })
        }
    }
}

fn value(mut file: impl Read + Seek, weight: &Weight) -> io::Result<DynValue> {
    file.seek(SeekFrom::Start(weight.offset))?;
    let (shape, count) = (weight.shape.as_slice(), weight.count());
    let value = match weight.kind {
        Kind::Float => Tensor::from_array((shape, numbers(file, count, f32::from_le_bytes)?)).map(Tensor::into_dyn),
        Kind::Half => {
            Tensor::from_array((shape, numbers(file, count, half::f16::from_le_bytes)?)).map(Tensor::into_dyn)
        }
        Kind::Signed => Tensor::from_array((shape, numbers(file, count, i8::from_le_bytes)?)).map(Tensor::into_dyn),
        Kind::Unsigned => Tensor::from_array((shape, numbers(file, count, u8::from_le_bytes)?)).map(Tensor::into_dyn),
    };
    value.map_err(io::Error::other)
}

fn numbers<T, const N: usize>(mut file: impl Read, count: usize, from: fn([u8; N]) -> T) -> io::Result<Vec<T>> {
    let mut bytes = vec![0; count * N];
    file.read_exact(&mut bytes)?;
    Ok(bytes.as_chunks().0.iter().map(|&number| from(number)).collect())
}
