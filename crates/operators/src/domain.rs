//! The operators of spanframe's own, domain `spanframe`, which sessions on a processor are given.
//!
//! ONNX Runtime's own for attention copies queries, keys and values first and multiplies small matrices by routines that are
//! made for large ones, and that for normalised sums uses no vectors: together they took 40 % of the time of the bundled model.
//! A file that has these operators brings each as a function of ONNX Runtime's operators with it, which is what any other
//! program, and a GPU, computes.

use ort::{environment::Environment, operator::OperatorDomain, session::Session};

use crate::{self_attention::SelfAttention, skip_layer_normalization::SkipLayerNormalization};

/// Domain of the operators.
const DOMAIN: &str = "spanframe";
/// An ONNX file that gives back the number it is given.
const IDENTITY: &[u8] =
    b"\x08\x08:/\n\x10\n\x01x\x12\x01y\"\x08Identity\x12\x01gZ\x0b\n\x01x\x12\x06\n\x04\x08\x01\x12\x00\
    b\x0b\n\x01y\x12\x06\n\x04\x08\x01\x12\x00B\x04\n\x00\x10\x11";
/// What units come in multiples of: two vectors of the widest registers.
pub(crate) const UNITS: usize = 32;

/// The operators, for a session of so many threads.
pub fn domain(threads: usize) -> ort::Result<OperatorDomain> {
    OperatorDomain::new(DOMAIN)?.add(SelfAttention { threads })?.add(SkipLayerNormalization)
}

/// Makes the domain known to ONNX Runtime, by a session of its own: it asks whether it knows a domain and notes it in two
/// steps, so that of the first sessions that are made at once all but one would fail.
pub fn announce(environment: &Environment) -> ort::Result<()> {
    Session::builder(environment)?.with_operators(domain(1)?)?.commit_from_memory(IDENTITY)?;
    Ok(())
}

/// An error of an operator.
pub(crate) fn wrong(operator: &str, what: &str) -> ort::Error {
    ort::Error::new(format!("{DOMAIN}.{operator}: {what}"))
}
