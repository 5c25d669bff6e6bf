//! Links entity columns in parts, so that a signal can end the work.

use arrow_array::{Array, ArrayRef};
use spanframe_engine::{EngineError, Linker, link::link_column};

use crate::annotate::ShouldStop;

/// Rows that are linked between two looks at the stop flag: a second or two, with a vocabulary of a million terms.
const LINKED_ROWS: usize = 8192;

/// Returns the column with the concepts of its entities, as arrays that follow each other, at least one. The error is
/// `None` after a stop.
pub fn link(
    entities: &ArrayRef, linker: &Linker, should_stop: &ShouldStop<'_>,
) -> Result<Vec<ArrayRef>, Option<EngineError>> {
    let parts = (0..entities.len().max(1)).step_by(LINKED_ROWS).map(|begin| {
        if should_stop() {
            return Err(None);
        }
        let part = entities.slice(begin, LINKED_ROWS.min(entities.len() - begin));
        link_column(&part, linker)
            .map_err(|error| match error {
                EngineError::WrongEntities { row, reason } => EngineError::WrongEntities { row: begin + row, reason },
                other => other,
            })
            .map_err(Some)
    });
    parts.collect()
}
