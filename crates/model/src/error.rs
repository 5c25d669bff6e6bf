//! [`ModelError`]: why a model cannot be loaded or run.

mod relocated;

use std::path::PathBuf;

use spanframe_core::LabelError;

use crate::LIBRARY_VARIABLE;

/// Whose mistake an error is. Each face maps it to an exit code or an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The data or an option is wrong.
    Input,
    /// The model folder is wrong.
    Model,
    /// The ONNX Runtime library or the device is unusable.
    Device,
    /// spanframe itself failed.
    Internal,
}

/// Why a model cannot be loaded or run. Messages name the file and what to do; they never contain note text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The path is neither a folder nor an ONNX file.
    #[error(
        "there is no model at `{path}`: name a folder with config.json, tokenizer.json and model.onnx, an .onnx file in \
         such a folder, or a name that `spanframe model list` shows, such as {known}"
    )]
    NotFound {
        /// The path or name.
        path: String,
        /// Names that could be used instead.
        known: String,
    },
    /// A file that every model needs is missing.
    #[error("the model folder `{folder}` has no {file}: {hint}")]
    MissingFile {
        /// The folder.
        folder: PathBuf,
        /// Name of the missing file.
        file: &'static str,
        /// What to do.
        hint: &'static str,
    },
    /// A folder has several ONNX files, and none is called `model.onnx`.
    #[error("the model folder `{folder}` has several models ({found}): name one of these files instead of the folder")]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The files, separated by commas.
        found: String,
    },
    /// The files changed after they were loaded.
    #[error("the model in `{location}` was changed after it was loaded: start again in a new process")]
    Changed {
        /// The folder.
        location: PathBuf,
    },
    /// A name begins with `hf:` and is not the name of a model on the hub.
    #[error(
        "`{0}` is not a hub name: expected hf:org/name or hf:org/name@revision, of letters, digits, dots, hyphens and \
         underscores"
    )]
    BadHubName(String),
    /// A model of the hub is not installed.
    #[error("`{0}` is not installed, and nothing is fetched unless asked: run `spanframe model add {0}` first")]
    NotInstalled(String),
    /// Files differ from their manifest.
    #[error(
        "the model folder `{folder}` is not what its manifest.json says: {differences}; install it again, or remove \
         manifest.json if the change was meant"
    )]
    Altered {
        /// The folder.
        folder: PathBuf,
        /// The differences, separated by commas.
        differences: String,
    },
    /// An ONNX file is refused before ONNX Runtime opens it.
    #[error("`{file}` is refused: {reason}")]
    Refused {
        /// The file.
        file: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A file cannot be read.
    #[error("cannot read `{path}` ({source}): check that it is there and that you may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write `{path}` ({source}): check its permissions, and the space that is left")]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// A file is the text that Git LFS keeps in its place.
    #[error(
        "`{file}` is a Git LFS pointer, not the file itself: run `git lfs pull` in the clone that it came from, or download \
         the file"
    )]
    LfsPointer {
        /// The file.
        file: String,
    },
    /// A JSON file has the wrong content.
    #[error("`{file}` is not usable: {reason}")]
    Config {
        /// The file.
        file: String,
        /// What is wrong, and where in the file.
        reason: String,
    },
    /// The labels contradict one another or the tag scheme.
    #[error(
        "the labels in `{file}` are not usable ({source}): copy it again from the checkpoint, or correct its `id2label`"
    )]
    Labels {
        /// The file.
        file: String,
        /// Why.
        source: LabelError,
    },
    /// The library refuses tokenizer.json.
    #[error("`{file}` is not a usable tokenizer ({reason}): copy it again from the source of the model")]
    Tokenizer {
        /// The file.
        file: String,
        /// The library's reason.
        reason: String,
    },
    /// Tokenizing failed. A loaded tokenizer should never fail.
    #[error("the tokenizer of `{model}` failed on a document of {bytes} bytes: report it with the name of the model")]
    Tokenize {
        /// Name of the model.
        model: String,
        /// Length of the document. The library's reason is left out, because it may quote the note.
        bytes: usize,
    },
    /// ONNX Runtime refuses the file.
    #[error("ONNX Runtime (`{library}`) cannot load `{file}`: {reason}; {hint}")]
    Onnx {
        /// The file.
        file: String,
        /// The loaded library.
        library: PathBuf,
        /// The library's reason.
        reason: String,
        /// What to do.
        hint: &'static str,
    },
    /// The graph has an input that is not one of the four known ones.
    #[error(
        "`{file}` has an input `{input}`, and only input_ids, attention_mask, token_type_ids and position_ids can be given: \
         export the checkpoint again, by `spanframe model export`"
    )]
    UnknownInput {
        /// The file.
        file: String,
        /// Name of the input.
        input: String,
    },
    /// The logits do not fit the labels.
    #[error(
        "`{file}` gives {got} as `{output}` where [batch, sequence, {labels}] is expected (config.json has {labels} labels): \
         take both files from one export of a token classifier, in fp32 or fp16"
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
    /// A run gave NaN or plus infinity.
    #[error(
        "`{file}` gave logits that are not numbers (NaN or infinite) on a batch of {rows} x {width} tokens: weights in half \
         precision can overflow, an export in fp32 does not"
    )]
    InvalidLogits {
        /// The ONNX file.
        file: String,
        /// Windows in the batch.
        rows: usize,
        /// Tokens in each.
        width: usize,
    },
    /// A run failed.
    #[error(
        "ONNX Runtime failed on a batch of {rows} x {width} tokens ({reason}): lower `batch_tokens` if memory is short, \
         else report it with the name of the model"
    )]
    Run {
        /// Windows in the batch.
        rows: usize,
        /// Tokens in each.
        width: usize,
        /// The library's reason.
        reason: String,
    },
    /// No ONNX Runtime library was found.
    #[error(
        "ONNX Runtime was not found (looked for {looked}): install it with `pip install onnxruntime`, or give the path of \
         libonnxruntime by the option `onnxruntime` or the environment variable {LIBRARY_VARIABLE}"
    )]
    LibraryNotFound {
        /// The places that were searched.
        looked: String,
    },
    /// An ONNX Runtime library was found and cannot be loaded.
    #[error(
        "the ONNX Runtime library `{path}` cannot be used: {reason}; version 1.22 or newer is needed (`pip install -U onnxruntime`)"
    )]
    LibraryUnusable {
        /// The library.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Another ONNX Runtime library is loaded already.
    #[error(
        "ONNX Runtime is already loaded from `{loaded}` and cannot be loaded again from `{asked}`: a process has one, so \
         leave `onnxruntime` out, or start a new process"
    )]
    LibraryLoaded {
        /// The loaded library.
        loaded: PathBuf,
        /// The requested library.
        asked: PathBuf,
    },
    /// The name of the device is not known.
    #[error("device `{0}` is not known: use `cpu`, `cuda` or `cuda:N`")]
    UnknownDevice(String),
    /// The device is not available.
    #[error("device `{device}` is not available with the ONNX Runtime at `{library}`: {reason}")]
    DeviceAbsent {
        /// The requested device.
        device: String,
        /// The loaded library.
        library: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
}

impl ModelError {
    /// Whose mistake it is.
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
