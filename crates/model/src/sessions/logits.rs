//! [`Logits`] of one batch.

use ort::value::{DynValue, TensorElementType, ValueType};

/// Logits of one batch, row-major `[rows, width, labels]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logits {
    values: Vec<f32>,
    width: usize,
    labels: usize,
}

impl Logits {
    /// The logits of `tokens` of window `row`, row-major `[tokens, labels]`.
    #[must_use]
    pub fn tokens(&self, row: usize, tokens: std::ops::Range<usize>) -> &[f32] {
        let at = |token: usize| (row * self.width + token) * self.labels;
        &self.values[at(tokens.start)..at(tokens.end)]
    }

    /// Copies the output of a run; `None` if it is not `[rows, width, labels]` in float32, float16,
    /// bfloat16 or float64.
    pub(super) fn extract(value: &DynValue, rows: usize, width: usize, labels: usize) -> ort::Result<Option<Self>> {
        let (shape, values) = match value.dtype() {
            ValueType::Tensor { ty: TensorElementType::Float32, .. } => {
                let (shape, values) = value.try_extract_tensor::<f32>()?;
                (shape, values.to_vec())
            }
            ValueType::Tensor { ty: TensorElementType::Float16, .. } => {
                let (shape, values) = value.try_extract_tensor::<half::f16>()?;
                (shape, values.iter().map(|v| v.to_f32()).collect())
            }
            ValueType::Tensor { ty: TensorElementType::Bfloat16, .. } => {
                let (shape, values) = value.try_extract_tensor::<half::bf16>()?;
                (shape, values.iter().map(|v| v.to_f32()).collect())
            }
            ValueType::Tensor { ty: TensorElementType::Float64, .. } => {
                let (shape, values) = value.try_extract_tensor::<f64>()?;
                (shape, values.iter().map(|&v| v as f32).collect())
            }
            _ => return Ok(None),
        };
        let fits = shape[..] == [rows as i64, width as i64, labels as i64];
        Ok(fits.then_some(Self { values, width, labels }))
    }

    /// True if no logit of a token of `windows` is NaN or plus infinity. Padding is never read, and minus infinity is
    /// valid: it excludes a label.
    pub(super) fn are_valid(&self, windows: &[&[u32]]) -> bool {
        let is_valid = |logit: &f32| !logit.is_nan() && *logit < f32::INFINITY;
        let mut rows = windows.iter().enumerate();
        rows.all(|(row, window)| self.tokens(row, 0..window.len()).iter().all(is_valid))
    }
}
