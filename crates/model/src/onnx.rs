//! ONNX files, read without ONNX Runtime: what they contain, and how to load them without their large weights.

mod graph;
mod shared_weights;
mod skeleton;
mod weight;
mod wire;

pub use graph::Graph;
pub(crate) use shared_weights::Shared;
pub use wire::{Field, Wire, WireError};
