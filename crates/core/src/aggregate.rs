//! From logits of pieces to labelled units: a piece, or a word, as the strategy says.

use std::{fmt, ops::Range, str::FromStr};

use crate::{Encoding, Span};

/// How the labels of a word's pieces become one. Names and semantics follow Hugging Face's token-classification
/// pipeline, except that a word is what [`word`](crate::word) says for every kind of tokenizer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AggregationStrategy {
    /// Every piece by itself: an entity may end inside a word.
    Simple,
    /// The word takes the label and the score of its first piece.
    #[default]
    First,
    /// The word takes the best label of the mean of its pieces' probabilities.
    Average,
    /// The word takes the label of the piece that is surest of itself.
    Max,
}

impl AggregationStrategy {
    /// All strategies by the names that users write.
    pub const NAMES: [(&'static str, Self); 4] =
        [("simple", Self::Simple), ("first", Self::First), ("average", Self::Average), ("max", Self::Max)];
}

impl fmt::Display for AggregationStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, value)| value == self).map_or("?", |(name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for AggregationStrategy {
    type Err = ();
    fn from_str(name: &str) -> Result<Self, ()> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or(())
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

/// Labels the units of one document.
///
/// `logits` is row-major, `[encoding.len(), columns]`; `head` names the columns that compete. Empty pieces belong to no
/// word and are passed over; only [`AggregationStrategy::Simple`] keeps them, for a piece of white space alone can end
/// an entity and counts in its mean, as in Hugging Face's pipeline.
#[must_use]
pub fn units(
    encoding: &Encoding, logits: &[f32], columns: usize, head: &Range<usize>, strategy: AggregationStrategy,
) -> Vec<Unit> {
    let width = head.len();
    let mut found: Vec<Unit> = Vec::new();
    let mut row = vec![0.0; width];
    let mut sums = vec![0.0; width];
    let mut pieces = 0.0; // pieces in the word at hand, for the mean
    for (i, (&span, &joined)) in encoding.spans().iter().zip(encoding.joined()).enumerate() {
        if span.is_empty() && strategy != AggregationStrategy::Simple {
            continue;
        }
        softmax(&logits[i * columns + head.start..i * columns + head.end], &mut row);
        let (label, score) = best(&row);
        let word = found.last_mut().filter(|_| joined && strategy != AggregationStrategy::Simple);
        let Some(word) = word else {
            found.push(Unit { span, label, score });
            sums.copy_from_slice(&row);
            pieces = 1.0;
            continue;
        };
        word.span = Span::new(word.span.begin(), span.end().max(word.span.end()));
        match strategy {
            AggregationStrategy::Average => {
                pieces += 1.0;
                for (sum, p) in sums.iter_mut().zip(&row) {
                    *sum += p;
                }
                let (label, sum) = best(&sums);
                (word.label, word.score) = (label, sum / pieces);
            }
            AggregationStrategy::Max if score > word.score => (word.label, word.score) = (label, score),
            _ => {}
        }
    }
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
        let encoding = Encoding::new("metformin x", vec![1, 2, 3], [(0, 3), (3, 9), (10, 11)]);
        let logits = [1.0, 0.0, 0.0, 3.0, 2.0, 0.0];
        let got: Vec<_> = units(&encoding, &logits, 2, &(0..2), strategy)
            .into_iter()
            .map(|u| (u.span.begin(), u.span.end(), u.label))
            .collect();
        assert_eq!(got, expect, "{strategy}");
    }

    #[test]
    fn strategies() {
        check(AggregationStrategy::Simple, &[(0, 3, 0), (3, 9, 1), (10, 11, 0)]);
        check(AggregationStrategy::First, &[(0, 9, 0), (10, 11, 0)]);
        check(AggregationStrategy::Average, &[(0, 9, 1), (10, 11, 0)]);
        check(AggregationStrategy::Max, &[(0, 9, 1), (10, 11, 0)]);
    }

    #[test]
    fn softmax_of_large_logits_stays_finite() {
        let mut p = [0.0; 2];
        softmax(&[1000.0, 998.0], &mut p);
        assert!((p[0] - 0.880_797).abs() < 1e-6 && (p[0] + p[1] - 1.0).abs() < 1e-6);
    }
}
