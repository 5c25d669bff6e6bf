//! [`WindowLogits`]: the logits of one inference, by window.

use std::ops::Range;

use spanframe_model::{Logits, Tokenizer};

use super::{BatchPlan, document::PlacedWindow};

/// The logits of all windows of one inference.
pub(super) struct WindowLogits<'l> {
    /// One for each batch.
    batches: &'l [Logits],
    /// The place of each distinct window.
    places: Vec<BatchPlace>,
    /// Special tokens before those of the document.
    prefix: usize,
}

#[derive(Clone, Copy, Default)]
struct BatchPlace {
    batch: usize,
    row: usize,
}

impl<'l> WindowLogits<'l> {
    pub(super) fn new(batches: &'l [Logits], plan: &BatchPlan, tokenizer: &Tokenizer) -> Self {
        let mut places = vec![BatchPlace::default(); plan.windows.len()];
        for (batch, planned) in plan.batches.iter().enumerate() {
            for (row, &window) in planned.items.iter().enumerate() {
                places[window] = BatchPlace { batch, row };
            }
        }
        Self { batches, places, prefix: tokenizer.prefix().len() }
    }

    /// The logits `[tokens, labels]` of `tokens`, counted in the document, from a window that has them.
    pub(super) fn tokens(&self, placed: PlacedWindow<'_>, tokens: Range<usize>) -> &'l [f32] {
        let BatchPlace { batch, row } = self.places[placed.distinct];
        let column = |token: usize| self.prefix + token - placed.window.tokens.start;
        self.batches[batch].tokens(row, column(tokens.start)..column(tokens.end))
    }
}
