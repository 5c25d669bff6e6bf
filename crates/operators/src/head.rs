//! [`Head`]: scores and mixtures of one attention head for a few queries at once.

use pulp::Simd;

use crate::{exponential::exponential, lane_format::LaneFormat};

/// The score of a position that does not exist: its weight is 0.
pub(crate) const ABSENT: f32 = f32::MIN / 2.0;
/// Queries at once. Times two vectors of keys or values, they fill the registers of most CPUs with accumulators.
pub(crate) const QUERIES: usize = 6;
/// Groups of values that are mixed without a bounds check between them; the groups behind a window are 0.
pub(crate) const GROUPS: usize = 4;
/// Vectors of a key that are multiplied without a bounds check between them.
const UNROLLED: usize = 8;

/// Keys, values and mask of one head as vectors.
pub(crate) struct Head<'a, S: Simd, F> {
    pub(crate) format: F,
    /// For each block of positions, one a lane: a vector a lane's worth of units.
    pub(crate) keys: &'a [S::f32s],
    /// For each pair of vectors of units: these two vectors of every group of positions.
    pub(crate) values: &'a [S::f32s],
    /// Mask of the positions, added to their scores.
    pub(crate) hidden: &'a [S::f32s],
    /// Bias of the values, `[size]`.
    pub(crate) bias: &'a [f32],
}

impl<S: Simd, F: LaneFormat<S>> Head<'_, S, F> {
    /// Writes e^(score - highest score) of every position for each query, packed as `format` has it, `[QUERIES,
    /// padded]`. Returns the sum of each query's weights. `queries` are `[QUERIES, lanes]`.
    #[inline(always)]
    pub(crate) fn weigh(&self, simd: S, queries: &[f32], weights: &mut [f32]) -> [f32; QUERIES] {
        let blocks = self.hidden.len();
        let mut rows = [queries; QUERIES];
        for (row, query) in rows.iter_mut().zip(queries.chunks_exact(queries.len() / QUERIES)) {
            *row = query;
        }
        let weights = S::as_mut_simd_f32s(weights).0;
        let mut highest = [simd.splat_f32s(ABSENT); QUERIES];
        for block in (0..blocks - 1).step_by(2) {
            self.score::<2>(simd, block, rows, &mut highest, weights);
        }
        if !blocks.is_multiple_of(2) {
            self.score::<1>(simd, blocks - 1, rows, &mut highest, weights);
        }
        let mut sums = [0.0; QUERIES];
        for ((weights, highest), sum) in weights.chunks_exact_mut(blocks).zip(highest).zip(&mut sums) {
            let highest = simd.splat_f32s(simd.reduce_max_f32s(highest));
            let mut added = simd.splat_f32s(0.0);
            for weight in &mut *weights {
                *weight = exponential(simd, simd.sub_f32s(*weight, highest));
                added = simd.add_f32s(added, *weight);
            }
            *sum = simd.reduce_sum_f32s(added);
            self.format.pack_in_place(simd, weights);
        }
        sums
    }

    /// Writes the scores q·k + mask of `W` blocks of positions, and raises `highest` to them.
    ///
    /// ```text
    /// sums[query][w] += splat(query[unit]) * keys[w][unit]      QUERIES * W accumulators, one position a lane
    /// ```
    #[inline(always)]
    fn score<const W: usize>(
        &self, simd: S, block: usize, queries: [&[f32]; QUERIES], highest: &mut [S::f32s; QUERIES],
        scores: &mut [S::f32s],
    ) {
        let size = queries[0].len();
        let keys: [_; W] = std::array::from_fn(|w| self.keys[(block + w) * size..][..size].as_chunks::<UNROLLED>().0);
        let queries = queries.map(|query| query.as_chunks::<UNROLLED>().0);
        let mut sums = [std::array::from_fn::<_, W, _>(|w| self.hidden[block + w]); QUERIES];
        for chunk in 0..queries[0].len() {
            let (keys, queries) = (keys.map(|keys| &keys[chunk]), queries.map(|query| &query[chunk]));
            for unit in 0..UNROLLED {
                for (sums, query) in sums.iter_mut().zip(queries) {
                    let query = simd.splat_f32s(query[unit]);
                    for (sum, keys) in sums.iter_mut().zip(keys) {
                        *sum = self.format.add_products(simd, query, keys[unit], *sum);
                    }
                }
            }
        }
        for ((sums, highest), scores) in sums.iter().zip(highest).zip(scores.chunks_exact_mut(self.hidden.len())) {
            for (sum, score) in sums.iter().zip(&mut scores[block..block + W]) {
                *highest = simd.max_f32s(*highest, *sum);
                *score = *sum;
            }
        }
    }

    /// Writes the values mixed by the weights of each query, with their bias, `[queries, size]`.
    ///
    /// The weights are divided by their sum here, after mixing: once a unit instead of once a position.
    #[inline(always)]
    pub(crate) fn mix(&self, simd: S, weights: &[f32], sums: &[f32; QUERIES], mixed: &mut [f32]) {
        let padded = self.hidden.len() * S::F32_LANES;
        let groups = self.values.len() * S::F32_LANES / self.bias.len();
        let weights: [&[f32]; QUERIES] = std::array::from_fn(|i| &weights[i * padded..][..groups]);
        let biases = S::as_simd_f32s(self.bias).0.as_chunks::<2>().0;
        let mixed = S::as_mut_simd_f32s(mixed).0.as_chunks_mut::<2>().0;
        for (pair, values) in self.values.as_chunks::<2>().0.chunks_exact(groups).enumerate() {
            let sum = self.mixture(simd, values, weights);
            for (i, sum) in sum.iter().enumerate() {
                let share = simd.splat_f32s(1.0 / sums[i]);
                let ([one, other], [bias, next]) = (*sum, biases[pair]);
                mixed[i * biases.len() + pair] =
                    [simd.mul_add_e_f32s(one, share, bias), simd.mul_add_e_f32s(other, share, next)];
            }
        }
    }

    /// The weighted sums of one pair of vectors of units.
    ///
    /// ```text
    /// mixed[query][0..2] += splat(weights[query][group]) * values[group][0..2]      QUERIES * 2 accumulators
    /// ```
    #[inline(always)]
    fn mixture(&self, simd: S, values: &[[S::f32s; 2]], weights: [&[f32]; QUERIES]) -> [[S::f32s; 2]; QUERIES] {
        let weights = weights.map(|weights| weights.as_chunks::<GROUPS>().0);
        let mut mixed = [[simd.splat_f32s(0.0); 2]; QUERIES];
        for (chunk, values) in values.as_chunks::<GROUPS>().0.iter().enumerate() {
            let weights = weights.map(|weights| &weights[chunk]);
            for (at, [first, second]) in values.iter().enumerate() {
                for (mixed, weights) in mixed.iter_mut().zip(weights) {
                    let weight = simd.splat_f32s(weights[at]);
                    let [one, other] = *mixed;
                    *mixed = [
                        self.format.add_products(simd, weight, *first, one),
                        self.format.add_products(simd, weight, *second, other),
                    ];
                }
            }
        }
        mixed
    }
}
