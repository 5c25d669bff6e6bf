//! [`Model`]: everything that inference needs of one model folder.

use std::{iter, panic::resume_unwind, thread};

use crate::{
    Backend, Config, Graph, Manifest, ModelCard, ModelError, ModelFiles, Runtime, RuntimeSearch, SessionOptions,
    Tokenizer,
};

/// A loaded model: labels, tokenizer and sessions.
pub struct Model {
    /// Where it came from.
    pub files: ModelFiles,
    /// What it says about itself.
    pub config: Config,
    /// Documents to pieces.
    pub tokenizer: Tokenizer,
    /// Windows to logits.
    pub backend: Backend,
}

impl Model {
    /// Loads everything, ONNX Runtime included, once the files are those of the folder's manifest, if it has one, and the
    /// ONNX file has neither custom operators nor data outside of its folder.
    ///
    /// # Errors
    /// Any [`ModelError`] but [`ModelError::Tokenize`] and [`ModelError::Run`].
    pub fn load(files: ModelFiles, search: &RuntimeSearch, options: SessionOptions) -> Result<Self, ModelError> {
        Manifest::check(&files)?;
        let graph = Graph::of(&files)?;
        let config = Config::read(&files)?;
        // the vocabulary takes as long as the sessions do
        let (tokenizer, backend) = thread::scope(|scope| {
            let tokenizer = scope.spawn(|| Tokenizer::read(&files));
            let backend = Runtime::load(search).and_then(|r| Backend::load(r, (&files, &graph), &config, options));
            (tokenizer.join().unwrap_or_else(|panic| resume_unwind(panic)), backend)
        });
        let tokenizer = tokenizer?;
        if config.max_length <= tokenizer.special_tokens() {
            return Err(ModelError::Config {
                file: files.describe("config.json"),
                reason: format!("a window of {} tokens leaves no room for a piece", config.max_length),
            });
        }
        let backend = backend?;
        let probe: Vec<u32> = tokenizer.prefix().iter().chain([&0]).chain(tokenizer.suffix()).copied().collect();
        backend.try_out(&probe)?;
        let model = Self { files, config, tokenizer, backend };
        graph.positions.map_or(Ok(()), |rows| model.reach(rows))?;
        Ok(model)
    }

    /// Tries a long window where it may be beyond the `rows` position embeddings: better here than in the middle of a column.
    fn reach(&self, rows: u64) -> Result<(), ModelError> {
        let Some(length) = self.config.doubtful_length(rows) else { return Ok(()) };
        // padding would have no position
        let piece = u32::from(self.config.pad_token_id == 0);
        let (prefix, suffix) = (self.tokenizer.prefix(), self.tokenizer.suffix());
        let pieces = iter::repeat_n(&piece, length.saturating_sub(self.tokenizer.special_tokens()));
        let window: Vec<u32> = prefix.iter().chain(pieces).chain(suffix).copied().collect();
        match self.backend.run(0, &[&window], window.len()) {
            Ok(_) => Ok(()),
            Err(ModelError::Run { reason, .. }) => Err(ModelError::Config {
                file: self.files.describe("config.json"),
                reason: format!(
                    "windows of {} tokens are more than `{}` takes, which has {rows} position embeddings: set `window_length` to \
                     a little less than that, as {} ({})",
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
        ModelCard::new(&self.files, &self.config, &self.tokenizer)
    }
}
