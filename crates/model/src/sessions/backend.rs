//! [`Backend`]: batches of windows to [`Logits`], by ONNX Runtime.

use std::{
    iter,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use ort::{
    ep::{self, ExecutionProvider},
    session::{
        Session,
        builder::{GraphOptimizationLevel, PrepackedWeights, SessionBuilder},
    },
    value::{DynValue, Tensor, TensorElementType, ValueType},
};

use crate::{Config, Device, Graph, ModelError, ModelFiles, Runtime, onnx::Shared};

/// Bytes of ONNX files that are read at once: a session holds a copy of all weights while it is made.
const READ_AT_ONCE: u64 = 2 << 30;

/// Logits of one batch, row-major `[rows, width, labels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    values: Vec<f32>,
    width: usize,
    labels: usize,
}

impl Logits {
    /// The logits of `tokens` of window `row`, row-major `[tokens, labels]`.
    #[must_use]
    pub fn tokens(&self, row: usize, tokens: std::ops::Range<usize>) -> &[f32] {
        let at = |token: usize| (row * self.width + token) * self.labels;
        &self.values[at(tokens.start)..at(tokens.end)]
    }
}

/// How sessions are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SessionOptions {
    /// Where they run.
    pub device: Device,
    /// How many there are: as many batches run at once.
    pub sessions: usize,
    /// Threads inside one session.
    pub intra_threads: usize,
}

/// The inputs a graph may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Ids,
    Mask,
    Types,
    Positions,
}

struct InputSpec {
    input: Input,
    name: String,
    /// The graph wants 32-bit integers.
    narrow: bool,
}

/// A pool of sessions over one model. On a processor they hold its large weights together.
pub struct Backend {
    device: Device,
    sessions: Vec<Mutex<Session>>,
    inputs: Vec<InputSpec>,
    output: String,
    labels: usize,
    pad: i64,
    first_position: i64,
    file: String,
    library: PathBuf,
}

impl Backend {
    /// Makes the sessions.
    ///
    /// # Errors
    /// [`ModelError`] that names the file, the device or the library.
    pub fn load(
        runtime: &Runtime, (files, graph): (&ModelFiles, &Graph), config: &Config, options: SessionOptions,
    ) -> Result<Self, ModelError> {
        let library = runtime.library().to_path_buf();
        let file = files.onnx_name();
        let refused = |e: String| onnx_error(&file, &library, &e);
        let alone = options.sessions == 1 || options.device != Device::Cpu;
        let shared = if alone { Shared::default() } else { Shared::read(files, graph)? };
        let packed = PrepackedWeights::new();
        let load = || {
            let mut builder = builder(runtime, options, (&shared, &packed))?;
            let session = match (files, &shared.skeleton) {
                (_, Some(skeleton)) => builder.commit_from_memory(skeleton),
                (ModelFiles::Folder { onnx, .. }, _) => builder.commit_from_file(onnx),
                (ModelFiles::Embedded { .. }, _) => {
                    let (_, bytes) = files.embedded_onnx().ok_or_else(|| refused("no ONNX file".to_string()))?;
                    builder.commit_from_memory(bytes)
                }
            };
            session.map_err(|e| refused(e.to_string()))
        };
        // each takes a good part of a second of one core
        let at_once = (READ_AT_ONCE / files.onnx_bytes().unwrap_or(0).max(1)).max(1) as usize;
        let mut sessions = Vec::with_capacity(options.sessions);
        while sessions.len() < options.sessions {
            let others = 1..at_once.min(options.sessions - sessions.len());
            sessions.extend(thread::scope(|scope| {
                let others: Vec<_> = others.map(|_| scope.spawn(load)).collect();
                let others = others.into_iter().map(|other| other.join().unwrap_or_else(|panic| resume_unwind(panic)));
                iter::once(load()).chain(others).collect::<Result<Vec<_>, _>>()
            })?);
        }
        let first = &sessions[0];
        let inputs = first
            .inputs()
            .iter()
            .map(|outlet| {
                let input = match outlet.name() {
                    "input_ids" => Input::Ids,
                    "attention_mask" => Input::Mask,
                    "token_type_ids" => Input::Types,
                    "position_ids" => Input::Positions,
                    other => return Err(ModelError::UnknownInput { file: file.clone(), input: other.to_string() }),
                };
                let narrow = matches!(outlet.dtype(), ValueType::Tensor { ty: TensorElementType::Int32, .. });
                Ok(InputSpec { input, name: outlet.name().to_string(), narrow })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let outputs = first.outputs();
        let output = outputs.iter().find(|o| o.name() == "logits").or(outputs.first());
        let output = output.ok_or_else(|| refused("the graph has no output".to_string()))?.name().to_string();
        Ok(Self {
            device: options.device,
            sessions: sessions.into_iter().map(Mutex::new).collect(),
            inputs,
            output,
            labels: config.labels.labels().len(),
            pad: config.pad_token_id,
            first_position: config.first_position,
            file,
            library,
        })
    }

    /// Runs a probe through the first session, so that a file that loads but cannot run, or whose output does not fit the
    /// labels, is refused before the first batch and not in the middle of a column.
    ///
    /// # Errors
    /// [`ModelError`] that names the file.
    pub fn try_out(&self, probe: &[u32]) -> Result<(), ModelError> {
        match self.run(0, &[probe], probe.len()) {
            Err(ModelError::Run { reason, .. }) => Err(onnx_error(&self.file, &self.library, &reason)),
            other => other.map(drop),
        }
    }

    /// Widths of batches should be multiples of it.
    #[must_use]
    pub fn width_step(&self) -> usize {
        self.device.width_step()
    }

    /// How many batches can run at once.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// Runs windows (ids with special tokens, each of at most `width`) as one batch, on the session of `worker`.
    ///
    /// Padding happens here and only here: the mask says 1 for every id that was given, whatever its value.
    /// A logit does not depend on the other windows of the batch, as far as the graph's operators allow.
    ///
    /// # Errors
    /// [`ModelError::Run`], [`ModelError::OutputShape`] and [`ModelError::NotNumbers`].
    pub fn run(&self, worker: usize, windows: &[&[u32]], width: usize) -> Result<Logits, ModelError> {
        self.run_masked(worker, windows, width, |_| 1)
    }

    /// As [`run`](Self::run), but no token attends to one whose id is 0, as Spark NLP computes its mask. With RoBERTa's
    /// and XLM-RoBERTa's vocabularies that is the begin token.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_hiding_zero(&self, worker: usize, windows: &[&[u32]], width: usize) -> Result<Logits, ModelError> {
        self.run_masked(worker, windows, width, |id| i64::from(id != 0))
    }

    fn run_masked(
        &self, worker: usize, windows: &[&[u32]], width: usize, mask: fn(u32) -> i64,
    ) -> Result<Logits, ModelError> {
        let rows = windows.len();
        let failed = |e: ort::Error| ModelError::Run { rows, width, reason: e.to_string() };
        let inputs = self
            .inputs
            .iter()
            .map(|spec| Ok((spec.name.as_str(), self.tensor(spec, windows, width, mask)?)))
            .collect::<Result<Vec<_>, ort::Error>>()
            .map_err(failed)?;
        let mut session = self.sessions[worker % self.sessions.len()].lock().unwrap_or_else(PoisonError::into_inner);
        let outputs = session.run(inputs).map_err(failed)?;
        let value = &outputs[self.output.as_str()];
        let wrong = || ModelError::OutputShape {
            file: self.file.clone(),
            output: self.output.clone(),
            got: value.dtype().to_string(),
            labels: self.labels,
        };
        let (shape, values) = match value.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, .. } => {
                let (shape, values) = value.try_extract_tensor::<f32>().map_err(failed)?;
                (shape, values.to_vec())
            }
            ValueType::Tensor { ty: TensorElementType::Float16, .. } => {
                let (shape, values) = value.try_extract_tensor::<half::f16>().map_err(failed)?;
                (shape, values.iter().map(|v| v.to_f32()).collect())
            }
            _ => return Err(wrong()),
        };
        if shape[..] != [rows as i64, width as i64, self.labels as i64] {
            return Err(wrong());
        }
        let logits = Logits { values, width, labels: self.labels };
        // of padding nothing is read; minus infinity is a label that never is
        let number = |logit: &f32| !logit.is_nan() && *logit < f32::INFINITY;
        let said = |(row, window): (usize, &&[u32])| logits.tokens(row, 0..window.len()).iter().all(number);
        match windows.iter().enumerate().all(said) {
            true => Ok(logits),
            false => Err(ModelError::NotNumbers { file: self.file.clone(), rows, width }),
        }
    }

    fn tensor(
        &self, spec: &InputSpec, windows: &[&[u32]], width: usize, mask: fn(u32) -> i64,
    ) -> Result<DynValue, ort::Error> {
        let mut values = Vec::with_capacity(windows.len() * width);
        for window in windows {
            let padding = width - window.len();
            match spec.input {
                Input::Ids => values.extend(window.iter().map(|&id| i64::from(id))),
                Input::Mask => values.extend(window.iter().map(|&id| mask(id))),
                Input::Types => values.extend(window.iter().map(|_| 0)),
                Input::Positions => {
                    values.extend((0..window.len() as i64).map(|i| self.first_position.saturating_add(i)));
                }
            }
            let fill = match spec.input {
                Input::Ids => self.pad,
                Input::Mask | Input::Types => 0,
                Input::Positions => self.first_position.saturating_sub(1).max(0),
            };
            values.extend(iter::repeat_n(fill, padding));
        }
        let shape = [windows.len(), width];
        if spec.narrow {
            let values: Vec<i32> = values.into_iter().map(|v| v as i32).collect();
            return Ok(Tensor::from_array((shape, values))?.into_dyn());
        }
        Ok(Tensor::from_array((shape, values))?.into_dyn())
    }
}

fn builder(
    runtime: &Runtime, options: SessionOptions, (shared, packed): (&Shared, &PrepackedWeights),
) -> Result<SessionBuilder, ModelError> {
    let make = || -> Result<SessionBuilder, ort::Error> {
        let mut builder = Session::builder(runtime.environment())?
            // its errors come back as results; logging them too would say them twice
            .with_log_level(ort::logging::LogLevel::Fatal)?
            .with_optimization_level(GraphOptimizationLevel::All)?
            .with_intra_threads(options.intra_threads)?
            .with_inter_threads(1)?
            .with_intra_op_spinning(false)?
            .with_prepacked_weights(packed)?;
        for (name, weight) in &shared.weights {
            // sessions hold together what is packed of these,
            builder = builder.with_initializer(name, Arc::clone(weight))?;
            // and what is computed while a session is made looks at those
            if shared.skeleton.is_some() {
                builder = builder.with_external_initializer(name, Arc::clone(weight))?;
            }
        }
        // another device has operators of its own for what the file says it stands for
        if options.device == Device::Cpu {
            builder = builder.with_operators(spanframe_operators::domain(options.intra_threads)?)?;
        }
        Ok(builder)
    };
    let unusable =
        |e: ort::Error| ModelError::LibraryUnusable { path: runtime.library().to_path_buf(), reason: e.to_string() };
    let builder = make().map_err(unusable)?;
    let Device::Cuda(number) = options.device else { return Ok(builder) };
    let absent = |reason: String| ModelError::DeviceAbsent {
        device: options.device.to_string(),
        library: runtime.library().to_path_buf(),
        reason,
    };
    if !ep::CUDA::is_available().map_err(|e| absent(e.to_string()))? {
        return Err(absent("it was built without CUDA; `pip install onnxruntime-gpu` brings one with it".to_string()));
    }
    let provider = ep::CUDA::default()
        .with_device_id(i32::from(number))
        .with_arena_extend_strategy(ep::ArenaExtendStrategy::SameAsRequested);
    let provider = provider.build().error_on_failure();
    builder.with_execution_providers([provider]).map_err(|e| absent(e.to_string()))
}

/// ONNX Runtime's reason, with the way out that its wording points to.
fn onnx_error(file: &str, library: &Path, reason: &str) -> ModelError {
    let lower = reason.to_lowercase();
    let any = |words: &[&str]| words.iter().any(|w| lower.contains(w));
    let hint = if any(&["opset", "ir version", "ir_version"]) {
        "upgrade it (`pip install -U onnxruntime`) or export the model again with an older opset"
    } else if any(&["external", "no such file", "does not exist"]) {
        "its weights lie in a file of their own (model.onnx_data or the like): copy that beside it"
    } else if any(&["protobuf", "parse", "invalid", "out of bounds", "size"]) {
        "the file is truncated or damaged: copy it again from where the model came from"
    } else {
        "check that it is a token-classification export"
    };
    let reason = reason.replace('\n', " ");
    ModelError::Onnx { file: file.to_string(), library: library.to_path_buf(), reason, hint }
}
