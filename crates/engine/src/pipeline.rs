//! Documents through tokenizer, windows, batches, sessions and decoder, a bounded number of them at a time.

use std::{
    borrow::Cow,
    collections::HashMap,
    ops::Range,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use rayon::prelude::*;
use spanframe_core::{
    Batch, CleanupMode, Entity,
    batch::{self, Widths},
};
use spanframe_model::{Logits, Model};

use self::read::Document;
use crate::{
    EngineError, Fault, Metrics,
    document::Documents,
    model_set::{Group, ModelSet},
    options::Emulation,
    route::Routes,
};

mod decode;
mod read;

/// Text in hand at once, in bytes: enough windows of each length to fill batches, little enough to hold twice (the
/// next documents are tokenized while these go through the model).
const BYTES_IN_HAND: usize = 256 << 10;
/// Rows in hand at once.
const ROWS_IN_HAND: usize = 4096;

/// What all models of an engine do alike.
pub(crate) struct Manner {
    pub(crate) batch_tokens: usize,
    pub(crate) cleanup: CleanupMode,
    /// Rows carry the cleaned text, not the original.
    pub(crate) cleaned_rows: bool,
    pub(crate) emulate: Option<Emulation>,
}

/// What the pipeline works with.
pub(crate) struct Pipeline<'e> {
    pub(crate) set: &'e ModelSet,
    pub(crate) manner: &'e Manner,
    pub(crate) metrics: &'e Metrics,
}

/// What is told as a column is worked on.
#[derive(Clone, Debug)]
pub enum Step<R> {
    /// One more batch has gone through a model: a moment to look at [`Metrics`], or to end the work by an error.
    Batch,
    /// Rows are done; they follow those before.
    Rows(R),
}

/// A row's text with its entities, whose kinds are those of the set; `None` for a null row.
pub(crate) type Row<'a> = Result<Option<(Cow<'a, str>, Vec<Entity>)>, Fault>;

/// What reading a text takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) tokens: usize,
    pub(crate) unknown_tokens: usize,
    pub(crate) windows: usize,
    pub(crate) words_lost: usize,
}

/// What one inference has to do.
#[derive(Default)]
struct Work {
    /// Windows with distinct pieces, with special tokens.
    unique: Vec<Vec<u32>>,
    batches: Vec<Batch>,
}

/// Some rows, tokenized and planned.
struct InHand<'a, 'r> {
    rows: Vec<Result<Option<Document<'a, 'r>>, Fault>>,
    /// One for each group of the set.
    work: Vec<Work>,
}

impl Pipeline<'_> {
    /// Takes all of `column` through the pipeline and gives the rows, in order, some at a time, to `sink`. An error of `sink`
    /// ends the work at the next batch.
    ///
    /// Runs on the current rayon pool; the index of a worker names its session.
    pub(crate) fn run<'a, E: From<EngineError> + Send>(
        &self, (column, routes): (&Documents<'a>, &Routes<'_>),
        mut sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut ranges = Ranges { column, next: 0 };
        let mut prepared = ranges.next().map(|r| self.prepare((column, routes), r));
        while let Some(in_hand) = prepared.take() {
            let next = ranges.next();
            let (done, following) = rayon::join(
                || self.finish(in_hand, &mut sink),
                || next.map(|range| self.prepare((column, routes), range)),
            );
            sink(Step::Rows(done?))?;
            prepared = following;
        }
        Ok(())
    }

    /// Tokenizes rows, cuts windows, finds those that are identical, and plans batches.
    fn prepare<'a, 'r>(
        &self, (column, routes): (&Documents<'a>, &'r Routes<'_>), range: Range<usize>,
    ) -> InHand<'a, 'r> {
        let read = |row| self.row((column, routes), row);
        let mut rows: Vec<_> = range.into_par_iter().map(read).collect();
        let texts = rows.iter().flatten().flatten().map(|document: &Document<'_, '_>| document.reads.len()).sum();
        self.metrics.add_tokenized(texts);
        let work = (0..self.set.groups.len()).map(|group| self.plan(&mut rows, group)).collect();
        InHand { rows, work }
    }

    /// The text of a row, read; `None` for a null row.
    fn row<'a, 'r>(
        &self, (column, routes): (&Documents<'a>, &'r Routes<'_>), row: usize,
    ) -> Result<Option<Document<'a, 'r>>, Fault> {
        column.get(row)?.map(|text| self.document(text, routes.of(row)?)).transpose()
    }

    /// What the inference `group` has to do for some rows.
    fn plan(&self, rows: &mut [Result<Option<Document<'_, '_>>, Fault>], group: usize) -> Work {
        let Group { loaded, capacity, .. } = &self.set.groups[group];
        let tokenizer = &loaded.model.tokenizer;
        let (prefix, suffix) = (tokenizer.prefix(), tokenizer.suffix());
        let mut unique: Vec<Vec<u32>> = Vec::new();
        let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut all = 0;
        for document in rows.iter_mut().flatten().flatten() {
            let Document { route, reads, cuts, .. } = document;
            let cut = route.runs.iter().zip(cuts).find(|(run, _)| run.group == group);
            let Some((run, cut)) = cut else { continue };
            for window in &cut.windows {
                let pieces = &reads[run.reading].encoding.ids()[window.tokens.clone()];
                let place = places.get(pieces).copied().unwrap_or_else(|| {
                    unique.push([prefix, pieces, suffix].concat());
                    places.insert(pieces.to_vec(), unique.len() - 1);
                    unique.len() - 1
                });
                cut.unique.push(place);
                all += 1;
            }
        }
        self.metrics.add_windows(all, unique.len());
        let lengths: Vec<usize> = unique.iter().map(Vec::len).collect();
        let widths = Widths { step: loaded.model.backend.width_step(), most: prefix.len() + capacity + suffix.len() };
        let batches = batch::plan(&lengths, self.manner.batch_tokens, widths);
        Work { unique, batches }
    }

    /// What reading each row takes; `None` for a null row. The model does not run.
    pub(crate) fn diagnose(
        &self, column: &Documents<'_>, routes: &Routes<'_>,
    ) -> Vec<Result<Option<Diagnosis>, Fault>> {
        let diagnose = |row| {
            let Some(document) = self.row((column, routes), row)? else { return Ok(None) };
            let mut found =
                Diagnosis { windows: document.cuts.iter().map(|c| c.windows.len()).sum(), ..Diagnosis::default() };
            for (read, &reading) in document.reads.iter().zip(&document.route.readings) {
                let unknown = self.set.readings[reading].loaded.model.tokenizer.unknown();
                found.tokens += read.encoding.len();
                found.unknown_tokens += read.encoding.ids().iter().filter(|&&id| Some(id) == unknown).count();
                found.words_lost += read.spark.as_ref().map_or(0, |(spark, _)| spark.words_cut);
            }
            Ok(Some(found))
        };
        (0..column.len()).into_par_iter().map(diagnose).collect()
    }

    /// Runs the batches of one group after the other, so that the logits of one are held at a time, and decodes the
    /// documents.
    fn finish<'a, E: From<EngineError> + Send>(
        &self, in_hand: InHand<'a, '_>, sink: &mut (impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send),
    ) -> Result<Vec<Row<'a>>, E> {
        let InHand { rows, work } = in_hand;
        let mut found: Vec<Vec<Entity>> = vec![Vec::new(); rows.len()];
        for (group, work) in work.iter().enumerate() {
            let logits = self.infer(&self.set.groups[group].loaded.model, work, || sink(Step::Batch))?;
            let mut places = vec![(0, 0); work.unique.len()];
            for (b, batch) in work.batches.iter().enumerate() {
                for (row, &window) in batch.items.iter().enumerate() {
                    places[window] = (b, row);
                }
            }
            rows.par_iter().zip(&mut found).for_each(|(row, found)| {
                let Ok(Some(document)) = row else { return };
                let run = document.route.runs.iter().position(|run| run.group == group);
                found.extend(run.into_iter().flat_map(|run| self.decode(document, run, (&logits, &places))));
            });
        }
        let done = |(row, found): (Result<Option<Document<'a, '_>>, Fault>, Vec<Entity>)| {
            let (tokens, entities, row) = match row {
                Ok(Some(document)) => {
                    if document.route.unknown {
                        self.metrics.add_unknown_language();
                    }
                    let tokens = document.tokens();
                    let (text, entities) = self.placed(document, found);
                    (tokens, entities.len(), Ok(Some((text, entities))))
                }
                Ok(None) => (0, 0, Ok(None)),
                Err(fault) => (0, 0, Err(fault)),
            };
            self.metrics.add_row(tokens, entities);
            row
        };
        Ok(rows.into_par_iter().zip(found).map(done).collect())
    }

    /// Logits of each batch; `done` hears of them, and its error ends the work.
    fn infer<E: From<EngineError> + Send>(
        &self, model: &Model, todo: &Work, done: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<Vec<Logits>, E> {
        let results: Vec<OnceLock<Logits>> = todo.batches.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let (failure, done) = (Mutex::new(None), Mutex::new(done));
        let work = || {
            let worker = rayon::current_thread_index().unwrap_or(0);
            while let Some(b) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&b| b < results.len()) {
                let batch = &todo.batches[b];
                let windows: Vec<&[u32]> = batch.items.iter().map(|&i| todo.unique[i].as_slice()).collect();
                let backend = &model.backend;
                let result = match self.manner.emulate {
                    Some(Emulation::SparkNlp) => backend.run_hiding_zero(worker, &windows, batch.width),
                    _ => backend.run(worker, &windows, batch.width),
                };
                let result = match result {
                    Ok(logits) => {
                        let tokens = windows.iter().map(|w| w.len()).sum();
                        self.metrics.add_batch(tokens, windows.len() * batch.width - tokens);
                        let _ = results[b].set(logits);
                        // while one worker tells, the others need not wait
                        done.try_lock().map_or(Ok(()), |mut done| done())
                    }
                    Err(error) => Err(EngineError::from(error).into()),
                };
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
}

/// Cuts a column into runs of rows that are held at once; a document beyond the budget is a run by itself.
struct Ranges<'c, 'a> {
    column: &'c Documents<'a>,
    next: usize,
}

impl Iterator for Ranges<'_, '_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let begin = self.next;
        let mut bytes = 0;
        while self.next < self.column.len() && self.next - begin < ROWS_IN_HAND {
            bytes += self.column.bytes(self.next);
            if bytes > BYTES_IN_HAND && self.next > begin {
                break;
            }
            self.next += 1;
        }
        (self.next > begin).then_some(begin..self.next)
    }
}
