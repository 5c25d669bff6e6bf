//! [`SparkEncoding`]: a document as Spark NLP passes it to a model.

use spanframe_core::{
    Encoding, Span,
    aggregate::{self, DecodingUnit},
};

/// The tokens of one document, and which of them label its words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SparkEncoding {
    /// The tokens between the two special tokens. The span of each is that of its whole word; each token of a word but
    /// the first is joined.
    pub encoding: Encoding,
    /// For each word the index of the token whose logits label it; `None` for a word without a label. `encoding.len()`
    /// is the end token: if tokens were cut off, Spark NLP gives the first of them the logits of the end token.
    pub labelled_by: Vec<Option<usize>>,
    /// Number of words at the end of the document that the length limit cuts off.
    pub words_cut: usize,
}

impl SparkEncoding {
    /// One unit a word: its label and the probability of that label.
    ///
    /// `logits` is row-major `[encoding.len() + 1, columns]`; the last row is that of the end token. A word without a
    /// label gets the label `columns`, which an [`EntityDecoder`](spanframe_core::EntityDecoder) reads as outside, and
    /// score 0.
    #[must_use]
    pub fn units(&self, words: &[Span], logits: &[f32], columns: usize) -> Vec<DecodingUnit> {
        let mut row = vec![0.0; columns];
        let mut unit = |span: Span, token: Option<usize>| {
            let Some(token) = token else { return DecodingUnit { span, label: columns, score: 0.0 } };
            aggregate::softmax(&logits[token * columns..(token + 1) * columns], &mut row);
            let (label, score) = aggregate::best(&row);
            DecodingUnit { span, label, score }
        };
        words.iter().zip(&self.labelled_by).map(|(&span, &token)| unit(span, token)).collect()
    }
}
