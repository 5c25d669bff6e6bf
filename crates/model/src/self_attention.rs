//! [`SelfAttention`]: attention over packed queries, keys and values as one operator, `spanframe.SelfAttention`.
//!
//! ONNX Runtime's own operators for it copy queries, keys and values first and multiply small matrices by routines that
//! are made for large ones: a third of the time of the bundled model. A file that has this operator brings the same as a
//! function of ONNX Runtime's operators with it, which is what any other program, and a GPU, computes.

use std::sync::{Mutex, PoisonError};

use ort::{
    environment::Environment,
    operator::{ComputeContext, Kernel, KernelContext, Operator, OperatorDomain, OperatorInput, OperatorOutput},
    session::Session,
    value::TensorElementType,
};
use pulp::Arch;

use crate::attend::{Part, UNITS};

/// Domain of the operator.
const DOMAIN: &str = "spanframe";
/// An ONNX file that gives back the number it is given.
const IDENTITY: &[u8] =
    b"\x08\x08:/\n\x10\n\x01x\x12\x01y\"\x08Identity\x12\x01gZ\x0b\n\x01x\x12\x06\n\x04\x08\x01\x12\x00\
    b\x0b\n\x01y\x12\x06\n\x04\x08\x01\x12\x00B\x04\n\x00\x10\x11";
/// Rows of a single window that a thread takes at once.
const ROWS: usize = 66;

/// The operator's domain, for a session.
pub(crate) fn domain() -> ort::Result<OperatorDomain> {
    OperatorDomain::new(DOMAIN)?.add(SelfAttention)
}

/// Makes the domain known to ONNX Runtime, by a session of its own: it asks whether it knows a domain and notes it in two
/// steps, so that of the first sessions that are made at once all but one would fail.
pub(crate) fn announce(environment: &Environment) -> ort::Result<()> {
    Session::builder(environment)?.with_operators(domain()?)?.commit_from_memory(IDENTITY)?;
    Ok(())
}

/// The operator: inputs are the products of the input and the weights of queries (with the scale of the scores), keys and
/// values `[windows, length, 3 * units]`, their biases `[3 * units]` and the mask `[windows, length]`, of which 0 hides a
/// position; the output is `[windows, length, units]`. The attribute `heads` says how many heads there are. Rows behind
/// the last position that is not hidden are 0.
pub(crate) struct SelfAttention;

impl Operator for SelfAttention {
    type Kernel<'attr> = Heads;

    fn name(&self) -> &str {
        "SelfAttention"
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
        heads.map(|heads| Heads { heads, arch: Arch::new() }).ok_or_else(|| wrong("no number of heads"))
    }
}

/// The operator with its number of heads, on this processor.
pub(crate) struct Heads {
    heads: usize,
    arch: Arch,
}

impl Kernel for Heads {
    fn compute(&mut self, context: &ComputeContext) -> ort::Result<()> {
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
        // windows are the work of a thread each; one alone is shared
        let rows = if shape[0] == 1 { ROWS } else { length };
        let parts: Vec<_> = output.chunks_mut(rows * units).map(Mutex::new).collect();
        let attend = |part: usize| {
            let (window, first) = (part * rows / length, part * rows % length);
            self.arch.dispatch(Part {
                packed: &packed[window * length * 3 * units..][..length * 3 * units],
                mask: &mask[window * length..][..length],
                biases,
                heads: self.heads,
                first,
                output: *parts[part].lock().unwrap_or_else(PoisonError::into_inner),
            });
        };
        context.par_for(parts.len(), 0, attend)
    }
}

fn wrong(what: &str) -> ort::Error {
    ort::Error::new(format!("{DOMAIN}.SelfAttention: {what}"))
}
