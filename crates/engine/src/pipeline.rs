//! Takes documents through tokenizer, windows, batches, sessions and decoder, a bounded number at a time.
//!
//! ```text
//! rows 0..n      tokenize, plan | infer, decode | sink
//! rows n..2n                    | tokenize, plan | infer, decode | sink
//! ```
//!
//! While some rows go through the model, the next are tokenized on the same threads.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use rayon::prelude::*;
use spanframe_core::{Batch, CleanupMode, Entity, batch};

use self::{document::TokenizedDocument, logits::WindowLogits};
use crate::{
    EngineError, Metrics, RowErrorKind,
    documents::Documents,
    model_set::{ModelSet, SharedInference},
    options::Emulation,
    routes::Routes,
};

mod decode;
mod document;
mod infer;
mod logits;

/// Most bytes of text at once. They give enough windows of each length to fill batches, and fit in memory twice.
const TEXT_BYTES: usize = 256 << 10;
/// Most rows at once.
const ROWS: usize = 4096;

/// Options that all models of an engine share.
pub(crate) struct SharedOptions {
    pub(crate) batch_tokens: usize,
    pub(crate) cleanup: CleanupMode,
    /// True if rows carry the cleaned text instead of the original.
    pub(crate) cleaned_offsets: bool,
    pub(crate) emulate: Option<Emulation>,
}

/// The models of an engine with their options.
pub(crate) struct Pipeline<'e> {
    pub(crate) set: &'e ModelSet,
    pub(crate) options: &'e SharedOptions,
    pub(crate) metrics: &'e Metrics,
}

/// A text column, with the route of each row.
#[derive(Clone, Copy)]
pub(crate) struct Texts<'r, 'a> {
    pub(crate) documents: &'r Documents<'a>,
    pub(crate) routes: &'r Routes<'a>,
}

/// One call of a sink as a column is annotated.
#[derive(Clone, Debug)]
pub enum Step<R> {
    /// One more batch has gone through a model. The sink may look at [`Metrics`], or end the work by an error.
    Batch,
    /// More rows are done. They follow the rows of the steps before.
    Rows(R),
}

/// A row's text with its entities, or `None` for a null row. [`Entity::entity_type`] indexes `ModelSet::names`.
pub(crate) type Row<'a> = Result<Option<(Cow<'a, str>, Vec<Entity>)>, RowErrorKind>;

/// Counts of a tokenized text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Diagnosis {
    pub(crate) tokens: usize,
    pub(crate) unknown_tokens: usize,
    pub(crate) windows: usize,
    pub(crate) words_lost: usize,
}

/// A tokenized row, or `None` for a null row.
type TokenizedRow<'a, 'r> = Result<Option<TokenizedDocument<'a, 'r>>, RowErrorKind>;

/// Some rows, tokenized, with the batches of each inference.
struct PlannedRows<'a, 'r> {
    rows: Vec<TokenizedRow<'a, 'r>>,
    /// One for each inference of the set.
    plans: Vec<BatchPlan>,
}

/// The batches of one inference.
struct BatchPlan {
    /// Token ids of each distinct window, special tokens included.
    windows: Vec<Vec<u32>>,
    batches: Vec<Batch>,
}

impl Pipeline<'_> {
    /// Annotates all of `texts` and gives the rows to `sink`, in order, some at a time. An error of `sink` ends the
    /// work at the next batch.
    ///
    /// Runs on the current rayon pool. The index of a worker is that of its session.
    pub(crate) fn run<'a, E: From<EngineError> + Send>(
        &self, texts: Texts<'_, 'a>, mut sink: impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let mut ranges = RowRanges { documents: texts.documents, next: 0 };
        let mut planned = ranges.next().map(|range| self.plan(texts, range));
        while let Some(rows) = planned.take() {
            let next = ranges.next();
            let (done, following) =
                rayon::join(|| self.finish(rows, &mut sink), || next.map(|range| self.plan(texts, range)));
            sink(Step::Rows(done?))?;
            planned = following;
        }
        Ok(())
    }

    /// Counts the tokens and windows of each row; `None` for a null row. No model runs.
    pub(crate) fn diagnose(&self, texts: Texts<'_, '_>) -> Vec<Result<Option<Diagnosis>, RowErrorKind>> {
        let diagnose = |row| Ok(self.tokenized_row(texts, row)?.map(|document| self.diagnosis(&document)));
        (0..texts.documents.len()).into_par_iter().map(diagnose).collect()
    }

    fn diagnosis(&self, document: &TokenizedDocument<'_, '_>) -> Diagnosis {
        let windows = document.windows.iter().map(|of_run| of_run.windows.len()).sum();
        let mut diagnosis = Diagnosis { windows, ..Diagnosis::default() };
        for (encoded, &tokenizer) in document.encodings.iter().zip(&document.route.tokenizers) {
            let unknown = self.set.tokenizers[tokenizer].loaded.model.tokenizer.unknown();
            diagnosis.tokens += encoded.encoding.len();
            diagnosis.unknown_tokens += encoded.encoding.ids().iter().filter(|&&id| Some(id) == unknown).count();
            diagnosis.words_lost += encoded.spark.as_ref().map_or(0, |spark| spark.encoding.words_cut);
        }
        diagnosis
    }

    /// Tokenizes rows, cuts windows, finds identical ones and plans batches.
    fn plan<'a, 'r>(&self, texts: Texts<'r, 'a>, range: Range<usize>) -> PlannedRows<'a, 'r> {
        let mut rows: Vec<_> = range.into_par_iter().map(|row| self.tokenized_row(texts, row)).collect();
        let encodings =
            rows.iter().flatten().flatten().map(|document: &TokenizedDocument<'_, '_>| document.encodings.len());
        self.metrics.add_tokenized(encodings.sum());
        let plans = (0..self.set.inferences.len()).map(|inference| self.plan_batches(&mut rows, inference)).collect();
        PlannedRows { rows, plans }
    }

    fn tokenized_row<'a, 'r>(&self, texts: Texts<'r, 'a>, row: usize) -> TokenizedRow<'a, 'r> {
        let text = texts.documents.get(row)?;
        text.map(|text| self.tokenized(text, texts.routes.of(row)?)).transpose()
    }

    /// Plans the batches of one inference, and notes in each document which distinct window each of its windows is.
    fn plan_batches(&self, rows: &mut [TokenizedRow<'_, '_>], inference: usize) -> BatchPlan {
        let SharedInference { loaded, capacity, .. } = &self.set.inferences[inference];
        let tokenizer = &loaded.model.tokenizer;
        let (prefix, suffix) = (tokenizer.prefix(), tokenizer.suffix());
        let mut distinct: Vec<Vec<u32>> = Vec::new();
        let mut places: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut count = 0;
        for document in rows.iter_mut().flatten().flatten() {
            let Some(run) = document.route.runs.iter().position(|run| run.inference == inference) else { continue };
            let encoded = &document.encodings[document.route.runs[run].tokenizer];
            let of_run = &mut document.windows[run];
            for window in &of_run.windows {
                let ids = &encoded.encoding.ids()[window.tokens.clone()];
                let place = places.get(ids).copied().unwrap_or_else(|| {
                    distinct.push([prefix, ids, suffix].concat());
                    places.insert(ids.to_vec(), distinct.len() - 1);
                    distinct.len() - 1
                });
                of_run.distinct.push(place);
                count += 1;
            }
        }
        self.metrics.add_windows(count, distinct.len());
        let lengths: Vec<usize> = distinct.iter().map(Vec::len).collect();
        let shape = loaded.model.backend.batch_shape(prefix.len() + capacity + suffix.len());
        let batches = batch::plan(&lengths, self.options.batch_tokens, shape);
        BatchPlan { windows: distinct, batches }
    }

    /// Runs the inferences one after the other, so that the logits of one are held at a time, and decodes the
    /// documents.
    fn finish<'a, E: From<EngineError> + Send>(
        &self, planned: PlannedRows<'a, '_>, sink: &mut (impl FnMut(Step<Vec<Row<'a>>>) -> Result<(), E> + Send),
    ) -> Result<Vec<Row<'a>>, E> {
        let PlannedRows { rows, plans } = planned;
        let mut found: Vec<Vec<Entity>> = vec![Vec::new(); rows.len()];
        for (inference, plan) in plans.iter().enumerate() {
            let model = &self.set.inferences[inference].loaded.model;
            let logits = self.infer(model, plan, || sink(Step::Batch))?;
            let logits = WindowLogits::new(&logits, plan, &model.tokenizer);
            rows.par_iter().zip(&mut found).for_each(|(row, found)| {
                let Ok(Some(document)) = row else { return };
                let run = document.route.runs.iter().position(|run| run.inference == inference);
                found.extend(run.into_iter().flat_map(|run| self.decode(document, run, &logits)));
            });
        }
        Ok(rows.into_par_iter().zip(found).map(|(row, found)| self.row(row, found)).collect())
    }

    /// The row of a document and its entities. Counts it.
    fn row<'a>(&self, row: TokenizedRow<'a, '_>, found: Vec<Entity>) -> Row<'a> {
        let (mut tokens, mut entities) = (0, 0);
        let row = row.map(|document| {
            let document = document?;
            if document.route.is_unknown {
                self.metrics.add_unknown_language();
            }
            tokens = document.tokens();
            let (text, found) = self.merged(document, found);
            entities = found.len();
            Some((text, found))
        });
        self.metrics.add_row(tokens, entities);
        row
    }
}

/// Cuts a column into runs of rows that are held at once. A document beyond the budget is a run by itself.
struct RowRanges<'r, 'a> {
    documents: &'r Documents<'a>,
    next: usize,
}

impl Iterator for RowRanges<'_, '_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let begin = self.next;
        let mut bytes = 0;
        while self.next < self.documents.len() && self.next - begin < ROWS {
            bytes += self.documents.bytes(self.next);
            if bytes > TEXT_BYTES && self.next > begin {
                break;
            }
            self.next += 1;
        }
        (self.next > begin).then_some(begin..self.next)
    }
}
