//! [`Model`]: everything that inference needs of one model folder.

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
        let tokenizer = Tokenizer::read(&files)?;
        if config.max_length <= tokenizer.special_tokens() {
            return Err(ModelError::Config {
                file: files.describe("config.json"),
                reason: format!("a window of {} tokens leaves no room for a piece", config.max_length),
            });
        }
        let runtime = Runtime::load(search)?;
        let probe: Vec<u32> = tokenizer.prefix().iter().chain([&0]).chain(tokenizer.suffix()).copied().collect();
        let backend = Backend::load(runtime, (&files, &graph), &config, options, &probe)?;
        Ok(Self { files, config, tokenizer, backend })
    }

    /// The card of this model.
    #[must_use]
    pub fn card(&self) -> ModelCard {
        ModelCard::new(&self.files, &self.config, &self.tokenizer)
    }
}
