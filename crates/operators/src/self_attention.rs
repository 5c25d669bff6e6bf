//! [`SelfAttention`]: attention over packed queries, keys and values as one operator, `spanframe.SelfAttention`.

use std::sync::{Mutex, PoisonError};

use ort::{
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorInput, OperatorOutput},
    value::TensorElementType,
};
use pulp::Arch;

use crate::{
    attend::{Part, QUERIES},
    bfloat16,
    domain::{UNITS, wrong},
};

const NAME: &str = "SelfAttention";

/// The operator: inputs are the products of the input and the weights of queries (with the scale of the scores), keys and
/// values `[windows, length, 3 * units]`, their biases `[3 * units]` and the mask `[windows, length]`, of which 0 hides a
/// position; the output is `[windows, length, units]`. The attribute `heads` says how many heads there are; where `bfloat16` is
/// not 0, products may be of numbers rounded to bfloat16, as they are on a processor that multiplies these (AVX512-BF16).
/// Rows behind the last position that is not hidden are 0.
pub(crate) struct SelfAttention {
    /// Of the session, which share a window that is alone.
    pub(crate) threads: usize,
}

impl Operator for SelfAttention {
    type Kernel<'attr> = Heads;

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

    fn create_kernel<'attr>(&self, context: &KernelContext<'attr>) -> ort::Result<Heads> {
        let heads: Option<i64> = context.get("heads");
        let heads = heads.and_then(|heads| usize::try_from(heads).ok()).filter(|&heads| heads > 0);
        let rounded = context.get::<i64>("bfloat16").is_some_and(|rounded| rounded != 0);
        heads
            .map(|heads| Heads { heads, threads: self.threads, arch: Arch::new(), rounded })
            .ok_or_else(|| wrong(NAME, "no number of heads"))
    }
}

/// The operator with its attributes, on this processor.
pub(crate) struct Heads {
    heads: usize,
    threads: usize,
    arch: Arch,
    rounded: bool,
}

impl Kernel for Heads {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
        let wrong = |what| wrong(NAME, what);
        let input = |i| context.input(i)?.ok_or_else(|| wrong("an input is absent"));
        let (packed, biases, mask) = (input(0)?, input(1)?, input(2)?);
        let (shape, packed) = packed.try_extract_tensor::<f32>()?;
        let (_, biases) = biases.try_extract_tensor::<f32>()?;
        let (masked, mask) = mask.try_extract_tensor::<i32>()?;
        let units = biases.len() / 3;
        let fits = matches!(shape[..], [w, l, p] if masked[..] == [w, l] && p == biases.len() as i64);
        if !fits || units * 3 != biases.len() || !units.is_multiple_of(self.heads.saturating_mul(UNITS)) {
            return Err(wrong("shapes do not fit"));
        }
        let mut output =
            context.output(0, vec![shape[0], shape[1], units as i64])?.ok_or_else(|| wrong("the output is absent"))?;
        let (_, output) = output.try_extract_tensor_mut::<f32>()?;
        let length = shape[1] as usize;
        if output.is_empty() {
            return Ok(());
        }
        // windows are the work of a thread each; of one alone all threads pack the keys and values
        let rows = if shape[0] == 1 { length.div_ceil(self.threads).next_multiple_of(QUERIES) } else { length };
        let parts: Vec<_> = output.chunks_mut(rows * units).map(Mutex::new).collect();
        let attend = |part: usize| {
            let (window, first) = (part * rows / length, part * rows % length);
            let mut output = parts[part].lock().unwrap_or_else(PoisonError::into_inner);
            let part = Part {
                packed: &packed[window * length * 3 * units..][..length * 3 * units],
                mask: &mask[window * length..][..length],
                biases,
                heads: self.heads,
                first,
                output: &mut output,
            };
            if self.rounded { bfloat16::attend(part, self.arch) } else { self.arch.dispatch(part) }
        };
        context.par_for(parts.len(), 0, attend)
    }
}
