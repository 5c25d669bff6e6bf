//! ONNX operators of spanframe's own, domain `spanframe`: SIMD kernels for CPU sessions of ONNX Runtime.
//!
//! ONNX Runtime's own attention copies queries, keys and values, and calls matrix multiplications made for large
//! matrices; its skip-layer normalization does not use SIMD. Together they took 40 % of the bundled model's time.
//! The linear layer behind a ReLU was a quarter of what is left, and 85 to 94 % of its products were with zero. Without
//! VNNI, the other int8 multiplications widen each sum of two products, although most sums leave room for two more.
//!
//! An ONNX file that uses these operators also defines each of them as a function of ONNX Runtime's operators. GPU
//! sessions and other programs run those functions, so the file needs no library of ours.
#![forbid(unsafe_code)]

mod aligned_weight;
mod attention;
mod bfloat16;
mod domain;
mod dot_products;
#[cfg(target_arch = "x86_64")]
mod dot_products_x86;
mod exponential;
mod head;
mod int8_layer;
mod lane_format;
#[cfg(target_arch = "x86_64")]
mod packed_weight;
#[cfg(target_arch = "x86_64")]
mod quantized_linear;
#[cfg(target_arch = "x86_64")]
mod quantized_rows;
mod relu_linear;
mod relu_rows;
mod scratch;
mod self_attention;
mod shared;
mod skip_layer_normalization;
#[cfg(all(test, target_arch = "x86_64"))]
mod timing;
mod window_input;

pub use domain::{domain, register};
