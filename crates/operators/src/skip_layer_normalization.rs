//! [`SkipLayerNormalization`]: the operator `spanframe.SkipLayerNormalization`, in the vector registers of the CPU.

use std::sync::{Mutex, PoisonError};

use ort::{
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput},
    value::TensorElementType,
};
use pulp::{Arch, Simd, WithSimd};

use crate::domain::{UNITS, error};

/// Rows a thread takes at once.
const ROWS: usize = 64;

/// Normalizes, row by row, the sum of a layer's input `x`, its output `y` and the bias of that output:
///
/// ```text
/// s = x + y + bias
/// output = (s - mean(s)) / √(variance(s) + epsilon) * scale + shift
/// ```
///
/// Inputs are `x` and `y` `[windows, length, units]`, then `scale`, `shift` and `bias` `[units]`, all f32; the output
/// has the shape of `x`. The variance is that of the population (divided by `units`, a multiple of 32). `epsilon` is an
/// attribute.
pub(crate) struct SkipLayerNormalization;

impl Operator for SkipLayerNormalization {
    type Kernel<'attr> = NormalizationKernel;

    fn name(&self) -> &str {
        "SkipLayerNormalization"
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        [TensorElementType::Float32; 5].map(OperatorInput::required)
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<NormalizationKernel> {
        let epsilon = context.get("epsilon").ok_or_else(|| error(self.name(), "the attribute `epsilon` is absent"))?;
        Ok(NormalizationKernel { epsilon, arch: Arch::new() })
    }
}

/// The operator with its attribute and the instruction set of this CPU.
pub(crate) struct NormalizationKernel {
    epsilon: f32,
    arch: Arch,
}

impl Kernel for NormalizationKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let error = |reason| error(SkipLayerNormalization.name(), reason);
        let input = |i| context.input(i)?.ok_or_else(|| error("a required input is absent"));
        let [x, y, scale, shift, bias] = [input(0)?, input(1)?, input(2)?, input(3)?, input(4)?];
        let (shape, x) = x.try_extract_tensor::<f32>()?;
        let (other, y) = y.try_extract_tensor::<f32>()?;
        let (_, scale) = scale.try_extract_tensor::<f32>()?;
        let (_, shift) = shift.try_extract_tensor::<f32>()?;
        let (_, bias) = bias.try_extract_tensor::<f32>()?;
        let units = scale.len();
        let fits =
            shape == other && shape.last() == Some(&(units as i64)) && shift.len() == units && bias.len() == units;
        if !fits || units == 0 || !units.is_multiple_of(UNITS) {
            return Err(error("the shapes of its inputs do not fit together"));
        }
        let mut output = context.output(0, shape.to_vec())?.ok_or_else(|| error("the output is absent"))?;
        let (_, output) = output.try_extract_tensor_mut::<f32>()?;
        let parts = output.chunks_mut(ROWS * units).zip(x.chunks(ROWS * units)).zip(y.chunks(ROWS * units));
        let rows = |((output, x), y)| Mutex::new(Rows { x, y, scale, shift, bias, epsilon: self.epsilon, output });
        let parts: Vec<_> = parts.map(rows).collect();
        context.par_for(parts.len(), 0, |part| {
            self.arch.dispatch(&mut *parts[part].lock().unwrap_or_else(PoisonError::into_inner));
        })
    }
}

/// Rows of units, as many as `output` holds.
struct Rows<'a> {
    x: &'a [f32],
    y: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    bias: &'a [f32],
    epsilon: f32,
    output: &'a mut [f32],
}

impl WithSimd for &mut Rows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let units = self.scale.len();
        // two accumulators, for even and odd vectors, so that one addition does not wait for the last
        let pairs = |values| S::as_simd_f32s(values).0.as_chunks::<2>().0;
        let (scale, shift, bias) = (pairs(self.scale), pairs(self.shift), pairs(self.bias));
        let mean = |[even, odd]: [S::f32s; 2]| simd.reduce_sum_f32s(simd.add_f32s(even, odd)) / units as f32;
        let rows = self.x.chunks_exact(units).zip(self.y.chunks_exact(units));
        for ((x, y), output) in rows.zip(self.output.chunks_exact_mut(units)) {
            let output = S::as_mut_simd_f32s(output).0.as_chunks_mut::<2>().0;
            let mut sums = [simd.splat_f32s(0.0); 2];
            for (((x, y), bias), output) in pairs(x).iter().zip(pairs(y)).zip(bias).zip(&mut *output) {
                for i in 0..2 {
                    output[i] = simd.add_f32s(simd.add_f32s(x[i], y[i]), bias[i]);
                    sums[i] = simd.add_f32s(sums[i], output[i]);
                }
            }
            let middle = simd.splat_f32s(mean(sums));
            let mut squares = [simd.splat_f32s(0.0); 2];
            for output in &mut *output {
                for i in 0..2 {
                    output[i] = simd.sub_f32s(output[i], middle);
                    squares[i] = simd.mul_add_e_f32s(output[i], output[i], squares[i]);
                }
            }
            let share = simd.splat_f32s(1.0 / (mean(squares) + self.epsilon).sqrt());
            for ((scale, shift), output) in scale.iter().zip(shift).zip(output) {
                for i in 0..2 {
                    output[i] = simd.mul_add_e_f32s(simd.mul_f32s(output[i], share), scale[i], shift[i]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn matches_the_definition(
            (units, values) in (1..5usize).prop_flat_map(|size| {
                let units = size * UNITS;
                (Just(units), prop::collection::vec(-3.0..3.0f32, 9 * units))
            }),
            portable: bool,
        ) {
            let (rows, vectors) = values.split_at(6 * units);
            let (x, y) = rows.split_at(3 * units);
            let [scale, shift, bias] = [0, 1, 2].map(|i| &vectors[i * units..][..units]);
            let mut output = vec![f32::NAN; 3 * units];
            let mut rows = Rows { x, y, scale, shift, bias, epsilon: 1e-3, output: &mut output };
            if portable { rows.with_simd(pulp::Scalar::new()) } else { Arch::new().dispatch(&mut rows) }
            for row in 0..3 {
                let sum = |unit| [x[row * units + unit], y[row * units + unit], bias[unit]].map(f64::from).iter().sum();
                let sums: Vec<f64> = (0..units).map(sum).collect();
                let mean = sums.iter().sum::<f64>() / units as f64;
                let variance = sums.iter().map(|sum| (sum - mean).powi(2)).sum::<f64>() / units as f64;
                for unit in 0..units {
                    let normal = (sums[unit] - mean) / (variance + 1e-3).sqrt();
                    let wanted = normal * f64::from(scale[unit]) + f64::from(shift[unit]);
                    let got = output[row * units + unit];
                    prop_assert!((f64::from(got) - wanted).abs() < 3e-5, "{row}, {unit}: {got} for {wanted}");
                }
            }
        }
    }
}
