//! ONNX operators of spanframe's own, domain `spanframe`, as SIMD kernels for CPU sessions of ONNX Runtime.
#![forbid(unsafe_code)]

mod attend;
mod bfloat16;
mod domain;
mod exponential;
mod self_attention;
mod skip_layer_normalization;
mod terms;

pub use domain::{announce, domain};
