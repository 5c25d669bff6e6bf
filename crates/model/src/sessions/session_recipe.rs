//! [`SessionRecipe`]: how the sessions of a model are created, all with the same options and the same copy of the weights.

use std::{path::Path, sync::Arc};

use ort::{
    ep::{self, ExecutionProvider},
    session::{
        Session,
        builder::{GraphOptimizationLevel, PrepackedWeights, SessionBuilder},
    },
    value::DynValue,
};

use super::pool::Pool;
use crate::{Device, ModelError, ModelFiles, Runtime, SessionOptions, onnx::SharedWeights};

/// Bytes of ONNX files that are loaded in parallel. While a session is created, it holds a copy of all weights.
const BYTES_AT_ONCE: u64 = 2 << 30;

/// The sessions of a model.
pub(super) type Sessions = Pool<Session, Box<dyn Fn() -> Result<Session, ModelError> + Send + Sync>>;

/// Everything that one more session of a model needs.
pub(super) struct SessionRecipe {
    runtime: &'static Runtime,
    files: ModelFiles,
    options: SessionOptions,
    /// Large weights by name, which sessions share.
    weights: Vec<(String, Arc<DynValue>)>,
    /// The file without them; see [`SharedWeights`].
    skeleton: Option<Vec<u8>>,
    /// Weights as sessions pack them for their matrix multiplications, packed once.
    packed: PrepackedWeights,
}

impl SessionRecipe {
    /// # Errors
    /// [`ModelError::LibraryUnusable`].
    pub(super) fn new(
        runtime: &'static Runtime, files: ModelFiles, mut weights: SharedWeights, options: SessionOptions,
    ) -> Result<Self, ModelError> {
        let skeleton = weights.skeleton.take();
        let weights = weights.into_tensors().map_err(|e| unusable(runtime, &e))?;
        Ok(Self { runtime, files, options, weights, skeleton, packed: PrepackedWeights::new() })
    }

    /// The sessions. One is created at once, so that a short text does not wait for sessions that it does not need. If
    /// sessions are made from files, all are, because the files may change.
    ///
    /// # Errors
    /// [`ModelError`] that names the file, the device or the library.
    pub(super) fn sessions(self) -> Result<Sessions, ModelError> {
        let at_once = (BYTES_AT_ONCE / self.files.onnx_bytes().unwrap_or(0).max(1)).max(1) as usize;
        let is_in_memory = self.skeleton.is_some() || matches!(self.files, ModelFiles::Embedded { .. });
        let size = self.options.sessions;
        Pool::new(Box::new(move || self.session()), size, at_once, if is_in_memory { 1 } else { size })
    }

    fn session(&self) -> Result<Session, ModelError> {
        let mut builder = self.on_device(self.builder().map_err(|e| unusable(self.runtime, &e))?)?;
        let session = match (&self.files, &self.skeleton) {
            (_, Some(skeleton)) => builder.commit_from_memory(skeleton),
            (ModelFiles::Folder { onnx, .. }, None) => builder.commit_from_file(onnx),
            (ModelFiles::Embedded { .. }, None) => {
                let (_, bytes) = self.files.embedded_onnx().ok_or_else(|| self.failed("no ONNX file"))?;
                builder.commit_from_memory(bytes)
            }
        };
        session.map_err(|e| self.failed(&e.to_string()))
    }

    /// An error for ONNX Runtime's reason: of the device if CUDA gave it, else of the ONNX file.
    fn failed(&self, reason: &str) -> ModelError {
        match cuda_failure(reason) {
            Some(failure) if self.options.device != Device::Cpu => {
                self.absent(format!("{failure}; `nvidia-smi` lists the GPUs and the memory that is left"))
            }
            _ => load_error(&self.files.onnx_name(), self.runtime.library(), reason),
        }
    }

    fn absent(&self, reason: String) -> ModelError {
        ModelError::DeviceAbsent {
            device: self.options.device.to_string(),
            library: self.runtime.library().to_path_buf(),
            reason,
        }
    }

    fn builder(&self) -> ort::Result<SessionBuilder> {
        let mut builder = Session::builder(self.runtime.environment())?
            // errors are returned; ONNX Runtime would log them as well
            .with_log_level(ort::logging::LogLevel::Fatal)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(self.options.intra_threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_prepacked_weights(&self.packed)?;
        for (name, weight) in &self.weights {
            // as an initializer, so that it is packed once for all sessions
            builder = builder.with_initializer(name, Arc::clone(weight))?;
            // as external data too, which the graph optimizer reads
            if self.skeleton.is_some() {
                builder = builder.with_external_initializer(name, Arc::clone(weight))?;
            }
        }
        // on another device, ONNX Runtime runs the functions that the file defines for these operators
        if self.options.device == Device::Cpu {
            builder = builder.with_operators(spanframe_operators::domain(self.options.intra_threads)?)?;
        }
        Ok(builder)
    }

    fn on_device(&self, builder: SessionBuilder) -> Result<SessionBuilder, ModelError> {
        match self.options.device {
            Device::Cpu => Ok(builder),
            Device::Cuda(index) => self.on_cuda(builder, index),
        }
    }

    fn on_cuda(&self, builder: SessionBuilder, index: u16) -> Result<SessionBuilder, ModelError> {
        if !ep::CUDA::is_available().map_err(|e| self.absent(e.to_string()))? {
            return Err(
                self.absent("it was built without CUDA; `pip install onnxruntime-gpu` brings one with it".to_string())
            );
        }
        let provider = ep::CUDA::default()
            .with_device_id(i32::from(index))
            .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested);
        let provider = provider.build().error_on_failure();
        builder.with_execution_providers([provider]).map_err(|e| self.absent(e.to_string()))
    }
}

fn unusable(runtime: &Runtime, error: &ort::Error) -> ModelError {
    ModelError::LibraryUnusable { path: runtime.library().to_path_buf(), reason: error.to_string() }
}

/// The part of ONNX Runtime's `reason` that a CUDA library gave: `CUDA failure 101: invalid device ordinal`.
///
/// ONNX Runtime writes `LIBRARY failure CODE: WORDS ; GPU=... ; hostname=...` (cuda_call.cc). A device that is not there
/// fails so when a session is created, because the provider is only made then.
fn cuda_failure(reason: &str) -> Option<&str> {
    let begin = ["CUDA failure", "CUBLAS failure", "CUDNN failure"].iter().find_map(|words| reason.find(words))?;
    reason[begin..].split(" ; ").next()
}

/// An error for the ONNX file `file` with ONNX Runtime's reason, and a hint that depends on the words of that reason.
pub(super) fn load_error(file: &str, library: &Path, reason: &str) -> ModelError {
    let lower = reason.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let hint = if any(&["opset", "ir version", "ir_version"]) {
        "upgrade it (`pip install -U onnxruntime`) or export the model again with an older opset"
    } else if any(&["external", "no such file", "does not exist"]) {
        "its weights are in another file (such as model.onnx_data): copy that beside it"
    } else if any(&["protobuf", "parse", "invalid", "out of bounds", "size"]) {
        "the file is truncated or damaged: copy it again from its source"
    } else {
        "check that it is a token-classification export"
    };
    let reason = reason.replace('\n', " ");
    ModelError::Onnx { file: file.to_string(), library: library.to_path_buf(), reason, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_cuda_is_one_of_the_device() {
        let reason = "Exception during initialization: cuda_call.cc:129 CUDA failure 101: invalid device ordinal ; GPU=0 ; \
                      hostname=node ; expr=cudaSetDevice(info_.device_id);";
        assert_eq!(cuda_failure(reason), Some("CUDA failure 101: invalid device ordinal"));
        assert_eq!(cuda_failure("Load model failed: Protobuf parsing failed."), None);
    }
}
