//! [`SharedWeights`]: weights that all sessions of a model use together.
//!
//! By default ONNX Runtime copies the weights of the file into each session, and packs another copy for its matrix
//! multiplications. Weights passed in memory are neither copied nor packed twice, so memory grows with the number of
//! sessions by the size of a batch, not of the model.

use std::{
    fs::File,
    io::{self, Cursor, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytemuck::Pod;
use ort::value::{DynValue, Tensor};

use crate::{ModelError, ModelFiles};

use super::{
    OnnxFile, skeleton,
    weight::{ElementType, Weight},
};

/// The large weights of a model in memory. Empty for a model with one session, which shares nothing.
#[derive(Default)]
pub(crate) struct SharedWeights {
    /// Each with its name in the graph.
    pub(crate) tensors: Vec<(String, Arc<DynValue>)>,
    /// The ONNX file without them; `None` if the file itself is loaded (see [`skeleton::of`]).
    pub(crate) skeleton: Option<Vec<u8>>,
}

impl SharedWeights {
    /// Reads the large weights. Skips those whose file does not exist: ONNX Runtime reports it by name.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub(crate) fn read(onnx: OnnxFile) -> Result<Self, ModelError> {
        Ok(Self { tensors: tensors(onnx)?, skeleton: skeleton::of(onnx) })
    }
}

fn tensors(OnnxFile { files, graph }: OnnxFile) -> Result<Vec<(String, Arc<DynValue>)>, ModelError> {
    let named = |weight: &Weight, value| (weight.name.clone(), Arc::new(value));
    match files {
        ModelFiles::Folder { onnx, .. } => {
            let folder = onnx.parent().unwrap_or(Path::new(""));
            let path = |weight: &Weight| weight.external.as_ref().map_or(onnx.clone(), |name| folder.join(name));
            let present = graph.weights.iter().map(|weight| (weight, path(weight))).filter(|(_, path)| path.exists());
            let read = |(weight, path): (&Weight, PathBuf)| match File::open(&path).and_then(|file| value(file, weight))
            {
                Ok(value) => Ok(named(weight, value)),
                Err(source) => Err(ModelError::Read { path, source }),
            };
            present.map(read).collect()
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
    let value = match weight.element_type {
        ElementType::Float32 => Tensor::from_array((shape, values::<f32>(file, count)?)).map(Tensor::into_dyn),
        ElementType::Float16 => Tensor::from_array((shape, values::<half::f16>(file, count)?)).map(Tensor::into_dyn),
        ElementType::Int8 => Tensor::from_array((shape, values::<i8>(file, count)?)).map(Tensor::into_dyn),
        ElementType::Uint8 => Tensor::from_array((shape, values::<u8>(file, count)?)).map(Tensor::into_dyn),
    };
    value.map_err(io::Error::other)
}

#[cfg(target_endian = "big")]
compile_error!("ONNX files are little-endian, and their values are read without conversion");

fn values<T: Pod>(mut file: impl Read, count: usize) -> io::Result<Vec<T>> {
    let mut values = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    Ok(values)
}
