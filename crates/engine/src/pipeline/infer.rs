//! Runs the batches of one inference on the sessions of its model.

use std::sync::{
    Mutex, OnceLock, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use spanframe_core::Batch;
use spanframe_model::{Logits, Model};

use super::{BatchPlan, Pipeline};
use crate::{EngineError, options::Emulation};

impl Pipeline<'_> {
    /// The logits of each batch. `on_batch` hears of each, and its error ends the work.
    pub(super) fn infer<E: From<EngineError> + Send>(
        &self, model: &Model, plan: &BatchPlan, on_batch: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<Vec<Logits>, E> {
        let results: Vec<OnceLock<Logits>> = plan.batches.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let (failure, on_batch) = (Mutex::new(None), Mutex::new(on_batch));
        // each worker takes the next batch until none is left
        let work = || {
            while let Some(b) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&b| b < results.len()) {
                let result = self.infer_batch(model, plan, &plan.batches[b]).map_err(E::from);
                let result = result.and_then(|logits| {
                    let _ = results[b].set(logits);
                    // a worker does not wait for another that calls it already
                    on_batch.try_lock().map_or(Ok(()), |mut on_batch| on_batch())
                });
                if let Err(error) = result {
                    failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    next.store(results.len(), Ordering::Relaxed);
                }
            }
        };
        rayon::scope(|scope| (0..model.backend.sessions()).for_each(|_| scope.spawn(|_| work())));
        if let Some(error) = failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let all: Option<Vec<Logits>> = results.into_iter().map(OnceLock::into_inner).collect();
        all.ok_or_else(|| EngineError::Internal("a batch was left out".to_string()).into())
    }

    fn infer_batch(&self, model: &Model, plan: &BatchPlan, batch: &Batch) -> Result<Logits, EngineError> {
        let windows: Vec<&[u32]> = batch.items.iter().map(|&window| plan.windows[window].as_slice()).collect();
        let logits = match self.options.emulate {
            Some(Emulation::SparkNlp) => model.backend.run_hiding_zero(&windows, batch.width)?,
            _ => model.backend.run(&windows, batch.width)?,
        };
        let tokens = windows.iter().map(|window| window.len()).sum();
        self.metrics.add_batch(tokens, windows.len() * batch.width - tokens);
        Ok(logits)
    }
}
