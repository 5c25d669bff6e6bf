//! ONNX files: their contents, read without ONNX Runtime, and how sessions load them without copying the weights.

mod graph;
mod graph_check;
mod onnx_file;
mod shared_weights;
mod skeleton;
mod weight;
mod wire;

pub use graph::{Graph, InputShape};
pub(crate) use onnx_file::OnnxFile;
pub(crate) use shared_weights::SharedWeights;
pub use wire::{Field, Wire, WireError};
