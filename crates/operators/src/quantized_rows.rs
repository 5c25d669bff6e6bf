//! [`QuantizedRows`]: rows of [`QuantizedLinear`](crate::quantized_linear::QuantizedLinear), and how AVX2 multiplies them.

use std::arch::x86_64::*;

use multiversion::{multiversion, target::match_target};
use pulp::cast;

use crate::packed_weight::{Block, OUTPUTS, PackedWeight};

/// Rows that are multiplied together. Times two vectors of outputs, they fill half of the registers with sums.
const TOGETHER: usize = 4;

/// The values of a quad of inputs, in each of the rows.
type QuadValues = [[u8; 4]; TOGETHER];

/// Rows of inputs, as many as `output` holds.
pub(crate) struct QuantizedRows<'a> {
    /// `[rows, inputs]`.
    pub(crate) x: &'a [f32],
    pub(crate) step: f32,
    pub(crate) zero: u8,
    pub(crate) weight: &'a PackedWeight,
    pub(crate) scale: &'a [f32],
    /// `[rows, outputs]`.
    pub(crate) output: &'a mut [f32],
}

/// Computes `rows`. False on a CPU without AVX2.
#[multiversion(targets("x86_64+avx2"))]
pub(crate) fn multiply(rows: &mut QuantizedRows) -> bool {
    match_target! {
        "x86_64+avx2" => {
            // a closure may use the instructions of the function it is written in, so no call here needs `unsafe`
            rows.multiply(|values: &[QuadValues], block: &Block, first: [i32; OUTPUTS], scale: [f32; OUTPUTS]| {
                let ones = _mm256_set1_epi16(1);
                let mut sums = [cast::<_, [__m256i; 2]>(first); TOGETHER];
                for ([a, b], weights) in block.pairs.iter().zip(&block.pair_weights) {
                    let [[a_first, a_second], [b_first, b_second]] = weights.map(|quad| cast::<_, [__m256i; 2]>(quad.0));
                    let rows = values[usize::from(*a)].iter().zip(&values[usize::from(*b)]);
                    for (sums, (a, b)) in sums.iter_mut().zip(rows) {
                        let a = _mm256_set1_epi32(i32::from_le_bytes(*a));
                        let b = _mm256_set1_epi32(i32::from_le_bytes(*b));
                        let first = _mm256_add_epi16(_mm256_maddubs_epi16(a, a_first), _mm256_maddubs_epi16(b, b_first));
                        let second =
                            _mm256_add_epi16(_mm256_maddubs_epi16(a, a_second), _mm256_maddubs_epi16(b, b_second));
                        sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(first, ones));
                        sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(second, ones));
                    }
                }
                for (quad, weights) in block.singles.iter().zip(&block.single_weights) {
                    let weights = cast::<_, [__m256i; 2]>(weights.0);
                    for (sums, values) in sums.iter_mut().zip(values[usize::from(*quad)]) {
                        let values = _mm256_set1_epi32(i32::from_le_bytes(values));
                        for (sum, weights) in sums.iter_mut().zip(weights) {
                            let products = _mm256_madd_epi16(_mm256_maddubs_epi16(values, weights), ones);
                            *sum = _mm256_add_epi32(*sum, products);
                        }
                    }
                }
                let scale = cast::<_, [__m256; 2]>(scale);
                sums.map(|[first, second]| {
                    cast([
                        _mm256_mul_ps(_mm256_cvtepi32_ps(first), scale[0]),
                        _mm256_mul_ps(_mm256_cvtepi32_ps(second), scale[1]),
                    ])
                })
            });
            true
        },
        _ => {
            let _ = rows;
            false
        },
    }
}

impl QuantizedRows<'_> {
    /// Multiplies all rows block by block, so that the weights of a block stay in the first cache.
    ///
    /// `of_block` gives the outputs of a block for `TOGETHER` rows: (q · weight + an integer) times a scale for each.
    #[inline(always)]
    fn multiply(
        &mut self,
        of_block: impl Fn(&[QuadValues], &Block, [i32; OUTPUTS], [f32; OUTPUTS]) -> [[f32; OUTPUTS]; TOGETHER],
    ) {
        let (inputs, outputs) = (self.weight.inputs, self.scale.len());
        let groups = self.x.len().div_ceil(TOGETHER * inputs);
        let mut values = vec![[[0; 4]; TOGETHER]; groups * inputs / 4];
        for (x, values) in self.x.chunks(TOGETHER * inputs).zip(values.chunks_exact_mut(inputs / 4)) {
            self.quantize(x, values);
        }
        for (at, (block, scale)) in self.weight.blocks.iter().zip(self.scale.as_chunks::<OUTPUTS>().0).enumerate() {
            // q - zero is what is multiplied
            let of_zero = block.sums.map(|sum| -i32::from(self.zero) * sum);
            let scale = scale.map(|scale| self.step * scale);
            let groups = values.chunks_exact(inputs / 4).zip(self.output.chunks_mut(TOGETHER * outputs));
            for (values, output) in groups {
                let sums = of_block(values, block, of_zero, scale);
                for (output, sums) in output.chunks_exact_mut(outputs).zip(sums) {
                    output[at * OUTPUTS..][..OUTPUTS].copy_from_slice(&sums);
                }
            }
        }
    }

    /// Writes q of up to `TOGETHER` rows.
    #[inline(always)]
    fn quantize(&self, x: &[f32], values: &mut [QuadValues]) {
        let mut row_values = vec![0; self.weight.inputs];
        for (row, x) in x.chunks_exact(self.weight.inputs).enumerate() {
            for (value, x) in row_values.iter_mut().zip(x) {
                *value = quantize(*x, self.step, self.zero);
            }
            for (values, quad) in values.iter_mut().zip(row_values.as_chunks::<4>().0) {
                values[row] = *quad;
            }
        }
    }
}

/// q of `x`.
#[inline(always)]
fn quantize(x: f32, step: f32, zero: u8) -> u8 {
    /// 1.5 · 2^23: a sum with it is rounded to an integer, ties to even, which the lowest bits of the sum then hold.
    const ROUNDER: f32 = 12_582_912.0;
    let zero_value = f32::from(zero);
    let steps = (x / step).max(-zero_value).min(255.0 - zero_value);
    ((steps + ROUNDER).to_bits() as u8).wrapping_add(zero)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEP: f32 = 0.013;

    /// A layer and its input.
    #[derive(Clone, Debug)]
    struct Layer {
        x: Vec<f32>,
        zero: u8,
        inputs: usize,
        weight: Vec<i8>,
        scale: Vec<f32>,
    }

    impl Layer {
        /// `None` on a CPU without AVX2.
        fn output(&self, x: &[f32]) -> Option<Vec<f32>> {
            let Self { zero, inputs, weight, scale, .. } = self;
            let mut output = vec![f32::NAN; x.len() / inputs * scale.len()];
            let weight = &PackedWeight::of(weight, *inputs);
            let done = multiply(&mut QuantizedRows { x, step: STEP, zero: *zero, weight, scale, output: &mut output });
            done.then_some(output)
        }

        /// The definition of the operator, one product at a time.
        fn defined(&self) -> Vec<f32> {
            let outputs = self.scale.len();
            let zero = i32::from(self.zero);
            let value = |x: &f32| ((x / STEP).round_ties_even() + zero as f32).clamp(0.0, 255.0) as i32 - zero;
            let mut output = Vec::new();
            for x in self.x.chunks(self.inputs) {
                let values: Vec<i32> = x.iter().map(value).collect();
                output.extend((0..outputs).map(|at| {
                    let product = |input: usize| values[input] * i32::from(self.weight[input * outputs + at]);
                    (0..self.inputs).map(product).sum::<i32>() as f32 * (STEP * self.scale[at])
                }));
            }
            output
        }
    }

    /// Layers of any shape and 1 to 9 rows. Their weights are small, large, or both.
    fn layers() -> impl Strategy<Value = Layer> {
        let weight = prop::sample::select(vec![1i8, 20, 33, 64]).prop_flat_map(|most| -most..=most);
        (1..10usize, 1..5usize, 1..10usize, any::<bool>()).prop_flat_map(move |(inputs, outputs, rows, mixed)| {
            let (inputs, outputs) = (4 * inputs, 16 * outputs);
            let weights = match mixed {
                true => prop::collection::vec(weight.clone(), inputs * outputs).boxed(),
                false => prop::collection::vec(prop::sample::select(vec![-64, 64]), inputs * outputs).boxed(),
            };
            let x = prop::collection::vec(prop_oneof![-2.0..4.0f32, Just(1e9), Just(-1e9)], rows * inputs);
            let scale = prop::collection::vec(0.001..0.1f32, outputs);
            (x, any::<u8>(), weights, scale).prop_map(move |(x, zero, weight, scale)| Layer {
                x,
                zero,
                inputs,
                weight,
                scale,
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn quantized_linear_matches_the_definition(layer in layers()) {
            if let Some(output) = layer.output(&layer.x) {
                prop_assert_eq!(output, layer.defined());
            }
        }

        #[test]
        fn quantized_linear_gives_a_row_alone_what_it_gives_in_a_batch(layer in layers()) {
            let alone: Option<Vec<_>> = layer.x.chunks(layer.inputs).map(|x| layer.output(x)).collect();
            prop_assert_eq!(layer.output(&layer.x), alone.map(|rows| rows.concat()));
        }
    }
}
