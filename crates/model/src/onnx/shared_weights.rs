//! [`Shared`]: weights that all sessions of a model hold together.
//!
//! ONNX Runtime gives each session a copy of its own, of what is in the file and of what it packs for its multiplications,
//! unless the weights are handed to it.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytemuck::Pod;
use ort::value::{DynValue, Tensor};

use crate::{
    Graph, ModelError, ModelFiles,
    onnx::skeleton,
    onnx::weight::{Kind, Weight},
};

/// What the sessions of a model hold together.
#[derive(Default)]
pub(crate) struct Shared {
    /// The large weights, by their names in the graph.
    pub(crate) weights: Vec<(String, Arc<DynValue>)>,
    /// The ONNX file without them, if they are all in it, and most of it.
    pub(crate) skeleton: Option<Vec<u8>>,
}

impl Shared {
    /// Reads what is worth sharing; nothing of a file that is absent, which is for ONNX Runtime to say.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub(crate) fn read(files: &ModelFiles, graph: &Graph) -> Result<Self, ModelError> {
        Ok(Self { weights: weights(files, graph)?, skeleton: skeleton::of(files, graph) })
    }
}

fn weights(files: &ModelFiles, graph: &Graph) -> Result<Vec<(String, Arc<DynValue>)>, ModelError> {
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
        Kind::Float => Tensor::from_array((shape, numbers::<f32>(file, count)?)).map(Tensor::into_dyn),
        Kind::Half => Tensor::from_array((shape, numbers::<half::f16>(file, count)?)).map(Tensor::into_dyn),
        Kind::Signed => Tensor::from_array((shape, numbers::<i8>(file, count)?)).map(Tensor::into_dyn),
        Kind::Unsigned => Tensor::from_array((shape, numbers::<u8>(file, count)?)).map(Tensor::into_dyn),
    };
    value.map_err(io::Error::other)
}

#[cfg(target_endian = "big")]
compile_error!("the numbers of ONNX files are little-endian, and are read as they are");

fn numbers<T: Pod>(mut file: impl Read, count: usize) -> io::Result<Vec<T>> {
    let mut numbers = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut numbers))?;
    Ok(numbers)
}
