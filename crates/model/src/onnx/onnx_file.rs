//! [`OnnxFile`]: a model's ONNX file together with its graph.

use crate::ModelFiles;

use super::Graph;

/// The ONNX file of `files` and the graph that [`Graph::of`] read and checked.
#[derive(Clone, Copy)]
pub(crate) struct OnnxFile<'a> {
    pub(crate) files: &'a ModelFiles,
    pub(crate) graph: &'a Graph,
}
