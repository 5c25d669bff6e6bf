//! What the two int8 layers share: [`ReluLinear`](crate::relu_linear::ReluLinear) and `QuantizedLinear`.

use crate::domain::error;

/// Rows that a thread takes at once.
pub(crate) const ROWS: usize = 64;
/// Largest absolute weight. AVX2 adds two products in 16 bits: 2 · 255 · 64 < 2^15.
const LARGEST: u8 = 64;

/// Refuses weights whose products may overflow: without VNNI they would give other sums than with it. Called once, when a
/// kernel of `operator` is created.
pub(crate) fn check_weight(operator: &str, weight: &[i8]) -> ort::Result<()> {
    match weight.iter().any(|weight| weight.unsigned_abs() > LARGEST) {
        true => Err(error(operator, "a weight is not from -64 to 64")),
        false => Ok(()),
    }
}

/// The shape of the output of a layer with the input shape `input`: its last dimension is `outputs`.
pub(crate) fn output_shape(input: &[i64], outputs: usize) -> Vec<i64> {
    let (_, rows) = input.split_last().unwrap_or((&0, &[]));
    [rows, &[outputs as i64]].concat()
}
