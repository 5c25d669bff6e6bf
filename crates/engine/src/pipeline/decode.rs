//! From the logits of windows to the entities of their document.

use std::{borrow::Cow, ops::Range};

use spanframe_core::{Entity, Merge, Span, Window, decode::settled, hugging_face::keep_longest, merge::merge};
use spanframe_model::{Logits, SparkEncoding, Tokenizer};

use super::{
    Pipeline,
    read::{Cut, Document, Read},
};
use crate::{model_set::Member, options::Emulation, settings::Settings};

/// Logits of batches, and the batch and row of each distinct window.
type Answers<'l> = (&'l [Logits], &'l [(usize, usize)]);

impl Pipeline<'_> {
    /// The entities that the models of a run find in a document, above their thresholds, at their places in the text that
    /// was read.
    pub(super) fn decode(&self, document: &Document<'_, '_>, run: usize, answers: Answers<'_>) -> Vec<Entity> {
        let mut all = Vec::new();
        let (run, cut) = (&document.route.runs[run], &document.cuts[run]);
        let read = &document.reads[run.reading];
        for member in run.members.iter().map(|&i| &self.set.members[i]) {
            let mut entities = match &read.spark {
                Some(spark) => spark_entities(member, cut, spark, answers),
                None => self.entities((document.text(), read), member, cut, answers),
            };
            entities.retain(|e| e.score >= member.settings.threshold);
            entities.iter_mut().for_each(|e| e.kind += member.first_kind);
            all.append(&mut entities);
        }
        all
    }

    /// The row of a document: its entities, merged, at their places in the text that the row carries.
    pub(super) fn placed<'a>(
        &self, document: Document<'a, '_>, mut entities: Vec<Entity>,
    ) -> (Cow<'a, str>, Vec<Entity>) {
        let text = match document.cleaned {
            None => Cow::Borrowed(document.original),
            Some(cleaned) if self.manner.cleaned_rows => Cow::Owned(cleaned.text),
            Some(cleaned) => {
                entities.iter_mut().for_each(|e| e.span = cleaned.original(e.span));
                Cow::Borrowed(document.original)
            }
        };
        // those of one model are in their order
        if self.set.members.len() > 1 || self.set.merge.0 != Merge::All {
            entities = merge(&text, entities, &self.set.origins, self.set.merge);
        }
        (text, entities)
    }

    /// Puts the logits of a document's pieces together, each from the window that owns it, and decodes them once.
    fn entities(
        &self, (text, read): (&str, &Read), member: &Member, cut: &Cut, (logits, places): Answers<'_>,
    ) -> Vec<Entity> {
        let Settings { decoder, wanted, .. } = &member.settings;
        let (encoding, tokenizer) = (&read.encoding, &member.loaded.model.tokenizer);
        let mut rows = Vec::with_capacity(encoding.len() * decoder.labels().labels().len());
        let mut entities = Vec::new();
        let by_window = self.manner.emulate == Some(Emulation::HuggingFace);
        for (window, &unique) in cut.windows.iter().zip(&cut.unique) {
            rows.extend_from_slice(gather(tokenizer, (window, window.owned.clone()), places[unique], logits));
            if by_window {
                entities.append(&mut decoder.unsettled(text, (encoding, window.tokens.clone()), &rows, wanted));
                rows.clear();
            }
        }
        if !by_window {
            decoder.entities(text, (encoding, 0..encoding.len()), &rows, wanted)
        } else if cut.windows.len() > 1 {
            keep_longest(text, entities)
        } else {
            settled(entities)
        }
    }
}

/// The entities of words that Spark NLP would read. Their pieces are in one window at most.
fn spark_entities(
    member: &Member, cut: &Cut, (spark, words): &(SparkEncoding, Vec<Span>), (logits, places): Answers<'_>,
) -> Vec<Entity> {
    let Settings { decoder, wanted, .. } = &member.settings;
    let tokenizer = &member.loaded.model.tokenizer;
    let window = cut.windows.first().zip(cut.unique.first());
    // the row of the end token takes part: Spark NLP reads it where it has cut a text
    let rows = window.map_or(&[][..], |(window, &unique)| {
        gather(tokenizer, (window, window.tokens.start..window.tokens.end + 1), places[unique], logits)
    });
    let units = spark.units(words, rows, decoder.labels().labels().len());
    decoder.entities_of_units(&units, wanted)
}

/// The logits of `pieces`, counted in the document, from `window`, which is a batch's row.
fn gather<'l>(
    tokenizer: &Tokenizer, (window, pieces): (&Window, Range<usize>), (batch, row): (usize, usize),
    logits: &'l [Logits],
) -> &'l [f32] {
    let before = tokenizer.prefix().len();
    let at = |piece: usize| before + piece - window.tokens.start;
    logits[batch].tokens(row, at(pieces.start)..at(pieces.end))
}
