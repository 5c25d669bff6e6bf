//! [`Metrics`]: counts of an engine's work.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Running counts of one engine.
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
    /// Rows annotated, nulls included.
    pub fn rows(&self) -> u64 {
        self.rows.load(Relaxed)
    }

    /// Rows annotated whose language is null or unknown to all models.
    pub fn unknown_languages(&self) -> u64 {
        self.unknown_languages.load(Relaxed)
    }

    /// Texts tokenized, each once a tokenizer.
    pub fn texts_tokenized(&self) -> u64 {
        self.texts_tokenized.load(Relaxed)
    }

    /// Tokens of the annotated documents, once a tokenizer, without special tokens and padding.
    pub fn tokens(&self) -> u64 {
        self.tokens.load(Relaxed)
    }

    /// Tokens that went through the model, with special tokens, without padding.
    pub fn model_tokens(&self) -> u64 {
        self.model_tokens.load(Relaxed)
    }

    /// Padding tokens that went through the model.
    pub fn padded_tokens(&self) -> u64 {
        self.padded_tokens.load(Relaxed)
    }

    /// Windows of the documents.
    pub fn windows(&self) -> u64 {
        self.windows.load(Relaxed)
    }

    /// Windows that reused the logits of an identical window.
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

    /// Adds a row. A null has no tokens and no entities.
    pub(crate) fn add_row(&self, tokens: usize, entities: usize) {
        self.rows.fetch_add(1, Relaxed);
        self.tokens.fetch_add(tokens as u64, Relaxed);
        self.entities.fetch_add(entities as u64, Relaxed);
    }
}
