//! [`Metrics`]: what an engine has done so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Running counts of one engine. They carry no text.
#[derive(Debug, Default)]
pub struct Metrics {
    rows: AtomicU64,
    unknown_languages: AtomicU64,
    texts_tokenized: AtomicU64,
    tokens: AtomicU64,
    model_tokens: AtomicU64,
    padded_tokens: AtomicU64,
    windows: AtomicU64,
    reused_windows: AtomicU64,
    entities: AtomicU64,
}

impl Metrics {
    /// Rows done, nulls included.
    pub fn rows(&self) -> u64 {
        self.rows.load(Relaxed)
    }

    /// Rows done of a language that no model names, or of none.
    pub fn unknown_languages(&self) -> u64 {
        self.unknown_languages.load(Relaxed)
    }

    /// Texts that were tokenized, each once for each tokenizer that reads it.
    pub fn texts_tokenized(&self) -> u64 {
        self.texts_tokenized.load(Relaxed)
    }

    /// Pieces of the documents done, without special tokens and padding, each counted once for each tokenizer.
    pub fn tokens(&self) -> u64 {
        self.tokens.load(Relaxed)
    }

    /// Tokens that went through the model, special tokens included, padding not.
    pub fn model_tokens(&self) -> u64 {
        self.model_tokens.load(Relaxed)
    }

    /// Tokens of padding that went through the model besides.
    pub fn padded_tokens(&self) -> u64 {
        self.padded_tokens.load(Relaxed)
    }

    /// Windows of the documents.
    pub fn windows(&self) -> u64 {
        self.windows.load(Relaxed)
    }

    /// Windows whose logits were those of an identical window.
    pub fn reused_windows(&self) -> u64 {
        self.reused_windows.load(Relaxed)
    }

    /// Entities found.
    pub fn entities(&self) -> u64 {
        self.entities.load(Relaxed)
    }

    pub(crate) fn add_batch(&self, tokens: usize, padding: usize) {
        self.model_tokens.fetch_add(tokens as u64, Relaxed);
        self.padded_tokens.fetch_add(padding as u64, Relaxed);
    }

    pub(crate) fn add_windows(&self, all: usize, unique: usize) {
        self.windows.fetch_add(all as u64, Relaxed);
        self.reused_windows.fetch_add((all - unique) as u64, Relaxed);
    }

    pub(crate) fn add_tokenized(&self, texts: usize) {
        self.texts_tokenized.fetch_add(texts as u64, Relaxed);
    }

    pub(crate) fn add_unknown_language(&self) {
        self.unknown_languages.fetch_add(1, Relaxed);
    }

    /// A row is done; a null has no tokens and no entities.
    pub(crate) fn add_row(&self, tokens: usize, entities: usize) {
        self.rows.fetch_add(1, Relaxed);
        self.tokens.fetch_add(tokens as u64, Relaxed);
        self.entities.fetch_add(entities as u64, Relaxed);
    }
}
