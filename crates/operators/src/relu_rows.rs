//! [`ReluRows`]: rows of [`ReluLinear`](crate::relu_linear::ReluLinear), and how they are multiplied.

use multiversion::{multiversion, target::match_target};

use crate::dot_products::{DotProducts, Portable};

/// Rows that are multiplied together by all weights.
const TOGETHER: usize = 4;

/// Rows of units, as many as `output` holds.
pub(crate) struct ReluRows<'a> {
    /// `[rows, units]`.
    pub(crate) x: &'a [f32],
    pub(crate) bias: &'a [f32],
    pub(crate) step: f32,
    /// `[units, outputs]`.
    pub(crate) weight: &'a [i8],
    pub(crate) scale: &'a [f32],
    /// Share of active units above which four rows are multiplied by all weights; the output has the same bits.
    pub(crate) dense: f32,
    /// `[rows, outputs]`.
    pub(crate) output: &'a mut [f32],
}

/// Computes `rows` with the widest registers of this CPU.
#[multiversion(targets(
    "x86_64+avx512bw+avx512cd+avx512dq+avx512vl+avx512vnni+bmi1+popcnt",
    "x86_64+avx2+bmi1+popcnt"
))]
pub(crate) fn multiply(rows: &mut ReluRows) {
    match_target! {
        "x86_64+avx512vnni" => rows.multiply(crate::dot_products_x86::avx512!()),
        "x86_64+avx2" => rows.multiply(crate::dot_products_x86::avx2!()),
        _ => rows.multiply(Portable),
    }
}

impl ReluRows<'_> {
    #[inline(always)]
    fn multiply(&mut self, cpu: impl DotProducts) {
        let (units, outputs) = (self.bias.len(), self.scale.len());
        let mut active: [ActiveUnits; TOGETHER] = std::array::from_fn(|_| ActiveUnits::with_capacity(units));
        let (mut values, mut sums) = (vec![0; TOGETHER * units], vec![0; TOGETHER * outputs]);
        let scale: Vec<f32> = self.scale.iter().map(|scale| self.step * scale).collect();
        for (x, output) in self.x.chunks(TOGETHER * units).zip(self.output.chunks_mut(TOGETHER * outputs)) {
            let mut count = 0;
            for (x, active) in x.chunks_exact(units).zip(&mut active) {
                active.find(cpu, x, self.bias, self.step);
                count += active.count;
            }
            if x.len() == TOGETHER * units && count as f32 > self.dense * x.len() as f32 {
                for (x, values) in x.chunks_exact(units).zip(values.chunks_exact_mut(units)) {
                    quantize_all(x, self.bias, self.step, values);
                }
                multiply_all(cpu, &values, self.weight, outputs, &mut sums);
            } else {
                for (active, sums) in active.iter().zip(sums.chunks_exact_mut(outputs)).take(x.len() / units) {
                    active.multiply(cpu, self.weight, sums);
                }
            }
            for (output, sums) in output.chunks_exact_mut(outputs).zip(sums.chunks_exact(outputs)) {
                for ((output, &sum), scale) in output.iter_mut().zip(sums).zip(&scale) {
                    *output = sum as f32 * scale;
                }
            }
        }
    }
}

/// q of every unit of a row.
#[inline(always)]
fn quantize_all(x: &[f32], bias: &[f32], step: f32, values: &mut [u8]) {
    for ((value, x), bias) in values.iter_mut().zip(x).zip(bias) {
        *value = quantize(x + bias, step);
    }
}

/// q of a unit whose `x + bias` is `sum`.
#[inline(always)]
fn quantize(sum: f32, step: f32) -> u8 {
    /// 2^23: a sum with it is rounded to an integer, ties to even, which the lowest bits of the sum then hold.
    const ROUNDER: f32 = 8_388_608.0;
    ((sum.max(0.0) / step).min(255.0) + ROUNDER).to_bits() as u8
}

/// The units of a row that are not zero.
struct ActiveUnits {
    count: usize,
    /// Their indices, then any indices.
    indices: Vec<u32>,
    /// Their `x + bias`, then anything.
    sums: Vec<f32>,
    /// Their q, then zeros up to a multiple of four.
    values: Vec<u8>,
}

impl ActiveUnits {
    fn with_capacity(units: usize) -> Self {
        Self { count: 0, indices: vec![0; units + 4], sums: vec![0.0; units], values: vec![0; units + 4] }
    }

    #[inline(always)]
    fn find(&mut self, cpu: impl DotProducts, x: &[f32], bias: &[f32], step: f32) {
        // a little less than half a step, so that rounding errors lose no unit; q decides
        let least = step * 0.49;
        self.count = 0;
        let parts = x.as_chunks::<64>().0.iter().zip(bias.as_chunks::<64>().0);
        for (part, (x, bias)) in parts.enumerate() {
            let mut above = cpu.above(x, bias, least);
            let end = self.count + above.count_ones() as usize;
            // four at a time, so that the CPU predicts the end of the loop; the next part overwrites what is too many
            for at in (self.count..end).step_by(4) {
                let Some(four) = self.indices[at..].first_chunk_mut::<4>() else { break };
                for index in four {
                    *index = 64 * part as u32 + (above.trailing_zeros() & 63);
                    above &= above.wrapping_sub(1);
                }
            }
            self.count = end;
        }
        for (sum, &unit) in self.sums.iter_mut().zip(&self.indices[..self.count]) {
            *sum = x[unit as usize] + bias[unit as usize];
        }
        for (value, &sum) in self.values.iter_mut().zip(&self.sums[..self.count]) {
            *value = quantize(sum, step);
        }
        // where q is 0, any unit will do
        self.values[self.count..][..4].fill(0);
        self.indices[self.count..][..4].fill(0);
    }

    /// Writes this row's q · weight, from the weights of its units alone.
    #[inline(always)]
    fn multiply<D: DotProducts>(&self, cpu: D, weight: &[i8], sums: &mut [i32]) {
        let outputs = sums.len();
        // three blocks at once fill the registers with accumulators
        let three = outputs / (3 * D::OUTPUTS) * 3 * D::OUTPUTS;
        for first in (0..three).step_by(3 * D::OUTPUTS) {
            self.multiply_blocks::<3, D>(cpu, weight, outputs, first, sums);
        }
        for first in (three..outputs).step_by(D::OUTPUTS) {
            self.multiply_blocks::<1, D>(cpu, weight, outputs, first, sums);
        }
    }

    /// Writes `BLOCKS` blocks of outputs, from `first` on.
    #[inline(always)]
    fn multiply_blocks<const BLOCKS: usize, D: DotProducts>(
        &self, cpu: D, weight: &[i8], outputs: usize, first: usize, sums: &mut [i32],
    ) {
        let fours = self.count.div_ceil(4);
        let (indices, values) = (&self.indices.as_chunks::<4>().0[..fours], &self.values.as_chunks::<4>().0[..fours]);
        let mut blocks = [cpu.zero(); BLOCKS];
        for (&[a, b, c, d], &values) in indices.iter().zip(values) {
            let weights = |unit: u32| &weight[unit as usize * outputs + first..][..BLOCKS * D::OUTPUTS];
            let (a, b, c, d) = (weights(a), weights(b), weights(c), weights(d));
            for (block, sums) in blocks.iter_mut().enumerate() {
                let at = block * D::OUTPUTS;
                let weights = cpu.interleave([&a[at..], &b[at..], &c[at..], &d[at..]]);
                *sums = cpu.add_products(*sums, values, weights);
            }
        }
        for (block, written) in blocks.into_iter().zip(sums[first..].chunks_exact_mut(D::OUTPUTS)) {
            cpu.write(block, written);
        }
    }
}

/// Writes q · weight of `TOGETHER` rows, from the weights of all units.
///
/// The rows share the interleaving of weights, which costs about as much as multiplying by them.
#[inline(always)]
fn multiply_all<D: DotProducts>(cpu: D, values: &[u8], weight: &[i8], outputs: usize, sums: &mut [i32]) {
    let units = values.len() / TOGETHER;
    let rows: [&[[u8; 4]]; TOGETHER] = std::array::from_fn(|row| values[row * units..][..units].as_chunks().0);
    for block in (0..outputs).step_by(D::OUTPUTS) {
        let mut blocks = [cpu.zero(); TOGETHER];
        for (at, four) in weight.chunks_exact(4 * outputs).enumerate() {
            let weights = |unit: usize| &four[unit * outputs + block..][..D::OUTPUTS];
            let weights = cpu.interleave([weights(0), weights(1), weights(2), weights(3)]);
            for (sums, values) in blocks.iter_mut().zip(rows) {
                *sums = cpu.add_products(*sums, values[at], weights);
            }
        }
        for (row, block_sums) in blocks.into_iter().enumerate() {
            cpu.write(block_sums, &mut sums[row * outputs + block..][..D::OUTPUTS]);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    const STEP: f32 = 0.013;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Kernel(pub(crate) fn(&mut ReluRows));

    /// Portable, with AVX2 and with the widest registers of this CPU.
    pub(crate) const KERNELS: [Kernel; 3] =
        [Kernel(|rows| rows.multiply(Portable)), Kernel(multiply_avx2), Kernel(multiply)];

    /// AVX2 even on a CPU with wider registers; portable where it is absent.
    #[multiversion(targets("x86_64+avx2+bmi1+popcnt"))]
    fn multiply_avx2(rows: &mut ReluRows) {
        match_target! {
            "x86_64+avx2" => rows.multiply(crate::dot_products_x86::avx2!()),
            _ => rows.multiply(Portable),
        }
    }

    /// A layer and its input.
    #[derive(Clone, Debug)]
    struct Layer {
        x: Vec<f32>,
        bias: Vec<f32>,
        weight: Vec<i8>,
        scale: Vec<f32>,
        /// See [`ReluRows::dense`].
        dense: f32,
    }

    impl Layer {
        fn output(&self, x: &[f32], kernel: Kernel) -> Vec<f32> {
            let Self { bias, weight, scale, dense, .. } = self;
            let mut output = vec![f32::NAN; x.len() / bias.len() * scale.len()];
            kernel.0(&mut ReluRows { x, bias, step: STEP, weight, scale, dense: *dense, output: &mut output });
            output
        }

        /// The definition of the operator, one product at a time.
        fn defined(&self) -> Vec<f32> {
            let (units, outputs) = (self.bias.len(), self.scale.len());
            let value = |(x, bias): (&f32, &f32)| ((x + bias).max(0.0) / STEP).round_ties_even().min(255.0) as i32;
            let mut output = Vec::new();
            for x in self.x.chunks(units) {
                let values: Vec<i32> = x.iter().zip(&self.bias).map(value).collect();
                output.extend((0..outputs).map(|at| {
                    let product = |unit: usize| values[unit] * i32::from(self.weight[unit * outputs + at]);
                    (0..units).map(product).sum::<i32>() as f32 * (STEP * self.scale[at])
                }));
            }
            output
        }
    }

    /// Layers of any shape whose 1 to 9 rows have all, some, one or none of their units active.
    fn layers() -> impl Strategy<Value = Layer> {
        let share = prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64];
        (1..4usize, 1..8usize, 1..10usize, share, any::<bool>()).prop_flat_map(|(units, outputs, rows, share, one)| {
            let (units, outputs) = (64 * units, 64 * outputs);
            let unit = (0.0..5.0f32, prop::bool::weighted(share)).prop_map(|(x, on)| if on { x } else { -x - 1.0 });
            let x = (prop::collection::vec(unit, rows * units), 0..units).prop_map(move |(mut x, active)| {
                if one {
                    x.iter_mut().for_each(|x| *x = -x.abs() - 1.0);
                    x.iter_mut().skip(active).step_by(units).for_each(|x| *x = -*x);
                }
                x
            });
            let bias = prop::collection::vec(-0.5..0.5f32, units);
            let weight = prop::collection::vec(-64..=64i8, units * outputs);
            let scale = prop::collection::vec(0.001..0.1f32, outputs);
            let dense = prop::sample::select(vec![0.0, 0.5, 1.0]);
            (x, bias, weight, scale, dense).prop_map(|(x, bias, weight, scale, dense)| Layer {
                x,
                bias,
                weight,
                scale,
                dense,
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn relu_linear_matches_the_definition(layer in layers(), kernel in prop::sample::select(KERNELS.to_vec())) {
            prop_assert_eq!(layer.output(&layer.x, kernel), layer.defined());
        }

        #[test]
        fn relu_linear_gives_a_row_alone_what_it_gives_in_a_batch(
            layer in layers(), kernel in prop::sample::select(KERNELS.to_vec()),
        ) {
            let rows = layer.x.chunks(layer.bias.len());
            let alone: Vec<f32> = rows.flat_map(|x| layer.output(x, kernel)).collect();
            prop_assert_eq!(layer.output(&layer.x, kernel), alone);
        }
    }

    #[test]
    fn relu_linear_is_exact_with_the_largest_products() {
        for (kernel, weight, count) in KERNELS.into_iter().flat_map(|k| [(k, -64, 64), (k, 64, 64), (k, 64, 1)]) {
            let mut x = vec![-1.0; 4 * 64];
            x.chunks_mut(64).for_each(|x| x[..count].fill(1e9));
            let (bias, weights, scale) = (vec![0.0; 64], vec![weight; 64 * 128], vec![1.0; 128]);
            let layer = Layer { x, bias, weight: weights, scale, dense: 0.5 };
            let wanted = (255 * i32::from(weight) * count as i32) as f32 * STEP;
            assert_eq!(layer.output(&layer.x, kernel), [wanted; 4 * 128], "{weight}, {count}");
        }
    }

    #[test]
    fn relu_linear_takes_nan_for_zero() {
        for (kernel, dense) in KERNELS.into_iter().flat_map(|kernel| [(kernel, 0.0), (kernel, 1.0)]) {
            let (bias, weight, scale) = (vec![0.0; 64], vec![3; 64 * 64], vec![1.0; 64]);
            let mut layer = Layer { x: vec![1.0; 4 * 64], bias, weight, scale, dense };
            layer.x[70] = f32::NAN;
            let output = layer.output(&layer.x, kernel);
            layer.x[70] = 0.0;
            assert_eq!(output, layer.defined(), "{dense}");
        }
    }
}
