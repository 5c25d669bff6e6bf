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
    Batch, CleanupMode, Decoder, Encoding, Entity, Span, Window, batch,
    cleanup::{Cleaned, clean},
    sentence,
    spark_words::spark_words,
    window,
};
use spanframe_model::{Logits, Model, SparkEncoding};

use crate::{EngineError, Fault, Metrics, document::Documents, options::Emulation};

mod decode;

/// Text in hand at once, in bytes: enough windows of each length to fill batches, little enough to hold twice (the
/// next documents are tokenized while these go through the model).
const BYTES_IN_HAND: usize = 256 << 10;
/// Rows in hand at once.
const ROWS_IN_HAND: usize = 4096;

/// An engine's options, resolved against its model.
pub(crate) struct Settings {
    pub(crate) decoder: Decoder,
    /// Pieces a window, without special tokens.
    pub(crate) capacity: usize,
    pub(crate) stride: usize,
    pub(crate) batch_tokens: usize,
    /// Types to keep, by their index.
    pub(crate) types: Vec<bool>,
    /// Kinds to keep, by their index.
    pub(crate) wanted: Vec<bool>,
    pub(crate) threshold: f32,
    pub(crate) cleanup: CleanupMode,
    /// Rows carry the cleaned text, not the original.
    pub(crate) cleaned_rows: bool,
    pub(crate) emulate: Option<Emulation>,
    /// Whether capital letters make a difference to the tokenizer; asked for Spark NLP alone.
    pub(crate) cased: bool,
}

/// What the pipeline works with.
pub(crate) struct Pipeline<'e> {
    pub(crate) model: &'e Model,
    pub(crate) settings: &'e Settings,
    pub(crate) metrics: &'e Metrics,
}

/// What is told as a column is worked on.
#[derive(Clone, Debug)]
pub enum Step<R> {
    /// One more batch has gone through the model: a moment to look at [`Metrics`], or to end the work by an error.
    Batch,
    /// Rows are done; they follow those before.
    Rows(R),
}

/// A row's text with its entities; `None` for a null row.
pub(crate) type Row<'a> = Result<Option<(Cow<'a, str>, Vec<Entity>)>, Fault>;

/// What reading a text takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) tokens: usize,
    pub(crate) unknown_tokens: usize,
    pub(crate) windows: usize,
    pub(crate) words_lost: usize,
}

struct Document<'a> {
    /// As it came.
    original: &'a str,
    /// As it is read, where that is another text.
    cleaned: Option<Cleaned>,
    encoding: Encoding,
    /// As Spark NLP would read it, with its words.
    spark: Option<(SparkEncoding, Vec<Span>)>,
    windows: Vec<Window>,
    /// For each window, its place in [`InHand::unique`].
    unique: Vec<usize>,
}

impl Document<'_> {
    /// The text that positions of pieces refer to.
    fn text(&self) -> &str {
        self.cleaned.as_ref().map_or(self.original, |c| &c.text)
    }
}

/// Some rows, tokenized and planned.
struct InHand<'a> {
    rows: Vec<Result<Option<Document<'a>>, Fault>>,
    /// Windows with distinct pieces, with special tokens.
    unique: Vec<Vec<u32>>,
    batches: Vec<Batch>,
}

impl Pipeline<'_> {
    /// Takes all of `column` through the pipeline and gives the rows, in order, some at a time, to `sink`. An error of `sink`
    /// ends the work at the next batch.
    ///
    /// Runs on the current rayon pool; the index of a worker names its session.
    pub(crate) fn run<'a, E: From<EngineError> + Send>(
        &self, column: &Documents<'a>, mut sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut ranges = Ranges { column, next: 0 };
        let mut prepared = ranges.next().map(|r| self.prepare(column, r));
        while let Some(in_hand) = prepared.take() {
            let next = ranges.next();
            let (done, following) =
                rayon::join(|| self.finish(in_hand, &mut sink), || next.map(|range| self.prepare(column, range)));
            sink(Step::Rows(done?))?;
            prepared = following;
        }
        Ok(())
    }

    /// Tokenizes rows, cuts windows, finds those that are identical, and plans batches.
    fn prepare<'a>(&self, column: &Documents<'a>, range: Range<usize>) -> InHand<'a> {
        let read = |row| column.get(row)?.map(|text| self.document(text)).transpose();
        let mut rows: Vec<_> = range.into_par_iter().map(read).collect();
        let (prefix, suffix) = (self.model.tokenizer.prefix(), self.model.tokenizer.suffix());
        let mut unique: Vec<Vec<u32>> = Vec::new();
        let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut all = 0;
        for document in rows.iter_mut().flatten().flatten() {
            for window in &document.windows {
                let pieces = &document.encoding.ids()[window.tokens.clone()];
                let place = places.get(pieces).copied().unwrap_or_else(|| {
                    unique.push([prefix, pieces, suffix].concat());
                    places.insert(pieces.to_vec(), unique.len() - 1);
                    unique.len() - 1
                });
                document.unique.push(place);
                all += 1;
            }
        }
        self.metrics.add_windows(all, unique.len());
        let lengths: Vec<usize> = unique.iter().map(Vec::len).collect();
        let batches = batch::plan(&lengths, self.settings.batch_tokens);
        InHand { rows, unique, batches }
    }

    fn document<'a>(&self, original: &'a str) -> Result<Document<'a>, Fault> {
        let failed = |_| Fault::Tokenizer { bytes: original.len() };
        let settings = self.settings;
        let cleaned = (settings.cleanup != CleanupMode::Disabled).then(|| clean(original, settings.cleanup));
        let text = cleaned.as_ref().map_or(original, |c| &c.text);
        let (encoding, spark) = match settings.emulate {
            Some(Emulation::SparkNlp) => {
                let words = spark_words(text);
                let max_length = settings.capacity + self.model.tokenizer.special_tokens();
                let mut spark =
                    self.model.tokenizer.encode_spark(text, &words, max_length, settings.cased).map_err(failed)?;
                (std::mem::take(&mut spark.encoding), Some((spark, words)))
            }
            _ if settings.decoder.reads_words() => (self.model.tokenizer.encode(text).map_err(failed)?, None),
            _ => (self.model.tokenizer.encode_pieces(text).map_err(failed)?, None),
        };
        let windows = match settings.emulate {
            Some(Emulation::SparkNlp) => window::overlapping(encoding.len(), encoding.len().max(1), 0),
            Some(Emulation::HuggingFace) => window::overlapping(encoding.len(), settings.capacity, settings.stride),
            None => {
                let ends = sentence::sentence_ends(text, encoding.spans());
                window::windows(&ends, encoding.joined(), settings.capacity, settings.stride)
            }
        };
        Ok(Document { original, cleaned, encoding, spark, unique: Vec::with_capacity(windows.len()), windows })
    }

    /// What reading each row takes; `None` for a null row. The model does not run.
    pub(crate) fn diagnose(&self, column: &Documents<'_>) -> Vec<Result<Option<Diagnosis>, Fault>> {
        let unknown = self.model.tokenizer.unknown();
        let diagnose = |row| {
            let Some(text) = column.get(row)? else { return Ok(None) };
            let document = self.document(text)?;
            Ok(Some(Diagnosis {
                tokens: document.encoding.len(),
                unknown_tokens: document.encoding.ids().iter().filter(|&&id| Some(id) == unknown).count(),
                windows: document.windows.len(),
                words_lost: document.spark.as_ref().map_or(0, |(spark, _)| spark.words_cut),
            }))
        };
        (0..column.len()).into_par_iter().map(diagnose).collect()
    }

    /// Runs the batches and decodes the documents.
    fn finish<'a, E: From<EngineError> + Send>(
        &self, in_hand: InHand<'a>, sink: &mut (impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send),
    ) -> Result<Vec<Row<'a>>, E> {
        let logits = self.infer(&in_hand, || sink(Step::Batch))?;
        let mut places = vec![(0, 0); in_hand.unique.len()];
        for (b, batch) in in_hand.batches.iter().enumerate() {
            for (row, &window) in batch.items.iter().enumerate() {
                places[window] = (b, row);
            }
        }
        let decode = |row: Result<Option<Document<'a>>, Fault>| {
            let (tokens, row) = match row {
                Ok(Some(d)) => (d.encoding.len(), Ok(Some(self.decode(d, &logits, &places)))),
                Ok(None) => (0, Ok(None)),
                Err(fault) => (0, Err(fault)),
            };
            let found = row.as_ref().map_or(&None, |row| row);
            self.metrics.add_row(tokens, found.as_ref().map_or(0, |(_, entities)| entities.len()));
            row
        };
        Ok(in_hand.rows.into_par_iter().map(decode).collect())
    }

    /// Logits of each batch; `done` hears of them, and its error ends the work.
    fn infer<E: From<EngineError> + Send>(
        &self, in_hand: &InHand<'_>, done: impl FnMut() -> Result<(), E> + Send,
    ) -> Result<Vec<Logits>, E> {
        let results: Vec<OnceLock<Logits>> = in_hand.batches.iter().map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let (failure, done) = (Mutex::new(None), Mutex::new(done));
        let work = || {
            let worker = rayon::current_thread_index().unwrap_or(0);
            while let Some(b) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|&b| b < results.len()) {
                let batch = &in_hand.batches[b];
                let windows: Vec<&[u32]> = batch.items.iter().map(|&i| in_hand.unique[i].as_slice()).collect();
                let backend = &self.model.backend;
                let result = match self.settings.emulate {
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
        rayon::scope(|scope| (0..self.model.backend.sessions()).for_each(|_| scope.spawn(|_| work())));
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
