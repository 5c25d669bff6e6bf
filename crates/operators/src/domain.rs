//! The operator domain `spanframe`, and its registration with ONNX Runtime.

use ort::{environment::Environment, operator::OperatorDomain, session::Session};

#[cfg(target_arch = "x86_64")]
use crate::quantized_linear;
use crate::{relu_linear::ReluLinear, self_attention::SelfAttention, skip_layer_normalization::SkipLayerNormalization};

/// Name of the domain in ONNX files.
const DOMAIN: &str = "spanframe";
/// An ONNX file with one operator, `Identity`.
const IDENTITY: &[u8] =
    b"\x08\x08:/\n\x10\n\x01x\x12\x01y\"\x08Identity\x12\x01gZ\x0b\n\x01x\x12\x06\n\x04\x08\x01\x12\x00\
    b\x0b\n\x01y\x12\x06\n\x04\x08\x01\x12\x00B\x04\n\x00\x10\x11";
/// The size of a head is a multiple of it: two vectors of the widest registers (AVX-512).
pub(crate) const UNITS: usize = 32;

/// The operators for a session with `threads` threads.
///
/// # Errors
/// Those of ONNX Runtime.
pub fn domain(threads: usize) -> ort::Result<OperatorDomain> {
    let domain = OperatorDomain::new(DOMAIN)?.add(SelfAttention { threads })?;
    let domain = domain.add(SkipLayerNormalization)?.add(ReluLinear)?;
    #[cfg(target_arch = "x86_64")]
    if quantized_linear::is_faster() {
        return domain.add(quantized_linear::QuantizedLinear);
    }
    Ok(domain)
}

/// Registers the domain with ONNX Runtime, by a session that is dropped at once.
///
/// ONNX Runtime looks a domain up and adds it in two steps, without a lock. Of the first sessions that are created in
/// parallel all but one would fail.
///
/// # Errors
/// Those of ONNX Runtime.
pub fn register(environment: &Environment) -> ort::Result<()> {
    Session::builder(environment)?.with_operators(domain(1)?)?.commit_from_memory(IDENTITY)?;
    Ok(())
}

/// An error of the operator called `operator`.
pub(crate) fn error(operator: &str, reason: &str) -> ort::Error {
    ort::Error::new(format!("{DOMAIN}.{operator}: {reason}"))
}
