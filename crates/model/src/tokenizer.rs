//! [`Tokenizer`]: documents to [`Encoding`]s.

use std::sync::OnceLock;

use spanframe_core::Encoding;

use crate::{ModelError, ModelFiles, spark_pieces::SentencePiece};

const FILE: &str = "tokenizer.json";

/// A Hugging Face tokenizer, with what it puts around a window.
pub struct Tokenizer {
    pub(crate) inner: tokenizers::Tokenizer,
    pub(crate) model: String,
    kind: &'static str,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    /// Read when the emulation of Spark NLP first asks for it.
    pub(crate) sentence_piece: OnceLock<SentencePiece>,
}

impl Tokenizer {
    /// Loads tokenizer.json. Truncation and padding that it may ask for are switched off: windows do their work.
    ///
    /// # Errors
    /// [`ModelError::MissingFile`] and [`ModelError::Tokenizer`].
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let file = files.describe(FILE);
        let bytes = files.require(FILE, "save it with `AutoTokenizer.from_pretrained(...).save_pretrained(folder)`")?;
        let wrong = |reason: String| ModelError::Tokenizer { file: file.clone(), reason };
        let mut inner = tokenizers::Tokenizer::from_bytes(&bytes).map_err(|e| wrong(e.to_string()))?;
        inner.with_truncation(None).map_err(|e| wrong(e.to_string()))?;
        inner.with_padding(None);
        // what stands around the pieces of a probe is what stands around every window
        let probe = inner.encode("a", true).map_err(|e| wrong(e.to_string()))?;
        let special = probe.get_special_tokens_mask();
        let first = special.iter().position(|&s| s == 0);
        let last = special.iter().rposition(|&s| s == 0);
        let (Some(first), Some(last)) = (first, last) else {
            return Err(wrong("it gives no piece for the letter a".to_string()));
        };
        let ids = probe.get_ids();
        use tokenizers::ModelWrapper;
        let kind = match inner.get_model() {
            ModelWrapper::BPE(_) => "BPE",
            ModelWrapper::WordPiece(_) => "WordPiece",
            ModelWrapper::WordLevel(_) => "WordLevel",
            ModelWrapper::Unigram(_) => "Unigram",
        };
        Ok(Self {
            prefix: ids[..first].to_vec(),
            suffix: ids[last + 1..].to_vec(),
            model: files.name(),
            kind,
            inner,
            sentence_piece: OnceLock::new(),
        })
    }

    /// The pieces of one document, without special tokens. Nothing is cut off, however long the document.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`], which does not quote the text.
    pub fn encode(&self, text: &str) -> Result<Encoding, ModelError> {
        let failed = |_| ModelError::Tokenize { model: self.model.clone(), bytes: text.len() };
        let encoding = self.inner.encode(text, false).map_err(failed)?;
        Ok(Encoding::new(text, encoding.get_ids().to_vec(), encoding.get_offsets().iter().copied()))
    }

    /// Special tokens before the pieces of a window.
    #[must_use]
    pub fn prefix(&self) -> &[u32] {
        &self.prefix
    }

    /// Special tokens after the pieces of a window.
    #[must_use]
    pub fn suffix(&self) -> &[u32] {
        &self.suffix
    }

    /// Number of special tokens in a window.
    #[must_use]
    pub fn special_tokens(&self) -> usize {
        self.prefix.len() + self.suffix.len()
    }

    /// `WordPiece`, `BPE`, `Unigram` or `WordLevel`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// Number of pieces known.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}
