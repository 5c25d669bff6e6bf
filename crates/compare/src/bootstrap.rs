//! Confidence intervals by drawing documents again.

use crate::score::{Counts, Figures};

/// A small generator of even numbers over 64 bits, the same everywhere. Source: splitmix64 of Steele, Lea and Flood.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator whose numbers follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next number below `bound`, which must not be 0. Its bias is below `bound / 2^64`.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }
}

/// The 95 % confidence interval of an F1 over `documents`, whose counts are drawn again `draws` times.
///
/// `figures` says which F1 (`Counts::strict` or `Counts::relaxed`) of the summed counts is meant. The bounds are the
/// percentiles 2.5 and 97.5 of the draws. The same seed gives the same documents at every draw, whatever is counted.
/// (0, 0) without documents or draws.
///
/// ```
/// # use spanframe_compare::{bootstrap, score::Counts};
/// let all_right = Counts { gold: 3, found: 3, exact: 3, ..Counts::default() };
/// assert_eq!(bootstrap::interval(&[all_right; 5], Counts::strict, 100, 1), (1.0, 1.0));
/// ```
#[must_use]
pub fn interval(documents: &[Counts], figures: fn(&Counts) -> Figures, draws: usize, seed: u64) -> (f64, f64) {
    if documents.is_empty() || draws == 0 {
        return (0.0, 0.0);
    }
    let mut random = SplitMix64::new(seed);
    let mut drawn: Vec<f64> = (0..draws)
        .map(|_| {
            let picked = (0..documents.len()).map(|_| documents[random.below(documents.len())]);
            figures(&picked.fold(Counts::default(), Counts::plus)).f1
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| drawn[(share * (draws - 1) as f64).round() as usize];
    (at(0.025), at(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_gives_the_published_numbers() {
        let mut random = SplitMix64::new(1_234_567);
        let numbers = [random.next_u64(), random.next_u64()];
        assert_eq!(numbers, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
        assert!((0..1000).all(|_| random.below(7) < 7));
    }

    #[test]
    fn the_interval_holds_the_score_and_narrows_with_more_documents() {
        let right = Counts { gold: 2, found: 2, exact: 2, ..Counts::default() };
        let wrong = Counts { gold: 2, found: 2, exact: 0, ..Counts::default() };
        let of = |n: usize| interval(&[[right, wrong]].repeat(n).concat(), Counts::strict, 1000, 7);
        let (few, many) = (of(5), of(200));
        for (low, high) in [few, many] {
            assert!(low < 0.5 && 0.5 < high);
        }
        assert!(many.1 - many.0 < few.1 - few.0);
        // a share of one half over 400 documents: half a width of 1.96 * sqrt(.25 / 400)
        assert!((many.1 - many.0 - 0.098).abs() < 0.015, "{many:?}");
        assert_eq!(interval(&[], Counts::strict, 1000, 7), (0.0, 0.0));
    }
}
