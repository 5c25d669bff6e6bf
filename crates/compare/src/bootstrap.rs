//! Confidence intervals by the bootstrap: documents are drawn again, with replacement.

use crate::score::{Counts, Figures};

/// A generator of uniform 64-bit integers, the same on every machine.
///
/// Source: SplitMix64 of Steele, Lea and Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator that gives the same integers for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next integer.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next integer below `bound`, which must not be 0. Its bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }
}

/// How often documents are drawn, and the seed that decides which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draws {
    /// Number of draws, each of as many documents as there are.
    pub count: usize,
    /// The same seed draws the same documents, whatever is counted.
    pub seed: u64,
}

/// A 95 % confidence interval.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Confidence {
    /// Percentile 2.5 of the draws.
    pub low: f64,
    /// Percentile 97.5 of the draws.
    pub high: f64,
}

/// The confidence interval of an F1 over the counts of each of `documents`.
///
/// `figures` takes the F1 of the summed counts: [`Counts::strict`] or [`Counts::relaxed`]. Without documents or draws,
/// the interval is 0 to 0.
///
/// ```
/// # use spanframe_compare::{bootstrap::{self, Confidence, Draws}, score::Counts};
/// let all_right = Counts { gold: 3, found: 3, exact: 3, ..Counts::default() };
/// let found = bootstrap::confidence(&[all_right; 5], Counts::strict, Draws { count: 100, seed: 1 });
/// assert_eq!(found, Confidence { low: 1.0, high: 1.0 });
/// ```
#[must_use]
pub fn confidence(documents: &[Counts], figures: fn(&Counts) -> Figures, draws: Draws) -> Confidence {
    if documents.is_empty() || draws.count == 0 {
        return Confidence::default();
    }
    let mut random = SplitMix64::new(draws.seed);
    let mut drawn: Vec<f64> = (0..draws.count)
        .map(|_| {
            let picked = (0..documents.len()).map(|_| documents[random.below(documents.len())]);
            figures(&picked.fold(Counts::default(), Counts::plus)).f1
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[(share * (draws.count - 1) as f64).round() as usize];
    Confidence { low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let integers = [random.next_u64(), random.next_u64()];
        assert_eq!(integers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert!((0..1000).all(|_| random.below(7) < 7));
    }

    #[test]
    fn the_interval_holds_the_score_and_narrows_with_more_documents() {
        let right = Counts { gold: 2, found: 2, exact: 2, ..Counts::default() };
        let wrong = Counts { gold: 2, found: 2, exact: 0, ..Counts::default() };
        let draws = Draws { count: 1000, seed: 7 };
        let of = |n: usize| confidence(&[[right, wrong]].repeat(n).concat(), Counts::strict, draws);
        let (few, many) = (of(5), of(200));
        for found in [few, many] {
            assert!(found.low < 0.5 && 0.5 < found.high);
        }
        let width = |found: Confidence| found.high - found.low;
        assert!(width(many) < width(few));
        // a share of one half over 400 documents: half a width of 1.96 * sqrt(.25 / 400)
        assert!((width(many) - 0.098).abs() < 0.015, "{many:?}");
        assert_eq!(confidence(&[], Counts::strict, draws), Confidence::default());
    }
}
