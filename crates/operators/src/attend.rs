//! [`Part`]: attention over packed queries, keys and values, in the registers that the processor has.
//!
//! Nothing depends on how long the padding behind a window is, nor on other windows.

use pulp::{Simd, WithSimd};

use crate::{
    domain::UNITS,
    exponential::exponential,
    terms::{Single, Terms},
};

/// What a hidden position's score is lowered by.
const HIDDEN: f32 = -10_000.0;
/// What the score of no position is: no weight at all.
const ABSENT: f32 = f32::MIN / 2.0;
/// Lanes' worth of units whose products are added in one go.
const PART: usize = 8;
/// Lanes' worth of positions that are mixed in one go; behind a window they are 0.
const GROUPS: usize = 4;
/// Queries at once: with two vectors of keys each they fill the registers of most processors.
pub(crate) const QUERIES: usize = 6;

/// Rows of a window, from `first` on as many as `output` has; see [`SelfAttention`](crate::self_attention::SelfAttention).
pub(crate) struct Part<'a> {
    pub(crate) packed: &'a [f32],
    pub(crate) mask: &'a [i32],
    pub(crate) biases: &'a [f32],
    pub(crate) heads: usize,
    pub(crate) first: usize,
    pub(crate) output: &'a mut [f32],
}

impl WithSimd for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.attend(simd, Single);
    }
}

impl Part<'_> {
    #[inline(always)]
    pub(crate) fn attend<S: Simd, T: Terms<S>>(self, simd: S, terms: T) {
        let units = self.biases.len() / 3;
        let size = units / self.heads;
        let length = self.mask.len();
        let last = self.mask.iter().rposition(|&mask| mask != 0);
        // where all are hidden none is
        let seen = last.map_or(length, |last| last + 1);
        let padded = seen.next_multiple_of(S::F32_LANES.max(GROUPS) * T::COUNT);
        let groups = seen.div_ceil(T::COUNT).next_multiple_of(GROUPS);
        let hidden = |at: usize| match self.mask.get(at) {
            _ if at >= seen => ABSENT,
            Some(0) if last.is_some() => HIDDEN,
            _ => 0.0,
        };
        let hidden: Vec<f32> = (0..padded).map(hidden).collect();
        let mut keys = vec![0.0; padded * size];
        let mut values = vec![0.0; groups * size];
        let mut scores = vec![0.0; QUERIES * padded];
        let mut queries = vec![0.0; QUERIES * size];
        let mut key = vec![0.0; size];
        let nothing = vec![0.0; size];
        let mut mixed = vec![0.0; QUERIES * size];
        let rows = (self.output.len() / units).min(seen.saturating_sub(self.first));
        let (output, behind) = self.output.split_at_mut(rows * units);
        behind.fill(0.0);
        for at in (0..units).step_by(size) {
            let part = |row: usize, part: usize| &self.packed[(row * 3 + part) * units + at..][..size];
            for group in 0..seen.div_ceil(T::COUNT) {
                let row = group * T::COUNT;
                // a last group may have one row less
                let other = if row + T::COUNT <= seen { part(row + T::COUNT - 1, 2) } else { &nothing };
                let one = S::as_simd_f32s(part(row, 2)).0.as_chunks::<2>().0;
                let other = S::as_simd_f32s(other).0.as_chunks::<2>().0;
                for (pair, ([first, second], [next, last])) in one.iter().zip(other).enumerate() {
                    S::as_mut_simd_f32s(&mut values).0.as_chunks_mut::<2>().0[pair * groups + group] =
                        [terms.zip(simd, *first, *next), terms.zip(simd, *second, *last)];
                }
            }
            for row in 0..seen {
                key.copy_from_slice(part(row, 1));
                terms.pack(simd, S::as_mut_simd_f32s(&mut key).0);
                // vectors of as many keys as there are lanes, one for each of their lanes
                let block = &mut keys[row / S::F32_LANES * size * S::F32_LANES / T::COUNT..];
                let key = key[..size / T::COUNT].as_chunks::<{ UNITS / 2 }>().0;
                for (lanes, key) in block.chunks_exact_mut(UNITS / 2 * S::F32_LANES).zip(key) {
                    for (unit, key) in key.iter().enumerate() {
                        lanes[unit * S::F32_LANES + row % S::F32_LANES] = *key;
                    }
                }
            }
            let head = Head {
                keys: S::as_simd_f32s(&keys).0,
                values: S::as_simd_f32s(&values).0,
                terms,
                hidden: S::as_simd_f32s(&hidden).0,
                bias: &self.biases[2 * units + at..][..size],
            };
            let bias = &self.biases[at..][..size];
            for row in (0..rows).step_by(QUERIES) {
                let count = QUERIES.min(rows - row);
                let rows: [_; QUERIES] = std::array::from_fn(|i| part(self.first + row + i.min(count - 1), 0));
                // a key's bias is the same for all of a query's scores, and goes out with their sum
                for (query, row) in queries.chunks_exact_mut(size).zip(rows) {
                    for ((query, unit), bias) in query.iter_mut().zip(row).zip(bias) {
                        *query = unit + bias;
                    }
                    terms.pack(simd, S::as_mut_simd_f32s(query).0);
                }
                let queries = std::array::from_fn(|i| &queries[i * size..][..size / T::COUNT]);
                let sums = head.weigh(simd, queries, &mut scores);
                head.mix(simd, &scores, &sums, &mut mixed);
                for (i, mixed) in mixed.chunks_exact(size).take(count).enumerate() {
                    let output = S::as_mut_simd_f32s(&mut output[(row + i) * units + at..][..size]).0;
                    for (output, mixed) in output.iter_mut().zip(S::as_simd_f32s(mixed).0) {
                        *output = *mixed;
                    }
                }
            }
        }
    }
}

/// Keys, values and hidden positions of a head as vectors.
struct Head<'a, S: Simd, T> {
    terms: T,
    /// Of as many keys as there are lanes, a vector for each lane's worth of units.
    keys: &'a [S::f32s],
    /// Two vectors of units of each lane's worth of positions, then the next two of each.
    values: &'a [S::f32s],
    /// Of all positions, what is added to their scores.
    hidden: &'a [S::f32s],
    /// Of the values.
    bias: &'a [f32],
}

impl<S: Simd, T: Terms<S>> Head<'_, S, T> {
    /// The weights of all positions for each query, a row of terms each, and what they add up to.
    #[inline(always)]
    fn weigh(&self, simd: S, queries: [&[f32]; QUERIES], weights: &mut [f32]) -> [f32; QUERIES] {
        let blocks = self.hidden.len();
        let weights = S::as_mut_simd_f32s(weights).0;
        let mut highest = [simd.splat_f32s(ABSENT); QUERIES];
        for block in (0..blocks - 1).step_by(2) {
            self.score::<2>(simd, block, queries, &mut highest, weights);
        }
        if !blocks.is_multiple_of(2) {
            self.score::<1>(simd, blocks - 1, queries, &mut highest, weights);
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
            self.terms.pack(simd, weights);
        }
        sums
    }

    /// The scores of `W` vectors of positions.
    #[inline(always)]
    fn score<const W: usize>(
        &self, simd: S, block: usize, queries: [&[f32]; QUERIES], highest: &mut [S::f32s; QUERIES],
        scores: &mut [S::f32s],
    ) {
        let size = queries[0].len();
        let keys: [_; W] = std::array::from_fn(|w| self.keys[(block + w) * size..][..size].as_chunks::<PART>().0);
        let queries = queries.map(|query| query.as_chunks::<PART>().0);
        let mut sums = [std::array::from_fn::<_, W, _>(|w| self.hidden[block + w]); QUERIES];
        for chunk in 0..queries[0].len() {
            let (keys, queries) = (keys.map(|keys| &keys[chunk]), queries.map(|query| &query[chunk]));
            for unit in 0..PART {
                for (sums, query) in sums.iter_mut().zip(queries) {
                    let query = simd.splat_f32s(query[unit]);
                    for (sum, keys) in sums.iter_mut().zip(keys) {
                        *sum = self.terms.add_products(simd, query, keys[unit], *sum);
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

    /// Values mixed by the weights of each query, `[queries, units]`.
    #[inline(always)]
    fn mix(&self, simd: S, weights: &[f32], sums: &[f32; QUERIES], mixed: &mut [f32]) {
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

    /// The sums of two vectors of units of each lane's worth of positions, by the weights of each query.
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
                        self.terms.add_products(simd, weight, *first, one),
                        self.terms.add_products(simd, weight, *second, other),
                    ];
                }
            }
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Arch;

    use super::*;

    type Way = fn(Part);

    /// Without the processor's vectors, with them, and rounded to bfloat16 where the processor multiplies it.
    const WAYS: [Way; 3] = [
        |part| part.with_simd(pulp::Scalar::new()),
        |part| Arch::new().dispatch(part),
        |part| crate::bfloat16::attend(part, Arch::new()),
    ];

    /// A window of units, its mask and how many heads there are.
    fn windows() -> impl Strategy<Value = (Vec<f32>, Vec<f32>, Vec<i32>, usize)> {
        (1..40usize, 1..4usize, 1..3usize).prop_flat_map(|(length, heads, size)| {
            let packed = 3 * heads * size * UNITS;
            (
                prop::collection::vec(-1.0..1.0f32, length * packed),
                prop::collection::vec(-0.5..0.5f32, packed),
                prop::collection::vec(0..2i32, length),
                Just(heads),
            )
        })
    }

    /// As the operator is defined, term by term.
    fn defined(packed: &[f32], biases: &[f32], mask: &[i32], heads: usize) -> Vec<f64> {
        let units = biases.len() / 3;
        let size = units / heads;
        let of = |row: usize, part: usize, unit: usize| {
            f64::from(packed[(row * 3 + part) * units + unit]) + f64::from(biases[part * units + unit])
        };
        let mut mixed = vec![0.0; mask.len() * units];
        for (row, head) in (0..mask.len()).flat_map(|row| (0..heads).map(move |head| (row, head))) {
            let range = head * size..(head + 1) * size;
            let score = |at: usize| {
                let hidden = if mask[at] == 0 { f64::from(HIDDEN) } else { 0.0 };
                range.clone().map(|unit| of(row, 0, unit) * of(at, 1, unit)).sum::<f64>() + hidden
            };
            let scores: Vec<f64> = (0..mask.len()).map(score).collect();
            let highest = scores.iter().copied().fold(f64::MIN, f64::max);
            let weights: Vec<f64> = scores.iter().map(|score| (score - highest).exp()).collect();
            let sum: f64 = weights.iter().sum();
            for unit in range {
                mixed[row * units + unit] = (0..mask.len()).map(|at| weights[at] / sum * of(at, 2, unit)).sum();
            }
        }
        mixed
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn is_what_it_is_defined_as(
            (packed, biases, mask, heads) in windows(), first in 0..40usize, way in prop::sample::select(WAYS.to_vec()),
        ) {
            let units = biases.len() / 3;
            let first = first % mask.len();
            let mut output = vec![f32::NAN; (mask.len() - first) * units];
            let part = Part { packed: &packed, mask: &mask, biases: &biases, heads, first, output: &mut output };
            way(part);
            // of bfloat16's 8 bits half a last one is lost, of queries, keys, weights and values
            let lost = if way as usize == WAYS[2] as usize { 2e-2 } else { 3e-5 };
            let seen = mask.iter().rposition(|&mask| mask != 0).map_or(mask.len(), |last| last + 1);
            let wanted = &defined(&packed, &biases, &mask, heads)[first * units..];
            for (at, (got, wanted)) in output.iter().zip(wanted).enumerate() {
                let wanted = if first + at / units < seen { *wanted } else { 0.0 };
                prop_assert!((f64::from(*got) - wanted).abs() < lost, "{at}: {got} for {wanted}");
            }
        }

        #[test]
        fn does_not_depend_on_padding(
            (packed, biases, mut mask, heads) in windows(), padding in 1..40usize, way in prop::sample::select(WAYS.to_vec()),
        ) {
            mask.fill(1);
            let units = biases.len() / 3;
            let attend = |packed: &[f32], mask: &[i32]| {
                let mut output = vec![0.0; mask.len() * units];
                way(Part { packed, mask, biases: &biases, heads, first: 0, output: &mut output });
                output
            };
            let alone = attend(&packed, &mask);
            let padded = [&packed[..], &vec![f32::NAN; padding * 3 * units]].concat();
            let hidden = [&mask[..], &vec![0; padding]].concat();
            prop_assert_eq!(&attend(&padded, &hidden)[..alone.len()], &alone[..]);
        }
    }

    #[test]
    fn what_is_not_a_number_is_not_lost() {
        let biases = vec![0.0; 3 * UNITS];
        for (part, way) in (0..3).flat_map(|part| WAYS.map(|way| (part, way))) {
            let mut packed = vec![0.1; 7 * 3 * UNITS];
            packed[(4 * 3 + part) * UNITS + 5] = f32::NAN;
            let mut output = vec![0.0; 7 * UNITS];
            let window =
                Part { packed: &packed, mask: &[1; 7], biases: &biases, heads: 1, first: 0, output: &mut output };
            way(window);
            assert!(output.iter().any(|value| value.is_nan()), "{part}");
        }
    }
}
