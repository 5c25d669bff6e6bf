//! [`QuantizedLinear`]: the operator `spanframe.QuantizedLinear`, a linear layer in int8 for CPUs with AVX2 alone.

use std::sync::{Arc, Mutex, PoisonError};

use ort::{
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput},
    value::{DynTensorValueType, TensorElementType},
};

use crate::{
    domain::error,
    int8_layer::{ROWS, check_weight, output_shape},
    packed_weight::{OUTPUTS, PackedWeight},
    quantized_rows::{QuantizedRows, multiply},
};

const NAME: &str = "QuantizedLinear";
/// Inputs of a quad. A layer has whole quads.
const QUAD: usize = 4;

/// A linear layer, in int8 with static scales:
///
/// ```text
/// q = round(x / step) + zero, from 0 to 255              uint8, ties to even
/// output = ((q - zero) · weight) * (step * scale)        (q - zero) · weight is exact, in int32
/// ```
///
/// | | shape | |
/// |---|---|---|
/// | input 0, `x` | `[…, inputs]`, f32 | NaN counts as the least q |
/// | input 1, `step` | `[]`, f32 | the value of one step of q |
/// | input 2, `zero` | `[]`, u8 | the q of 0 |
/// | input 3, `weight` | `[inputs, outputs]`, i8, constant | from -64 to 64 |
/// | input 4, `scale` | `[outputs]`, f32 | the value of a weight of 1 |
/// | output | `[…, outputs]`, f32 | |
///
/// Inputs are a multiple of 4 and outputs of 16. ONNX Runtime's operators, which the function of the same name has, are
/// faster where the CPU has VNNI; there this one [is not registered](is_faster).
pub(crate) struct QuantizedLinear;

/// True on a CPU that has AVX2 but no instruction for the sum of four products (VNNI).
pub(crate) fn is_faster() -> bool {
    is_x86_feature_detected!("avx2") && !is_x86_feature_detected!("avx512vnni") && !is_x86_feature_detected!("avxvnni")
}

impl Operator for QuantizedLinear {
    type Kernel<'attr> = QuantizedLinearKernel;

    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        use TensorElementType::{Float32, Int8, Uint8};
        [Float32, Float32, Uint8, Int8, Float32].map(OperatorInput::required)
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<QuantizedLinearKernel> {
        let weight = context.constant_input::<DynTensorValueType>(3)?;
        let (shape, weight) = weight.try_extract_tensor::<i8>()?;
        let &[inputs, outputs] = &shape[..] else { return Err(error(NAME, "the weight is not a matrix")) };
        let is_multiple =
            |size: i64, of: usize| size > 0 && size <= i64::from(u16::MAX) && (size as usize).is_multiple_of(of);
        if !is_multiple(inputs, QUAD) || !is_multiple(outputs, OUTPUTS) {
            return Err(error(NAME, "the inputs are no multiple of 4, or the outputs none of 16"));
        }
        check_weight(NAME, weight)?;
        Ok(QuantizedLinearKernel { weight: PackedWeight::of(weight, inputs as usize) })
    }
}

/// The operator, which has no attributes.
pub(crate) struct QuantizedLinearKernel {
    weight: Arc<PackedWeight>,
}

impl Kernel for QuantizedLinearKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let error = |reason| error(NAME, reason);
        let input = |i| context.input(i)?.ok_or_else(|| error("a required input is absent"));
        let [x, step, zero, scale] = [input(0)?, input(1)?, input(2)?, input(4)?];
        let (shape, x) = x.try_extract_tensor::<f32>()?;
        let (_, step) = step.try_extract_tensor::<f32>()?;
        let (_, zero) = zero.try_extract_tensor::<u8>()?;
        let (_, scale) = scale.try_extract_tensor::<f32>()?;
        let (inputs, outputs) = (self.weight.inputs, scale.len());
        let (step, zero) = match (step, zero) {
            (&[step], &[zero]) if step > 0.0 => (step, zero),
            _ => return Err(error("`step` is not one positive number, or `zero` not one number")),
        };
        if shape.last() != Some(&(inputs as i64)) || outputs != self.weight.blocks.len() * OUTPUTS {
            return Err(error("the shapes of its inputs do not fit together"));
        }
        let mut output =
            context.output(0, output_shape(shape, outputs))?.ok_or_else(|| error("the output is absent"))?;
        let (_, output) = output.try_extract_tensor_mut::<f32>()?;
        let parts = output.chunks_mut(ROWS * outputs).zip(x.chunks(ROWS * inputs));
        let rows = |(output, x)| Mutex::new(QuantizedRows { x, step, zero, weight: &self.weight, scale, output });
        let parts: Vec<_> = parts.map(rows).collect();
        context.par_for(parts.len(), 0, |part| {
            multiply(&mut parts[part].lock().unwrap_or_else(PoisonError::into_inner));
        })
    }
}
