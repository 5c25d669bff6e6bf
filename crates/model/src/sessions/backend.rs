//! [`Backend`]: batches of windows to [`Logits`], by ONNX Runtime.

use std::{iter, path::PathBuf};

use spanframe_core::batch::BatchShape;

use crate::{
    Config, InputShape, Logits, ModelError, Runtime, SessionOptions,
    onnx::{OnnxFile, SharedWeights},
};

use super::{
    input::GraphInput,
    session_recipe::{SessionRecipe, Sessions, load_error},
};

/// The sessions of one model.
pub struct Backend {
    sessions: Sessions,
    options: SessionOptions,
    inputs: Vec<GraphInput>,
    /// Name of the output with the logits.
    output: String,
    labels: usize,
    /// The fixed dimensions of the graph.
    shape: InputShape,
    /// True if a window must be alone in its batch.
    is_alone: bool,
    /// The ONNX file, for errors.
    file: String,
    /// The ONNX Runtime library, for errors.
    library: PathBuf,
}

impl Backend {
    /// Creates the first session.
    ///
    /// # Errors
    /// [`ModelError`] that names the file, the device or the library.
    pub(crate) fn load(
        runtime: &'static Runtime, onnx: OnnxFile, weights: SharedWeights, config: &Config, options: SessionOptions,
    ) -> Result<Self, ModelError> {
        let library = runtime.library().to_path_buf();
        let file = onnx.files.onnx_name();
        let sessions = SessionRecipe::new(runtime, onnx.files.clone(), weights, options)?.sessions()?;
        let first = sessions.borrow()?;
        let unknown = |input| ModelError::UnknownInput { file: file.clone(), input };
        let inputs = GraphInput::all(&first, config).map_err(unknown)?;
        let outputs = first.outputs();
        let output = outputs.iter().find(|o| o.name() == "logits").or(outputs.first());
        let output = output.ok_or_else(|| load_error(&file, &library, "the graph has no output"))?.name().to_string();
        drop(first);
        Ok(Self {
            sessions,
            options,
            inputs,
            output,
            labels: config.labels.labels().len(),
            shape: onnx.graph.shape,
            is_alone: onnx.graph.dynamic.is_some(),
            file,
            library,
        })
    }

    /// Runs one window. A file that loads but cannot run, or whose output does not fit the labels,
    /// is refused here and not in the middle of a column.
    ///
    /// # Errors
    /// [`ModelError`] that names the file.
    pub fn try_out(&self, probe: &[u32]) -> Result<(), ModelError> {
        match self.run(&[probe], probe.len()) {
            Err(ModelError::Run { reason, .. }) => Err(ModelError::Onnx {
                file: self.file.clone(),
                library: self.library.clone(),
                reason: reason.replace('\n', " "),
                hint: "it cannot run on a short text: check that it is a token-classification export",
            }),
            other => other.map(drop),
        }
    }

    /// The shapes that batches should have, for windows of at most `longest` tokens.
    ///
    /// A graph that quantizes by the content of a batch gets each window alone, so that no window changes another.
    #[must_use]
    pub fn batch_shape(&self, longest: usize) -> BatchShape {
        let rows = if self.is_alone { Some(1) } else { self.shape.rows };
        let width = self.shape.width;
        BatchShape {
            rows: rows.unwrap_or(usize::MAX),
            step: width.unwrap_or_else(|| self.options.device.width_step()),
            most: width.unwrap_or(longest),
        }
    }

    /// Number of batches that run in parallel.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.options.sessions
    }

    /// Runs windows as one batch on an idle session. A window is ids with special tokens, at most `width`.
    ///
    /// Padding exists only here, also that of a graph with fixed dimensions: tokens up to its width, and copies of the
    /// last window up to its rows. The mask is 1 for every id of a window, whatever the id. The logits of a window do not
    /// depend on the other windows, unless the graph itself mixes them (as dynamic quantization does).
    ///
    /// # Errors
    /// [`ModelError::Run`]; [`ModelError::OutputShape`]; [`ModelError::InvalidLogits`] for NaN or plus infinity; where
    /// it creates a session, any error of loading one.
    pub fn run(&self, windows: &[&[u32]], width: usize) -> Result<Logits, ModelError> {
        self.run_masked(windows, width, |_| 1)
    }

    /// As [`run`](Self::run), but no token attends to one with the id 0: Spark NLP computes its mask like this. In the
    /// vocabularies of RoBERTa and XLM-RoBERTa, 0 is the begin token.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_hiding_zero(&self, windows: &[&[u32]], width: usize) -> Result<Logits, ModelError> {
        self.run_masked(windows, width, |id| i64::from(id != 0))
    }

    fn run_masked(&self, windows: &[&[u32]], width: usize, mask: fn(u32) -> i64) -> Result<Logits, ModelError> {
        let InputShape { rows, width: fixed } = self.shape;
        let width = fixed.map_or(width, |fixed| fixed.max(width));
        let padded: Vec<&[u32]>;
        let windows = match (rows, windows.last()) {
            (Some(rows), Some(last)) if rows > windows.len() => {
                padded = windows.iter().copied().chain(iter::repeat_n(*last, rows - windows.len())).collect();
                &padded
            }
            _ => windows,
        };
        let rows = windows.len();
        let failed = |e: ort::Error| ModelError::Run { rows, width, reason: e.to_string() };
        let inputs = self.inputs.iter().map(|input| Ok((input.name.as_str(), input.tensor(windows, width, mask)?)));
        let inputs = inputs.collect::<ort::Result<Vec<_>>>().map_err(failed)?;
        let mut session = self.sessions.borrow()?;
        let outputs = session.run(inputs).map_err(failed)?;
        let value = &outputs[self.output.as_str()];
        let logits = Logits::extract(value, rows, width, self.labels).map_err(failed)?;
        let logits = logits.ok_or_else(|| ModelError::OutputShape {
            file: self.file.clone(),
            output: self.output.clone(),
            got: value.dtype().to_string(),
            labels: self.labels,
        })?;
        match logits.are_valid(windows) {
            true => Ok(logits),
            false => Err(ModelError::InvalidLogits { file: self.file.clone(), rows, width }),
        }
    }
}
