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
    weights: Vec<Values>,
    /// The ONNX file without them; `None` if the file itself is loaded (see [`skeleton::of`]).
    pub(crate) skeleton: Option<Vec<u8>>,
}

/// A weight with its name in the graph.
struct Values {
    name: String,
    shape: Vec<i64>,
    values: ValuesOfType,
}

enum ValuesOfType {
    Float32(Vec<f32>),
    Float16(Vec<half::f16>),
    Int8(Vec<i8>),
    Uint8(Vec<u8>),
}

impl SharedWeights {
    /// Reads the large weights; ONNX Runtime need not be loaded. Skips those whose file does not exist: ONNX Runtime
    /// reports it by name.
    ///
    /// # Errors
    /// [`ModelError::Read`].
    pub(crate) fn read(onnx: OnnxFile) -> Result<Self, ModelError> {
        Ok(Self { weights: weights(onnx)?, skeleton: skeleton::of(onnx) })
    }

    /// The weights by name, as sessions take them.
    ///
    /// # Errors
    /// ONNX Runtime's.
    pub(crate) fn into_tensors(self) -> ort::Result<Vec<(String, Arc<DynValue>)>> {
        let tensor = |Values { name, shape, values }| {
            let tensor = match values {
                ValuesOfType::Float32(values) => Tensor::from_array((shape, values))?.into_dyn(),
                ValuesOfType::Float16(values) => Tensor::from_array((shape, values))?.into_dyn(),
                ValuesOfType::Int8(values) => Tensor::from_array((shape, values))?.into_dyn(),
                ValuesOfType::Uint8(values) => Tensor::from_array((shape, values))?.into_dyn(),
            };
            Ok((name, Arc::new(tensor)))
        };
        self.weights.into_iter().map(tensor).collect()
    }
}

fn weights(OnnxFile { files, graph }: OnnxFile) -> Result<Vec<Values>, ModelError> {
    match files {
        ModelFiles::Folder { onnx, .. } => {
            let folder = onnx.parent().unwrap_or(Path::new(""));
            let path = |weight: &Weight| weight.external.as_ref().map_or(onnx.clone(), |name| folder.join(name));
            let present = graph.weights.iter().map(|weight| (weight, path(weight))).filter(|(_, path)| path.exists());
            let read = |(weight, path): (&Weight, PathBuf)| {
                File::open(&path)
                    .and_then(|file| values(file, weight))
                    .map_err(|source| ModelError::Read { path, source })
            };
            present.map(read).collect()
        }
        ModelFiles::Embedded { .. } => {
            let (name, bytes) = files.embedded_onnx().unwrap_or_default();
            let values = graph.weights.iter().map(|weight| values(Cursor::new(bytes), weight));
            values.collect::<io::Result<_>>().map_err(|source| ModelError::Read { path: name.into(), source })
        }
    }
}

fn values(mut file: impl Read + Seek, weight: &Weight) -> io::Result<Values> {
    file.seek(SeekFrom::Start(weight.offset))?;
    let count = weight.count();
    let values = match weight.element_type {
        ElementType::Float32 => ValuesOfType::Float32(of_type(file, count)?),
        ElementType::Float16 => ValuesOfType::Float16(of_type(file, count)?),
        ElementType::Int8 => ValuesOfType::Int8(of_type(file, count)?),
        ElementType::Uint8 => ValuesOfType::Uint8(of_type(file, count)?),
    };
    Ok(Values { name: weight.name.clone(), shape: weight.shape.clone(), values })
}

#[cfg(target_endian = "big")]
compile_error!("ONNX files are little-endian, and their values are read without conversion");

fn of_type<T: Pod>(mut file: impl Read, count: usize) -> io::Result<Vec<T>> {
    let mut values = vec![T::zeroed(); count];
    file.read_exact(bytemuck::cast_slice_mut(&mut values))?;
    Ok(values)
}
