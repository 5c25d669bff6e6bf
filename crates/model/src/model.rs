//! [`Model`]: everything that inference needs from one model folder.

use std::{iter, panic::resume_unwind, sync::mpsc, thread};

use crate::{
    Backend, Config, Graph, Manifest, ModelCard, ModelError, ModelFiles, Runtime, RuntimeSearch, SessionOptions,
    Tokenizer,
    onnx::{OnnxFile, SharedWeights},
    warnings::warnings,
};

/// A loaded model: labels, tokenizer and sessions.
pub struct Model {
    /// Its files.
    pub files: ModelFiles,
    /// What config.json and tokenizer_config.json say.
    pub config: Config,
    /// Documents to tokens.
    pub tokenizer: Tokenizer,
    /// Windows to logits.
    pub backend: Backend,
    /// What a user should know before the first row, each a sentence.
    pub warnings: Vec<String>,
}

impl Model {
    /// Loads the model, and ONNX Runtime if no model was loaded before.
    ///
    /// Before ONNX Runtime opens the ONNX file, the files are compared with the manifest, and the graph is checked for
    /// custom operators and for external data outside of its folder.
    ///
    /// # Errors
    /// Any [`ModelError`] but [`ModelError::Tokenize`] and [`ModelError::Run`].
    pub fn load(files: ModelFiles, search: &RuntimeSearch, options: SessionOptions) -> Result<Self, ModelError> {
        Manifest::check(&files)?;
        let graph = Graph::of(&files)?;
        let config = Config::read(&files)?.within(graph.shape);
        let onnx = OnnxFile { files: &files, graph: &graph };
        let weights = || if options.share_weights() { SharedWeights::read(onnx) } else { Ok(SharedWeights::default()) };
        // ONNX Runtime and the session, beside the weights and then the vocabulary: two threads that take as long
        let (tokenizer, backend) = thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(1);
            let tokenizer = scope.spawn(|| {
                // no receiver is left where ONNX Runtime cannot be loaded
                let _ = sender.send(weights());
                drop(sender);
                Tokenizer::read(&files)
            });
            let backend = Runtime::load(search).and_then(|runtime| {
                // no sender is left where reading panicked, which ends all below
                let weights = receiver.recv().unwrap_or_else(|_| Ok(SharedWeights::default()))?;
                Backend::load(runtime, onnx, weights, &config, options)
            });
            (tokenizer.join().unwrap_or_else(|panic| resume_unwind(panic)), backend)
        });
        let tokenizer = tokenizer?;
        if config.max_length <= tokenizer.special_tokens() {
            return Err(ModelError::Config {
                file: files.describe("config.json"),
                reason: format!(
                    "a window of {} tokens has no room beside the special tokens: make `window_length` larger",
                    config.max_length
                ),
            });
        }
        let backend = backend?;
        let probe: Vec<u32> = tokenizer.prefix().iter().chain([&0]).chain(tokenizer.suffix()).copied().collect();
        backend.try_out(&probe)?;
        let warnings = warnings(&config, &tokenizer, &graph);
        let model = Self { files, config, tokenizer, backend, warnings };
        graph.positions.map_or(Ok(()), |rows| model.try_long_window(rows))?;
        Ok(model)
    }

    /// Runs a window of `max_length` tokens if the `rows` position embeddings may be too few for it. An error here is
    /// better than one in the middle of a column.
    ///
    /// # Errors
    /// [`ModelError::Config`] if the graph cannot take the window.
    fn try_long_window(&self, rows: u64) -> Result<(), ModelError> {
        let Some(length) = self.config.doubtful_length(rows) else { return Ok(()) };
        // not the id of padding, which has no position of its own
        let token = u32::from(self.config.pad_token_id == 0);
        let (prefix, suffix) = (self.tokenizer.prefix(), self.tokenizer.suffix());
        let tokens = iter::repeat_n(&token, length.saturating_sub(self.tokenizer.special_tokens()));
        let window: Vec<u32> = prefix.iter().chain(tokens).chain(suffix).copied().collect();
        match self.backend.run(&[&window], window.len()) {
            Ok(_) => Ok(()),
            Err(ModelError::Run { reason, .. }) => Err(ModelError::Config {
                file: self.files.describe("config.json"),
                reason: format!(
                    "`{1}` has {rows} position embeddings, too few for windows of {0} tokens: set `window_length` to a little \
                     less, such as {2} ({3})",
                    self.config.max_length,
                    self.files.onnx_name(),
                    rows.saturating_sub(2),
                    reason.replace('\n', " "),
                ),
            }),
            Err(other) => Err(other),
        }
    }

    /// The card of this model.
    #[must_use]
    pub fn card(&self) -> ModelCard {
        ModelCard::new(&self.files, &self.config, &self.tokenizer, self.warnings.clone())
    }
}
