//! Turns logits of tokens into label probabilities of decoding units: of tokens, or of words as the strategy says.

use std::ops::Range;

use strum::{Display, IntoStaticStr, VariantArray};

use crate::{Encoding, Span};

/// How the labels of a word's tokens become one.
///
/// [`Word`](Self::Word) is spanframe's own. The others have the names and exact semantics of Hugging Face's
/// token-classification pipeline, with its heuristic for words. Source: `TokenClassificationPipeline` of transformers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, Display)]
#[strum(serialize_all = "snake_case")]
pub enum AggregationStrategy {
    /// Every token is an entity, named by its full label.
    None,
    /// Every token has its own label, and equal labels are grouped: an entity may end inside a word.
    Simple,
    /// The word takes the label and score of its first token.
    First,
    /// The word takes the best label of the mean of its tokens' probabilities.
    Average,
    /// The word takes the label of the token with the highest score.
    Max,
    /// Like [`First`](Self::First), with words of the tokenizer that neither end inside a run of letters and digits nor
    /// join the punctuation beside them (see [`Encoding::continues_word`]).
    #[default]
    Word,
}

impl AggregationStrategy {
    /// True for the strategies of Hugging Face's pipeline.
    #[must_use]
    pub fn is_hugging_face(self) -> bool {
        self != Self::Word
    }
}

/// A token or a word with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodingUnit {
    /// Bytes of the document.
    pub span: Span,
    /// Column of the label, within the head's columns.
    pub label: usize,
    /// Probability of that label, 0 to 1.
    pub score: f32,
}

/// The units of a document with the probabilities of their labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emissions {
    /// Bytes of the document, one span for each unit; may be empty.
    pub spans: Vec<Span>,
    /// Row-major `[units, labels of the head]`.
    pub probabilities: Vec<f32>,
    /// For each unit, whether it begins inside a word. Always false if units are words.
    pub inside_word: Vec<bool>,
}

/// The logits of a run of tokens of one document.
#[derive(Clone, Debug)]
pub struct TokenLogits<'a> {
    /// All tokens of the document.
    pub encoding: &'a Encoding,
    /// The tokens of the run.
    pub tokens: Range<usize>,
    /// Row-major `[tokens, labels]`.
    pub logits: &'a [f32],
    /// Labels of all heads together.
    pub labels: usize,
}

/// Writes the softmax of `logits` into `probabilities`, of the same length.
///
/// Subtracts the maximum first, so that no exponential overflows: `p_i = exp(z_i - max) / sum_j exp(z_j - max)`.
pub fn softmax(logits: &[f32], probabilities: &mut [f32]) {
    let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (p, &z) in probabilities.iter_mut().zip(logits) {
        *p = (z - max).exp();
        sum += *p;
    }
    for p in probabilities.iter_mut() {
        *p /= sum;
    }
}

/// The probabilities of each token as a unit. `head` are the columns of the labels that compete.
#[must_use]
pub fn token_emissions(run: &TokenLogits<'_>, head: &Range<usize>) -> Emissions {
    let tokens = run.tokens.clone();
    let mut found = Emissions {
        spans: run.encoding.spans()[tokens.clone()].to_vec(),
        probabilities: vec![0.0; tokens.len() * head.len()],
        inside_word: run.encoding.inside_word()[tokens].to_vec(),
    };
    for (row, p) in run.logits.chunks_exact(run.labels).zip(found.probabilities.chunks_exact_mut(head.len())) {
        softmax(&row[head.clone()], p);
    }
    found
}

/// The probabilities of the units that `strategy` makes of the tokens. `head` are the columns of the labels that
/// compete.
///
/// [`AggregationStrategy::Word`] skips empty tokens, which belong to no word. Hugging Face's strategies keep them, and
/// white space at the edges, as the pipeline does.
#[must_use]
pub fn unit_emissions(run: &TokenLogits<'_>, head: &Range<usize>, strategy: AggregationStrategy) -> Emissions {
    use AggregationStrategy::{Average, Max, None, Simple, Word};
    let (width, encoding, first) = (head.len(), run.encoding, run.tokens.start);
    let (spans, continues) = match strategy {
        Word => (encoding.spans(), encoding.continues_word()),
        _ => (encoding.raw(), encoding.subwords()),
    };
    let of_tokens = token_emissions(run, head);
    let mut found = Emissions::default();
    let mut word_length = 0.0; // tokens of the open word, for the mean
    for (token, row) in run.tokens.clone().zip(of_tokens.probabilities.chunks_exact(width)) {
        let span = if token == first && strategy != Word { encoding.raw_first(token) } else { spans[token] };
        if strategy == Word && span.is_empty() {
            continue;
        }
        let begins = matches!(strategy, None | Simple) || !continues[token];
        let Some(last) = found.spans.last_mut().filter(|_| !begins) else {
            found.spans.push(span);
            found.probabilities.extend_from_slice(row);
            word_length = 1.0;
            continue;
        };
        *last = Span::new(last.begin(), span.end().max(last.begin()));
        let at = found.probabilities.len() - width;
        let word = &mut found.probabilities[at..];
        match strategy {
            // running mean: mean += (p - mean) / n
            Average => {
                word_length += 1.0;
                word.iter_mut().zip(row).for_each(|(mean, p)| *mean += (p - *mean) / word_length);
            }
            Max if best(row).1 > best(word).1 => word.copy_from_slice(row),
            _ => {}
        }
    }
    found.inside_word = vec![false; found.spans.len()];
    found
}

/// Index and value of the first greatest element.
#[must_use]
pub fn best(row: &[f32]) -> (usize, f32) {
    let mut found = (0, f32::NEG_INFINITY);
    for (i, &p) in row.iter().enumerate() {
        if p > found.1 {
            found = (i, p);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(strategy: AggregationStrategy, expect: &[(usize, usize, usize)]) {
        // "metformin" in two tokens that disagree, and another token; two labels
        let encoding = Encoding::new("metformin x", vec![1, 2, 3], [(0, 3), (3, 9), (9, 11)]);
        let encoding = encoding.with_subwords(vec![false, true, false]);
        let logits = [1.0, 0.0, 0.0, 3.0, 2.0, 0.0];
        let run = TokenLogits { encoding: &encoding, tokens: 0..3, logits: &logits, labels: 2 };
        let found = unit_emissions(&run, &(0..2), strategy);
        let got: Vec<_> = found
            .spans
            .iter()
            .zip(found.probabilities.chunks(2))
            .map(|(s, row)| (s.begin(), s.end(), best(row).0))
            .collect();
        assert_eq!(got, expect, "{strategy}");
    }

    #[test]
    fn strategies() {
        check(AggregationStrategy::None, &[(0, 3, 0), (3, 9, 1), (9, 11, 0)]);
        check(AggregationStrategy::Simple, &[(0, 3, 0), (3, 9, 1), (9, 11, 0)]);
        check(AggregationStrategy::First, &[(0, 9, 0), (9, 11, 0)]);
        check(AggregationStrategy::Average, &[(0, 9, 1), (9, 11, 0)]);
        check(AggregationStrategy::Max, &[(0, 9, 1), (9, 11, 0)]);
        check(AggregationStrategy::Word, &[(0, 9, 0), (10, 11, 0)]);
    }

    #[test]
    fn softmax_of_large_logits_stays_finite() {
        let mut p = [0.0; 2];
        softmax(&[1000.0, 998.0], &mut p);
        assert!((p[0] - 0.880_797).abs() < 1e-6 && (p[0] + p[1] - 1.0).abs() < 1e-6);
    }
}
