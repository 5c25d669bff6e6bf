//! [`AttentionRows`]: rows of one window's attention, in the vector registers of the CPU.
//!
//! For each head, with queries Q, keys K and values V of `size` units a position, and vectors of L lanes:
//!
//! ```text
//! output = softmax(Q Kᵀ / √size + mask) V           Q is already divided by √size
//!
//! queries  [position 0][position 1]...              packed once a window, head by head: see `WindowInput`
//! keys     [unit 0 of L positions][unit 1]...       a block for each L positions
//! values   [2 vectors of position 0][position 1]... a run for each 2 vectors of units
//! scores   6 queries × all positions                become e^(score - highest) in place
//! mixed    6 queries × size                         Σ weight · value / Σ weight + bias of V
//! ```
//!
//! In bfloat16 a lane holds two neighbouring units of a query or key, or a unit of two neighbouring positions of the
//! values.
//!
//! No row depends on other windows or on the length of the padding behind its window.

use pulp::{Simd, WithSimd};

use crate::{
    head::{ABSENT, GROUPS, Head, QUERIES},
    lane_format::{Float32, LaneFormat},
    scratch::Scratch,
    window_input::{PackedWindow, WindowInput},
};

/// Added to the score of a hidden position.
const HIDDEN: f32 = -10_000.0;

/// Rows of a window to compute, from `first` on as many as `output` holds; see
/// [`SelfAttention`](crate::self_attention::SelfAttention).
pub(crate) struct AttentionRows<'a> {
    /// Queries, keys and values without their biases, `[length, 3, units]`.
    pub(crate) packed: &'a [f32],
    /// `[length]`; 0 hides a position.
    pub(crate) mask: &'a [i32],
    /// Of queries, keys and values, `[3, units]`.
    pub(crate) biases: &'a [f32],
    pub(crate) heads: usize,
    /// Position of the first row.
    pub(crate) first: usize,
    /// `[rows, units]`.
    pub(crate) output: &'a mut [f32],
}

impl WithSimd for AttentionRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.attend(simd, Float32);
    }
}

impl AttentionRows<'_> {
    /// Computes the rows. Those behind the last visible position are 0.
    #[inline(always)]
    pub(crate) fn attend<S: Simd, F: LaneFormat<S>>(self, simd: S, format: F) {
        let units = self.biases.len() / 3;
        let size = units / self.heads;
        let last = self.mask.iter().rposition(|&mask| mask != 0);
        // if every position is hidden, none is: a softmax needs one
        let seen = last.map_or(self.mask.len(), |last| last + 1);
        let padded = seen.next_multiple_of(S::F32_LANES.max(GROUPS) * F::PER_LANE);
        let groups = seen.div_ceil(F::PER_LANE).next_multiple_of(GROUPS);
        let hidden = |at: usize| match self.mask.get(at) {
            _ if at >= seen => ABSENT,
            Some(0) if last.is_some() => HIDDEN,
            _ => 0.0,
        };
        let rows = (self.output.len() / units).min(seen.saturating_sub(self.first));
        let (output, behind) = self.output.split_at_mut(rows * units);
        behind.fill(0.0);
        let mut scratch = Scratch::take();
        let [queries, keys, values, mask, scores, mixed] = scratch.parts([
            rows.next_multiple_of(QUERIES) * units / F::PER_LANE,
            padded * units / F::PER_LANE,
            groups * units,
            padded,
            QUERIES * padded,
            QUERIES * size,
        ]);
        let (nothing, bias) = (&vec![0.0; units][..], &self.biases[..units]);
        let (first, end) = (self.first, self.first + rows);
        let window = WindowInput { packed: self.packed, units, size, seen, first, end, bias, nothing };
        window.pack(simd, format, &mut PackedWindow { queries, keys, values });
        mask.iter_mut().enumerate().for_each(|(at, mask)| *mask = hidden(at));
        let lanes = size / F::PER_LANE;
        for (number, begin) in (0..units).step_by(size).enumerate() {
            let head = Head {
                keys: S::as_simd_f32s(&keys[number * padded * lanes..][..padded * lanes]).0,
                values: S::as_simd_f32s(&values[begin * groups..][..size * groups]).0,
                format,
                hidden: S::as_simd_f32s(mask).0,
                bias: &self.biases[2 * units + begin..][..size],
            };
            let queries = &queries[number * rows.next_multiple_of(QUERIES) * lanes..];
            for row in (0..rows).step_by(QUERIES) {
                let sums = head.weigh(simd, &queries[row * lanes..][..QUERIES * lanes], scores);
                head.mix(simd, scores, &sums, mixed);
                // a last group may have fewer rows; behind them, its queries are anything
                for (i, mixed) in mixed.chunks_exact(size).take(rows - row).enumerate() {
                    let output = S::as_mut_simd_f32s(&mut output[(row + i) * units + begin..][..size]).0;
                    for (output, mixed) in output.iter_mut().zip(S::as_simd_f32s(mixed).0) {
                        *output = *mixed;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Arch;

    use super::*;
    use crate::domain::UNITS;

    #[derive(Clone, Copy, Debug)]
    struct Kernel {
        run: fn(AttentionRows),
        tolerance: f64,
    }

    /// Scalar, with the CPU's vectors, and with products in bfloat16 if the CPU has them. bfloat16 has 8 bits; queries,
    /// keys, weights and values each lose half of the last one.
    const KERNELS: [Kernel; 3] = [
        Kernel { run: |rows| rows.with_simd(pulp::Scalar::new()), tolerance: 3e-5 },
        Kernel { run: |rows| Arch::new().dispatch(rows), tolerance: 3e-5 },
        Kernel { run: |rows| crate::bfloat16::attend(rows, Arch::new()), tolerance: 2e-2 },
    ];

    /// Packed input, biases, mask and number of heads of a window.
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

    /// The definition of the operator, in float64.
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
        fn matches_the_definition(
            (packed, biases, mask, heads) in windows(), first in 0..40usize, kernel in prop::sample::select(KERNELS.to_vec()),
        ) {
            let units = biases.len() / 3;
            let first = first % mask.len();
            let mut output = vec![f32::NAN; (mask.len() - first) * units];
            (kernel.run)(AttentionRows { packed: &packed, mask: &mask, biases: &biases, heads, first, output: &mut output });
            let seen = mask.iter().rposition(|&mask| mask != 0).map_or(mask.len(), |last| last + 1);
            let wanted = &defined(&packed, &biases, &mask, heads)[first * units..];
            for (at, (got, wanted)) in output.iter().zip(wanted).enumerate() {
                let wanted = if first + at / units < seen { *wanted } else { 0.0 };
                prop_assert!((f64::from(*got) - wanted).abs() < kernel.tolerance, "{at}: {got} for {wanted}");
            }
        }

        #[test]
        fn does_not_depend_on_padding(
            (packed, biases, mut mask, heads) in windows(), padding in 1..40usize, kernel in prop::sample::select(KERNELS.to_vec()),
        ) {
            mask.fill(1);
            let units = biases.len() / 3;
            let attend = |packed: &[f32], mask: &[i32]| {
                let mut output = vec![0.0; mask.len() * units];
                (kernel.run)(AttentionRows { packed, mask, biases: &biases, heads, first: 0, output: &mut output });
                output
            };
            let alone = attend(&packed, &mask);
            let padded = [&packed[..], &vec![f32::NAN; padding * 3 * units]].concat();
            let hidden = [&mask[..], &vec![0; padding]].concat();
            prop_assert_eq!(&attend(&padded, &hidden)[..alone.len()], &alone[..]);
        }
    }

    #[test]
    fn nan_reaches_the_output() {
        let biases = vec![0.0; 3 * UNITS];
        for (part, kernel) in (0..3).flat_map(|part| KERNELS.map(|kernel| (part, kernel))) {
            let mut packed = vec![0.1; 7 * 3 * UNITS];
            packed[(4 * 3 + part) * UNITS + 5] = f32::NAN;
            let mut output = vec![0.0; 7 * UNITS];
            let (packed, biases) = (&packed, &biases);
            (kernel.run)(AttentionRows { packed, mask: &[1; 7], biases, heads: 1, first: 0, output: &mut output });
            assert!(output.iter().any(|value| value.is_nan()), "{part}");
        }
    }
}
