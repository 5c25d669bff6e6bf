//! [`SelfAttention`]: the operator `spanframe.SelfAttention`, and how its work is shared among threads.

use std::sync::{Mutex, PoisonError};

use ort::{
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput},
    value::TensorElementType,
};
use pulp::Arch;

use crate::{
    attention::AttentionRows,
    bfloat16,
    domain::{UNITS, error},
    head::QUERIES,
};

const NAME: &str = "SelfAttention";

/// Multi-head self-attention, softmax(Q Kᵀ / √size + mask) V for each head.
///
/// | | shape | |
/// |---|---|---|
/// | input 0 | `[windows, length, 3 * units]`, f32 | queries (already divided by √size), keys and values, without their biases |
/// | input 1 | `[3 * units]`, f32 | these biases |
/// | input 2 | `[windows, length]`, i32 | the mask; 0 hides a position |
/// | output | `[windows, length, units]`, f32 | rows behind the last visible position are 0 |
///
/// The attribute `heads` is the number of heads; `units / heads` is a multiple of 32. If `bfloat16` is not 0, a CPU
/// with AVX512-BF16 rounds the factors of all products to bfloat16; any other computes in float32.
pub(crate) struct SelfAttention {
    /// Threads of the session.
    pub(crate) threads: usize,
}

impl Operator for SelfAttention {
    type Kernel<'attr> = AttentionKernel;

    fn name(&self) -> &str {
        NAME
    }

    fn inputs(&self) -> impl IntoIterator<Item = OperatorInput> {
        let types = [TensorElementType::Float32, TensorElementType::Float32, TensorElementType::Int32];
        types.map(OperatorInput::required)
    }

    fn outputs(&self) -> impl IntoIterator<Item = OperatorOutput> {
        [OperatorOutput::required(TensorElementType::Float32)]
    }

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<AttentionKernel> {
        let heads: Option<i64> = context.get("heads");
        let heads = heads.and_then(|heads| usize::try_from(heads).ok()).filter(|&heads| heads > 0);
        let heads = heads.ok_or_else(|| error(NAME, "the attribute `heads` is absent or below 1"))?;
        let allows_bfloat16 = context.get::<i64>("bfloat16").is_some_and(|allows| allows != 0);
        Ok(AttentionKernel { heads, threads: self.threads, arch: Arch::new(), allows_bfloat16 })
    }
}

/// The operator with its attributes and the instruction set of this CPU.
pub(crate) struct AttentionKernel {
    heads: usize,
    threads: usize,
    arch: Arch,
    allows_bfloat16: bool,
}

impl Kernel for AttentionKernel {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let error = |reason| error(NAME, reason);
        let input = |i| context.input(i)?.ok_or_else(|| error("a required input is absent"));
        let (packed, biases, mask) = (input(0)?, input(1)?, input(2)?);
        let (shape, packed) = packed.try_extract_tensor::<f32>()?;
        let (_, biases) = biases.try_extract_tensor::<f32>()?;
        let (masked, mask) = mask.try_extract_tensor::<i32>()?;
        let units = biases.len() / 3;
        let fits = matches!(shape[..], [w, l, p] if masked[..] == [w, l] && p == biases.len() as i64);
        if !fits || units * 3 != biases.len() || !units.is_multiple_of(self.heads.saturating_mul(UNITS)) {
            return Err(error("the shapes of its inputs do not fit together"));
        }
        let output_shape = vec![shape[0], shape[1], units as i64];
        let mut output = context.output(0, output_shape)?.ok_or_else(|| error("the output is absent"))?;
        let (_, output) = output.try_extract_tensor_mut::<f32>()?;
        let length = shape[1] as usize;
        if output.is_empty() {
            return Ok(());
        }
        // One thread a window. A lone window is split by rows, and each thread packs its keys and values again.
        let rows = if shape[0] == 1 { length.div_ceil(self.threads).next_multiple_of(QUERIES) } else { length };
        let parts: Vec<_> = output.chunks_mut(rows * units).map(Mutex::new).collect();
        let attend = |part: usize| {
            let (window, first) = (part * rows / length, part * rows % length);
            let mut output = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
            let rows = AttentionRows {
                packed: &packed[window * length * 3 * units..][..length * 3 * units],
                mask: &mask[window * length..][..length],
                biases,
                heads: self.heads,
                first,
                output: &mut output,
            };
            if self.allows_bfloat16 { bfloat16::attend(rows, self.arch) } else { self.arch.dispatch(rows) }
        };
        context.par_for(parts.len(), 0, attend)
    }
}
