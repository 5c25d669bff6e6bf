//! [`SentencePiece`]: how SentencePiece itself splits a word, where the `tokenizers` library differs.

use super::{Charsmap, LibraryTokenizer, TokenizerModel, unigram::Unigram};

/// Special tokens of RoBERTa and XLM-RoBERTa.
pub(crate) const SPECIAL_TOKENS: [&str; 5] = ["<s>", "</s>", "<unk>", "<mask>", "<pad>"];

/// SentencePiece's normalization and vocabulary. The text of a special token is plain text to it.
pub(crate) struct SentencePiece {
    pub(crate) charsmap: Option<Charsmap>,
    /// The vocabulary of the tokenizer with its special tokens hidden; `None` if the model is not Unigram.
    pub(crate) model: Option<Unigram>,
}

impl SentencePiece {
    pub(crate) fn new(tokenizer: &LibraryTokenizer) -> Self {
        let normalizer = tokenizer.get_normalizer().and_then(|n| serde_json::to_value(n).ok());
        let is_special = |piece: &str| SPECIAL_TOKENS.contains(&piece);
        let model = match tokenizer.get_model() {
            TokenizerModel::Unigram(model) => {
                let hidden = |(i, (piece, score)): (usize, &(String, f64))| {
                    // U+FFFF is a noncharacter, which no text contains
                    (if is_special(piece) { format!("\u{ffff}{i}") } else { piece.clone() }, *score)
                };
                let unknown = tokenizer.token_to_id("<unk>").map(|id| id as usize);
                Unigram::new(model.vocabulary().iter().enumerate().map(hidden).collect(), unknown, false).ok()
            }
            TokenizerModel::Library(_) => None,
        };
        Self { charsmap: normalizer.as_ref().and_then(Charsmap::find), model }
    }
}
