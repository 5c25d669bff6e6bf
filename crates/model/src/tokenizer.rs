//! [`Tokenizer`]: documents to [`Encoding`]s.

mod charsmap;
mod library;
mod sentence_piece;
mod settings;
mod special_tokens;
mod tokenizer_class;
mod unigram;

use std::{panic, sync::OnceLock};

use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use spanframe_core::Encoding;
use tokenizers::ModelWrapper;

use crate::{ModelError, ModelFiles, folder::not_json};

use charsmap::Charsmap;
pub(crate) use library::{LibraryTokenizer, TokenizerModel};
pub(crate) use sentence_piece::{SPECIAL_TOKENS, SentencePiece};
use settings::{Changes, TokenizerSettings};
pub(crate) use special_tokens::{OLD_FILES, old_files_decide};
use tokenizer_class::TokenizerClass;

const FILE: &str = "tokenizer.json";

/// A Hugging Face tokenizer, with the special tokens around a window.
pub struct Tokenizer {
    pub(crate) inner: LibraryTokenizer,
    /// Name of the model, for errors.
    pub(crate) model: String,
    kind: &'static str,
    digest: [u8; 32],
    /// Defaults of transformers that contradict tokenizer.json.
    pub(crate) warnings: Vec<String>,
    prefix: Vec<u32>,
    suffix: Vec<u32>,
    unknown: Option<u32>,
    /// Characters of each token of the vocabulary, if tokens that continue a word are marked (`##`); else empty.
    characters: Vec<usize>,
    /// True if the first token of a window has a space of its own before it.
    first_space: bool,
    /// Made when the emulation of Spark NLP first needs it.
    pub(crate) sentence_piece: OnceLock<SentencePiece>,
}

/// The part of tokenizer.json that is checked before the library reads the file.
#[derive(Deserialize)]
struct Unchecked {
    #[serde(default)]
    normalizer: Value,
    /// Read for its faults alone: a malformed decoder makes the library panic.
    #[serde(default, rename = "decoder")]
    _decoder: Value,
}

/// Facts that depend on the type of a tokenizer's model.
struct Vocabulary {
    kind: &'static str,
    marks_continuation: bool,
    unknown: Option<u32>,
}

/// Special tokens before and after the tokens of a window.
struct SpecialTokens {
    prefix: Vec<u32>,
    suffix: Vec<u32>,
}

impl Tokenizer {
    /// Loads tokenizer.json, and changes it by the settings beside it, as transformers' AutoTokenizer does. Its truncation
    /// and padding are switched off, because windows replace them.
    ///
    /// # Errors
    /// [`ModelError::MissingFile`]; [`ModelError::Tokenizer`] if the library refuses the file or would panic on a text;
    /// [`ModelError::Config`] for a setting of a wrong type.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let file = files.describe(FILE);
        let bytes = files.require(FILE, "save it with `AutoTokenizer.from_pretrained(...).save_pretrained(folder)`")?;
        let wrong = |reason: String| ModelError::Tokenizer { file: file.clone(), reason };
        let unchecked: Unchecked = serde_json::from_slice(&bytes).map_err(|e| wrong(not_json(&e)))?;
        if !Charsmap::all_sound(&unchecked.normalizer) {
            return Err(wrong("the precompiled_charsmap of its normalizer is damaged".to_string()));
        }
        // the library panics on some files; unwind safe, because nothing of a failed call is kept
        let read = panic::catch_unwind(|| serde_json::from_slice::<LibraryTokenizer>(&bytes));
        let read = read.map_err(|_| wrong("the tokenizers library panics on it".to_string()))?;
        let mut inner = read.map_err(|e| wrong(format!("the tokenizers library refuses it: {e}")))?;
        inner.with_truncation(None).map_err(|e| wrong(e.to_string()))?;
        inner.with_padding(None);
        let Changes { applied, warnings } = TokenizerSettings::read(files)?.apply(files, &mut inner)?;
        let SpecialTokens { prefix, suffix } = special_tokens(&inner).map_err(wrong)?;
        let Vocabulary { kind, marks_continuation, unknown } = vocabulary(&inner);
        Ok(Self {
            prefix,
            suffix,
            model: files.name(),
            kind,
            digest: applied.iter().fold(Sha256::new_with_prefix(&bytes), Sha256::chain_update).finalize().into(),
            warnings,
            unknown,
            characters: if marks_continuation { characters(&inner) } else { Vec::new() },
            first_space: has_first_space(&inner),
            inner,
            sentence_piece: OnceLock::new(),
        })
    }

    /// The tokens of a document of any length, without special tokens.
    ///
    /// # Errors
    /// [`ModelError::Tokenize`], which does not quote the text.
    pub fn encode(&self, text: &str) -> Result<Encoding, ModelError> {
        let encoding = self.tokenize(text)?;
        let (ids, offsets) = (encoding.get_ids(), encoding.get_offsets());
        let subwords =
            ids.iter().zip(offsets).map(|(&id, &(begin, end))| self.is_subword(text, id, begin, end)).collect();
        let made = tokens(text, &encoding).with_words(text, encoding.get_word_ids()).with_subwords(subwords);
        Ok(if self.first_space { made.with_first_space(text) } else { made })
    }

    /// As [`encode`](Self::encode), without word boundaries, for an [`EntityDecoder`](spanframe_core::EntityDecoder)
    /// that does not read them.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_without_words(&self, text: &str) -> Result<Encoding, ModelError> {
        Ok(tokens(text, &self.tokenize(text)?))
    }

    fn tokenize(&self, text: &str) -> Result<tokenizers::Encoding, ModelError> {
        let failed = |_| ModelError::Tokenize { model: self.model.clone(), bytes: text.len() };
        self.inner.encode(text, false).map_err(failed)
    }

    /// True if transformers' pipeline takes the token at bytes `begin..end` for the continuation of a word.
    ///
    /// It compares the length of the token with that of its text if tokens are marked (`##`), and else looks for a
    /// space.
    fn is_subword(&self, text: &str, id: u32, begin: usize, end: usize) -> bool {
        if self.unknown == Some(id) {
            return false;
        }
        let Some(&characters) = self.characters.get(id as usize) else {
            // a byte-level token may begin inside a character, and then counts for all of it
            let (before, after) = text.split_at(text.floor_char_boundary(begin));
            return before.chars().next_back().is_some_and(|c| c != ' ') && !after.starts_with(' ');
        };
        text.get(begin..end).is_none_or(|part| part.chars().count() != characters)
    }

    /// Id of the token for text outside of the vocabulary.
    #[must_use]
    pub fn unknown(&self) -> Option<u32> {
        self.unknown
    }

    /// Special tokens before the tokens of a window.
    #[must_use]
    pub fn prefix(&self) -> &[u32] {
        &self.prefix
    }

    /// Special tokens after the tokens of a window.
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

    /// SHA-256 of tokenizer.json and of what settings changed in it. Tokenizers with the same digest give the same tokens.
    #[must_use]
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Number of tokens in the vocabulary, added ones included.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }
}

/// Reads off a short text which special tokens are around it. They are the same around every window.
fn special_tokens(inner: &LibraryTokenizer) -> Result<SpecialTokens, String> {
    let probe = inner.encode("a", true).map_err(|e| e.to_string())?;
    let special = probe.get_special_tokens_mask();
    let first = special.iter().position(|&s| s == 0);
    let last = special.iter().rposition(|&s| s == 0);
    let (Some(first), Some(last)) = (first, last) else {
        return Err("it gives no token for the letter a".to_string());
    };
    let ids = probe.get_ids();
    Ok(SpecialTokens { prefix: ids[..first].to_vec(), suffix: ids[last + 1..].to_vec() })
}

fn vocabulary(inner: &LibraryTokenizer) -> Vocabulary {
    let id = |token: &str| inner.token_to_id(token);
    let (kind, marks_continuation, unknown) = match inner.get_model() {
        TokenizerModel::Library(ModelWrapper::BPE(m)) => {
            let marks = m.continuing_subword_prefix.as_ref().is_some_and(|p| !p.is_empty());
            ("BPE", marks, m.unk_token.as_deref().and_then(id))
        }
        TokenizerModel::Library(ModelWrapper::WordPiece(m)) => {
            ("WordPiece", !m.continuing_subword_prefix.is_empty(), id(&m.unk_token))
        }
        TokenizerModel::Library(ModelWrapper::WordLevel(m)) => ("WordLevel", false, id(&m.unk_token)),
        TokenizerModel::Library(ModelWrapper::Unigram(_)) | TokenizerModel::Unigram(_) => ("Unigram", false, None),
    };
    // a Unigram model has it by this name too; a byte-level model has none, but its tokenizer names one
    let unknown = unknown.or_else(|| id("<unk>")).or_else(|| id("[UNK]"));
    Vocabulary { kind, marks_continuation, unknown }
}

/// Characters of each token, by id.
fn characters(inner: &LibraryTokenizer) -> Vec<usize> {
    let mut characters = Vec::new();
    for (token, id) in inner.get_vocab(true) {
        let id = id as usize;
        characters.resize(characters.len().max(id + 1), 0);
        characters[id] = token.chars().count();
    }
    characters
}

fn has_first_space(inner: &LibraryTokenizer) -> bool {
    use tokenizers::PostProcessorWrapper::{ByteLevel, Roberta};
    match inner.get_post_processor() {
        Some(Roberta(p)) => p.trim_offsets && p.add_prefix_space,
        Some(ByteLevel(p)) => p.trim_offsets && p.add_prefix_space,
        _ => false,
    }
}

fn tokens(text: &str, encoding: &tokenizers::Encoding) -> Encoding {
    Encoding::new(text, encoding.get_ids().to_vec(), encoding.get_offsets().iter().copied())
}
