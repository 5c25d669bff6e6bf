//! What can go wrong on this floor.

use std::path::PathBuf;

use spanframe_core::LabelError;

use crate::LIBRARY_VARIABLE;

/// Who has to act on an error. Each face maps it to an exit code or an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The data or an option.
    Input,
    /// The model folder.
    Model,
    /// The ONNX Runtime library or the device.
    Device,
    /// A fault of spanframe's own.
    Internal,
}

/// Why a model cannot be loaded or run. Messages name the file and the way out; they never carry note text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The path is not a folder, nor an ONNX file in one.
    #[error(
        "there is no model at `{path}`: name a folder with config.json, tokenizer.json and model.onnx, an .onnx file in \
         such a folder, or a name that `spanframe model list` shows, such as {known}"
    )]
    NotFound {
        /// What was asked for.
        path: String,
        /// Names that need no path.
        known: String,
    },
    /// A file that every model folder has is missing.
    #[error("the model folder `{folder}` has no {file}: {hint}")]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// What is missing.
        file: &'static str,
        /// The way out.
        hint: &'static str,
    },
    /// Several variants and none that is the obvious one.
    #[error("the model folder `{folder}` has several models ({found}): name one of these files instead of the folder")]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The files, with commas.
        found: String,
    },
    /// The files are not those that were loaded.
    #[error("the model in `{location}` was changed after it was loaded: begin again, in a new process")]
    Changed {
        /// Where the model came from.
        location: PathBuf,
    },
    /// A name that begins as one of the hub and is none.
    #[error(
        "`{0}` is no name of the hub: expected hf:org/name or hf:org/name@revision, of letters, digits, dots, hyphens and \
         underscores"
    )]
    BadHubName(String),
    /// A model of the hub that was not added.
    #[error("`{0}` is not installed, and nothing is fetched unless asked: run `spanframe model add {0}` first")]
    NotInstalled(String),
    /// Files are not what their manifest says.
    #[error(
        "the model folder `{folder}` is not what its manifest.json says: {faults}; install it again, or remove \
         manifest.json if the change was meant"
    )]
    Altered {
        /// The folder.
        folder: PathBuf,
        /// The differences, with commas.
        faults: String,
    },
    /// An ONNX file that is not given to ONNX Runtime.
    #[error("`{file}` is refused: {reason}")]
    Refused {
        /// The file.
        file: PathBuf,
        /// Why, and the way out.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A JSON file is not what it should be.
    #[error("`{file}` is not usable: {reason}")]
    Config {
        /// The file.
        file: String,
        /// What is wrong in it, and where.
        reason: String,
    },
    /// The labels make no sense.
    #[error("the labels in `{file}` are not usable: {source}")]
    Labels {
        /// The file.
        file: String,
        /// Why.
        source: LabelError,
    },
    /// tokenizer.json cannot be loaded.
    #[error("`{file}` is not a usable tokenizer ({reason}): copy it again from where the model came from")]
    Tokenizer {
        /// The file.
        file: String,
        /// The library's reason.
        reason: String,
    },
    /// Tokenizing failed, which a loaded tokenizer should never do.
    #[error("the tokenizer of `{model}` failed on a document of {bytes} bytes")]
    Tokenize {
        /// The model.
        model: String,
        /// Length of the document. The library's reason is left out: it could quote the note.
        bytes: usize,
    },
    /// ONNX Runtime refuses the file.
    #[error("ONNX Runtime (`{library}`) cannot load `{file}`: {reason}; {hint}")]
    Onnx {
        /// The file.
        file: String,
        /// The library in use.
        library: PathBuf,
        /// The library's reason.
        reason: String,
        /// The way out.
        hint: &'static str,
    },
    /// The graph asks for an input that is not one of the four known ones.
    #[error(
        "`{file}` has an input `{input}`: only input_ids, attention_mask, token_type_ids and position_ids can be given"
    )]
    UnknownInput {
        /// The file.
        file: String,
        /// Name of the input.
        input: String,
    },
    /// The logits do not fit the labels.
    #[error(
        "`{file}` gives {got} as `{output}` where [batch, sequence, {labels}] is expected (config.json has {labels} labels)"
    )]
    OutputShape {
        /// The file.
        file: String,
        /// Name of the output.
        output: String,
        /// Its shape and type.
        got: String,
        /// Number of labels in config.json.
        labels: usize,
    },
    /// A run gave logits that say nothing.
    #[error(
        "`{file}` gave logits that are not numbers (NaN or infinite) on a batch of {rows} x {width} tokens: weights in half \
         precision can overflow, an export in fp32 does not"
    )]
    NotNumbers {
        /// The ONNX file.
        file: String,
        /// Windows in the batch.
        rows: usize,
        /// Tokens in each.
        width: usize,
    },
    /// A run failed.
    #[error("ONNX Runtime failed on a batch of {rows} x {width} tokens: {reason}")]
    Run {
        /// Windows in the batch.
        rows: usize,
        /// Tokens in each.
        width: usize,
        /// The library's reason.
        reason: String,
    },
    /// The library was not found.
    #[error(
        "ONNX Runtime was not found (looked for {looked}): install it with `pip install onnxruntime`, or give the path of \
         libonnxruntime by the option `onnxruntime` or the environment variable {LIBRARY_VARIABLE}"
    )]
    LibraryNotFound {
        /// Where it was looked for.
        looked: String,
    },
    /// The library was found and cannot be used.
    #[error(
        "the ONNX Runtime library `{path}` cannot be used: {reason}; version 1.22 or newer is needed (`pip install -U onnxruntime`)"
    )]
    LibraryUnusable {
        /// The library.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another library was loaded before.
    #[error(
        "ONNX Runtime is already loaded from `{loaded}` and cannot be loaded again from `{asked}`: a process has one"
    )]
    LibraryLoaded {
        /// In use.
        loaded: PathBuf,
        /// Asked for.
        asked: PathBuf,
    },
    /// The device's name is not understood.
    #[error("device `{0}` is not known: say `cpu`, `cuda` or `cuda:N`")]
    UnknownDevice(String),
    /// The device is not there. There is no fallback.
    #[error("device `{device}` is not available with the ONNX Runtime at `{library}`: {reason}")]
    DeviceAbsent {
        /// Asked for.
        device: String,
        /// The library in use.
        library: PathBuf,
        /// Why, and the way out.
        reason: String,
    },
}

impl ModelError {
    /// Who has to act.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownDevice(_) | Self::BadHubName(_) => ErrorKind::Input,
            Self::LibraryNotFound { .. }
            | Self::LibraryUnusable { .. }
            | Self::LibraryLoaded { .. }
            | Self::DeviceAbsent { .. } => ErrorKind::Device,
            Self::Run { .. } | Self::Tokenize { .. } => ErrorKind::Internal,
            _ => ErrorKind::Model,
        }
    }
}
