//! Packs windows into batches of similar length, to pad little.

/// Windows that go through the model together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Indices into the planned windows.
    pub items: Vec<usize>,
    /// Tokens to which all windows are padded.
    pub width: usize,
}

/// The shapes that batches may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
    /// Most windows of a batch.
    pub rows: usize,
    /// Widths are multiples of it; 1 for any width.
    pub step: usize,
    /// The longest input of the model: no window is padded beyond it.
    pub most: usize,
}

impl BatchShape {
    /// Any shape.
    pub const ANY: Self = Self { rows: usize::MAX, step: 1, most: usize::MAX };

    fn at_least(self, length: usize) -> usize {
        length.next_multiple_of(self.step).min(self.most).max(length)
    }
}

/// Sorts windows by length, longest first, and cuts them into batches of at most `budget` padded tokens and `shape.rows`
/// windows.
///
/// A window longer than the budget is a batch by itself. Equal lengths keep their order. The longest come first, so
/// that the last batches are short and no worker keeps the others waiting.
///
/// ```
/// # use spanframe_core::batch::{BatchShape, plan};
/// let batches = plan(&[3, 10, 9, 2], 20, BatchShape::ANY);
/// assert_eq!(batches[0].items, [1, 2]);
/// assert_eq!(batches[1].items, [0, 3]);
/// ```
#[must_use]
pub fn plan(lengths: &[usize], budget: usize, shape: BatchShape) -> Vec<Batch> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(lengths[i]));
    let mut batches: Vec<Batch> = Vec::new();
    for i in order {
        match batches.last_mut() {
            Some(last) if last.items.len() < shape.rows && (last.items.len() + 1) * last.width <= budget => {
                last.items.push(i);
            }
            _ => batches.push(Batch { items: vec![i], width: shape.at_least(lengths[i]) }),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_window_is_in_one_batch_within_the_budget(
            lengths in prop::collection::vec(1usize..300, 0..200), budget in 1usize..2_000, step in 1usize..40,
            rows in 1usize..50,
        ) {
            let batches = plan(&lengths, budget, BatchShape { rows, step, most: 250 });
            let mut seen: Vec<usize> = batches.iter().flat_map(|b| b.items.clone()).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for b in &batches {
                prop_assert!(b.items.len() <= rows);
                prop_assert!(b.items.len() == 1 || b.items.len() * b.width <= budget);
                let longest = b.items.iter().map(|&i| lengths[i]).max().unwrap();
                prop_assert!(longest <= b.width && b.width < longest + step && b.width <= longest.max(250));
                prop_assert!(b.width % step == 0 || b.width == longest.max(250));
            }
        }
    }
}
