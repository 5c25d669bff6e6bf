//! [`Route`]: the tokenizers, inferences and models that read a row.

/// The tokenizers, inferences and models of a set that read a row, by index.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Route {
    /// Tokenizers of the set that encode the row, each once.
    pub(crate) tokenizers: Vec<usize>,
    /// Inferences over these encodings, each once.
    pub(crate) runs: Vec<Run>,
    /// True if no model names the language of the row.
    pub(crate) is_unknown: bool,
}

/// One inference for a row, and the models that decode its logits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Run {
    /// The inference, in the set.
    pub(crate) inference: usize,
    /// Its tokenizer, in [`Route::tokenizers`].
    pub(crate) tokenizer: usize,
    /// The models, in the set.
    pub(crate) members: Vec<usize>,
}
