//! [`OnnxFile`]: a model's ONNX file together with its graph.

use crate::ModelFiles;

use super::Graph;

/// The ONNX file of `files`, which has passed the check of [`Graph::of`], and what that found in it.
#[derive(Clone, Copy)]
pub(crate) struct OnnxFile<'a> {
    pub(crate) files: &'a ModelFiles,
    pub(crate) graph: &'a Graph,
}
