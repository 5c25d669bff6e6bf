//! [`ReluLinear`]: the operator `spanframe.ReluLinear`, a linear layer that reads no weights of units that are zero.

use std::sync::{Arc, Mutex, PoisonError};

use ort::{
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput},
    value::{DynTensorValueType, TensorElementType},
};

use crate::{
    aligned_weight::AlignedWeight,
    domain::error,
    int8_layer::{ROWS, check_weight, output_shape},
    relu_rows::{ReluRows, multiply},
};

const NAME: &str = "ReluLinear";
/// Units and outputs are multiples of it: the bytes of the widest registers (AVX-512).
const BYTES: usize = 64;
/// Share of active units above which multiplying by all weights is faster: 45 % with VNNI, 57 % with AVX2.
const DENSE: f32 = 0.5;

/// ReLU and the linear layer behind it, in int8 with static scales:
///
/// ```text
/// q = round(max(x + bias, 0) / step), at most 255        uint8, ties to even
/// output = (q · weight) * (step * scale)                 q · weight is exact, in int32
///
/// q        0 0 7 0 0 0 31 0 0 2 0 0 0 0 5 0 …            units of one row; in the bundled model 6 to 15 % are not 0
///              │       │      │         │
/// weight   rows of these units alone, four at a time ──▶ outputs
/// ```
///
/// | | shape | |
/// |---|---|---|
/// | input 0, `x` | `[…, units]`, f32 | NaN counts as 0 |
/// | input 1, `bias` | `[units]`, f32 | |
/// | input 2, `step` | `[]`, f32 | the value of q = 1 |
/// | input 3, `weight` | `[units, outputs]`, i8, constant | from -64 to 64 |
/// | input 4, `scale` | `[outputs]`, f32 | the value of a weight of 1 |
/// | output | `[…, outputs]`, f32 | |
///
/// Units and outputs are multiples of 64. Rows with many active units are multiplied by all weights, four rows at once.
pub(crate) struct ReluLinear;

impl Operator for ReluLinear {
    type Kernel<'attr> = ReluLinearKernel;

    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        use TensorElementType::{Float32, Int8};
        [Float32, Float32, Float32, Int8, Float32].map(OperatorInput::required)
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<ReluLinearKernel> {
        let weight = context.constant_input::<DynTensorValueType>(3)?;
        let (_, weight) = weight.try_extract_tensor::<i8>()?;
        check_weight(NAME, weight)?;
        Ok(ReluLinearKernel { weight: AlignedWeight::of(weight) })
    }
}

/// The operator, which has no attributes.
pub(crate) struct ReluLinearKernel {
    /// `None` if the weights of the session are aligned.
    weight: Option<Arc<AlignedWeight>>,
}

impl Kernel for ReluLinearKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let error = |reason| error(NAME, reason);
        let input = |i| context.input(i)?.ok_or_else(|| error("a required input is absent"));
        let [x, bias, step, weight, scale] = [input(0)?, input(1)?, input(2)?, input(3)?, input(4)?];
        let (shape, x) = x.try_extract_tensor::<f32>()?;
        let (_, bias) = bias.try_extract_tensor::<f32>()?;
        let (_, step) = step.try_extract_tensor::<f32>()?;
        let (weight_shape, weight) = weight.try_extract_tensor::<i8>()?;
        let (_, scale) = scale.try_extract_tensor::<f32>()?;
        let weight = self.weight.as_deref().map_or(weight, |weight| weight);
        let (units, outputs) = (bias.len(), scale.len());
        let step = match *step {
            [step] if step > 0.0 => step,
            _ => return Err(error("`step` is not one positive number")),
        };
        let fits = shape.last() == Some(&(units as i64)) && weight_shape[..] == [units as i64, outputs as i64];
        // fewer than 2^16 units: their sum of products stays below 2^31
        let is_multiple = |size: usize| size > 0 && size.is_multiple_of(BYTES) && size <= usize::from(u16::MAX);
        if !fits || !is_multiple(units) || !is_multiple(outputs) {
            return Err(error("the shapes of its inputs do not fit together"));
        }
        let mut output =
            context.output(0, output_shape(shape, outputs))?.ok_or_else(|| error("the output is absent"))?;
        let (_, output) = output.try_extract_tensor_mut::<f32>()?;
        let parts = output.chunks_mut(ROWS * outputs).zip(x.chunks(ROWS * units));
        let rows = |(output, x)| Mutex::new(ReluRows { x, bias, step, weight, scale, dense: DENSE, output });
        let parts: Vec<_> = parts.map(rows).collect();
        context.par_for(parts.len(), 0, |part| {
            multiply(&mut parts[part].lock().unwrap_or_else(PoisonError::into_inner));
        })
    }
}
