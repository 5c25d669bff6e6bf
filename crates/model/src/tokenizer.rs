//! [`Tokenizer`]: documents to [`Encoding`]s.

mod charsmap;

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use spanframe_core::Encoding;
use tokenizers::ModelWrapper;

pub(crate) use charsmap::Charsmap;

use crate::{ModelError, ModelFiles, spark::SentencePiece};

const FILE: &str = "tokenizer.json";

/// A Hugging Face tokenizer, with what it puts around a window.
pub struct Tokenizer {
    pub(crate) inner: tokenizers::Tokenizer,
    pub(crate) model: String,
    kind: &'static str,
    digest: [u8; 32],
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    unknown: Option<u32>,
    /// Characters of each piece, for tokenizers that mark the continuation of a word (`##`); empty for others.
    characters: Vec<usize>,
    /// Whether it leaves the space before the first piece of a window of its own.
    first_space: bool,
    /// Read when the emulation of Spark NLP first asks for it.
    pub(crate) sentence_piece: OnceLock<SentencePiece>,
}

/// What is checked before the library reads the file.
#[derive(Deserialize)]
struct Unchecked {
    #[serde(default)]
    normalizer: Value,
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
        let unchecked: Unchecked = serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))?;
        if !Charsmap::all_sound(&unchecked.normalizer) {
            return Err(wrong("the precompiled_charsmap of its normalizer is damaged".to_string()));
        }
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
        let id = |piece: &str| inner.token_to_id(piece);
        let (kind, marks_continuation, unknown) = match inner.get_model() {
            ModelWrapper::BPE(m) => {
                let marks = m.continuing_subword_prefix.as_ref().is_some_and(|p| !p.is_empty());
                ("BPE", marks, m.unk_token.as_deref().and_then(id))
            }
            ModelWrapper::WordPiece(m) => ("WordPiece", !m.continuing_subword_prefix.is_empty(), id(&m.unk_token)),
            ModelWrapper::WordLevel(m) => ("WordLevel", false, id(&m.unk_token)),
            ModelWrapper::Unigram(_) => ("Unigram", false, None),
        };
        // Unigram does not tell; byte-level models have none of their own, but their tokenizer names one
        let unknown = unknown.or_else(|| id("<unk>")).or_else(|| id("[UNK]"));
        let mut characters = Vec::new();
        for (piece, id) in if marks_continuation { inner.get_vocab(true) } else { Default::default() } {
            let id = id as usize;
            characters.resize(characters.len().max(id + 1), 0);
            characters[id] = piece.chars().count();
        }
        use tokenizers::PostProcessorWrapper::{ByteLevel, Roberta};
        let first_space = match inner.get_post_processor() {
            Some(Roberta(p)) => p.trim_offsets && p.add_prefix_space,
            Some(ByteLevel(p)) => p.trim_offsets && p.add_prefix_space,
            _ => false,
        };
        let (prefix, suffix) = (ids[..first].to_vec(), ids[last + 1..].to_vec());
        Ok(Self {
            prefix,
            suffix,
            model: files.name(),
            kind,
            digest: Sha256::digest(&bytes).into(),
            unknown,
            characters,
            first_space,
            inner,
            sentence_piece: OnceLock::new(),
        })
    }

    /// The pieces of one document, without special tokens. Nothing is cut off, however long the document.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`], which does not quote the text.
    pub fn encode(&self, text: &str) -> Result<Encoding, ModelError> {
        let encoding = self.tokenize(text)?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let subwords = ids.iter().zip(offsets).map(|(&id, &offsets)| self.is_subword(text, id, offsets)).collect();
        let made = pieces(text, &encoding).with_words(text, encoding.get_word_ids()).with_subwords(subwords);
        Ok(if self.first_space { made.with_first_space(text) } else { made })
    }

    /// As [`encode`](Self::encode), without anyone's words: for a [`Decoder`](spanframe_core::Decoder) that does not
    /// read them.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_pieces(&self, text: &str) -> Result<Encoding, ModelError> {
        Ok(pieces(text, &self.tokenize(text)?))
    }

    fn tokenize(&self, text: &str) -> Result<tokenizers::Encoding, ModelError> {
        let failed = |_| ModelError::Tokenize { model: self.model.clone(), bytes: text.len() };
        self.inner.encode(text, false).map_err(failed)
    }

    /// Whether transformers' pipeline takes a piece for the continuation of a word: by the length of the piece beside
    /// that of its text where pieces are marked, else by the absence of a space.
    fn is_subword(&self, text: &str, id: u32, (begin, end): (usize, usize)) -> bool {
        if self.unknown == Some(id) {
            return false;
        }
        let Some(&characters) = self.characters.get(id as usize) else {
            // a piece of a few bytes may begin inside a character, and speaks of all of it
            let (before, after) = text.split_at(text.floor_char_boundary(begin));
            return before.chars().next_back().is_some_and(|c| c != ' ') && !after.starts_with(' ');
        };
        text.get(begin..end).is_none_or(|part| part.chars().count() != characters)
    }

    /// The id of the piece that stands for what the vocabulary lacks.
    #[must_use]
    pub fn unknown(&self) -> Option<u32> {
        self.unknown
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

    /// SHA-256 of tokenizer.json: what two tokenizers that give the same pieces have in common.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Number of pieces known.
    #[must_use]
    pub fn vocabulary(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

fn pieces(text: &str, encoding: &tokenizers::Encoding) -> Encoding {
    Encoding::new(text, encoding.get_ids().to_vec(), encoding.get_offsets().iter().copied())
}
