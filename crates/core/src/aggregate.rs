//! From logits of pieces to the probabilities of units: of pieces, or of words, as the strategy says.

use std::ops::Range;

use strum::{Display, IntoStaticStr, VariantArray};

use crate::{Encoding, Span};

/// How the labels of a word's pieces become one.
///
/// [`Word`](Self::Word) is spanframe's own. The others have the names and the exact semantics of Hugging Face's
/// token-classification pipeline, its heuristic of what a word is included. Source: `TokenClassificationPipeline` of
/// transformers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, IntoStaticStr, VariantArray, Display)]
#[strum(serialize_all = "snake_case")]
pub enum AggregationStrategy {
    /// Every piece is an entity of its own, named by its full label.
    None,
    /// Every piece by itself, grouped: an entity may end inside a word.
    Simple,
    /// The word takes the label and the score of its first piece.
    First,
    /// The word takes the best label of the mean of its pieces' probabilities.
    Average,
    /// The word takes the label of the piece that is surest of itself.
    Max,
    /// As [`First`](Self::First), where a word is one of the tokenizer, never cut inside a run of letters and digits and
    /// never joined with the punctuation beside it (see [`Encoding::continues`]).
    #[default]
    Word,
}

impl AggregationStrategy {
    /// Whether the strategy is one of Hugging Face's.
    #[must_use]
    pub fn is_hugging_face(self) -> bool {
        self != Self::Word
    }
}

/// A piece or a word with its label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Bytes of the document.
    pub span: Span,
    /// Column of the label, within the head's columns.
    pub label: usize,
    /// Probability of that label, 0 to 1.
    pub score: f32,
}

/// The pieces or words of a document with their probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Emissions {
    /// Bytes of the document, one span a unit; may be empty.
    pub spans: Vec<Span>,
    /// Row-major `[units, labels of the head]`.
    pub probabilities: Vec<f32>,
    /// For each unit, whether it begins inside a word; words never do.
    pub joined: Vec<bool>,
}

/// Softmax of `logits` into `probabilities` (same length), with the maximum subtracted first.
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

/// The probabilities of each of `pieces` by itself.
///
/// `logits` is row-major, `[pieces.len(), columns]`; `head` names the columns that compete.
#[must_use]
pub fn pieces(
    encoding: &Encoding, pieces: Range<usize>, logits: &[f32], (columns, head): (usize, &Range<usize>),
) -> Emissions {
    let mut found = Emissions {
        spans: encoding.spans()[pieces.clone()].to_vec(),
        probabilities: vec![0.0; pieces.len() * head.len()],
        joined: encoding.joined()[pieces].to_vec(),
    };
    for (row, p) in logits.chunks_exact(columns).zip(found.probabilities.chunks_exact_mut(head.len())) {
        softmax(&row[head.clone()], p);
    }
    found
}

/// The probabilities of the units that `strategy` makes of `pieces`.
///
/// [`AggregationStrategy::Word`] passes over empty pieces, which belong to no word; Hugging Face's strategies keep them,
/// and white space at the edges, as the pipeline does.
#[must_use]
pub fn units(
    encoding: &Encoding, range: Range<usize>, logits: &[f32], (columns, head): (usize, &Range<usize>),
    strategy: AggregationStrategy,
) -> Emissions {
    use AggregationStrategy::{Average, Max, None, Simple, Word};
    let width = head.len();
    let all = pieces(encoding, range.clone(), logits, (columns, head));
    let (spans, continues) = match strategy {
        Word => (encoding.spans(), encoding.continues()),
        _ => (encoding.raw(), encoding.subwords()),
    };
    let mut found = Emissions::default();
    let mut size = 0.0; // pieces in the word at hand, for the mean
    let first = range.start;
    for (i, row) in range.zip(all.probabilities.chunks_exact(width)) {
        let span = if i == first && strategy != Word { encoding.raw_first(i) } else { spans[i] };
        if strategy == Word && span.is_empty() {
            continue;
        }
        let whole = matches!(strategy, None | Simple) || !continues[i];
        let Some(last) = found.spans.last_mut().filter(|_| !whole) else {
            found.spans.push(span);
            found.probabilities.extend_from_slice(row);
            size = 1.0;
            continue;
        };
        *last = Span::new(last.begin(), span.end().max(last.begin()));
        let at = found.probabilities.len() - width;
        let word = &mut found.probabilities[at..];
        match strategy {
            Average => {
                size += 1.0;
                word.iter_mut().zip(row).for_each(|(mean, p)| *mean += (p - *mean) / size);
            }
            Max if best(row).1 > best(word).1 => word.copy_from_slice(row),
            _ => {}
        }
    }
    found.joined = vec![false; found.spans.len()];
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
        // "metformin" in two pieces that disagree, and a piece apart; two labels
        let encoding = Encoding::new("metformin x", vec![1, 2, 3], [(0, 3), (3, 9), (9, 11)]);
        let encoding = encoding.with_subwords(vec![false, true, false]);
        let logits = [1.0, 0.0, 0.0, 3.0, 2.0, 0.0];
        let found = units(&encoding, 0..3, &logits, (2, &(0..2)), strategy);
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
