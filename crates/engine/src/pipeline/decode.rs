//! From the logits of windows to the entities of their document.

use std::{borrow::Cow, ops::Range};

use spanframe_core::{Entity, Span, Window, decode::settled, hugging_face::keep_longest};
use spanframe_model::{Logits, SparkEncoding};

use super::{Document, Pipeline, Settings};
use crate::options::Emulation;

impl Pipeline<'_> {
    /// The row of a document: its entities above the threshold, at their places in the text that the row carries.
    pub(super) fn decode<'a>(
        &self, document: Document<'a>, logits: &[Logits], places: &[(usize, usize)],
    ) -> (Cow<'a, str>, Vec<Entity>) {
        let mut entities = match &document.spark {
            Some(spark) => self.spark_entities(&document, spark, logits, places),
            None => self.entities(&document, logits, places),
        };
        entities.retain(|e| e.score >= self.settings.threshold);
        match document.cleaned {
            None => (Cow::Borrowed(document.original), entities),
            Some(cleaned) if self.settings.cleaned_rows => (Cow::Owned(cleaned.text), entities),
            Some(cleaned) => {
                entities.iter_mut().for_each(|e| e.span = cleaned.original(e.span));
                (Cow::Borrowed(document.original), entities)
            }
        }
    }

    /// Puts the logits of a document's pieces together, each from the window that owns it, and decodes them once.
    fn entities(&self, document: &Document<'_>, logits: &[Logits], places: &[(usize, usize)]) -> Vec<Entity> {
        let Settings { decoder, wanted, .. } = self.settings;
        let (text, encoding) = (document.text(), &document.encoding);
        let mut rows = Vec::with_capacity(encoding.len() * decoder.labels().labels().len());
        let mut entities = Vec::new();
        let by_window = self.settings.emulate == Some(Emulation::HuggingFace);
        for (window, &unique) in document.windows.iter().zip(&document.unique) {
            rows.extend_from_slice(self.gather(window, window.owned.clone(), places[unique], logits));
            if by_window {
                entities.append(&mut decoder.unsettled(text, (encoding, window.tokens.clone()), &rows, wanted));
                rows.clear();
            }
        }
        if !by_window {
            decoder.entities(text, (encoding, 0..encoding.len()), &rows, wanted)
        } else if document.windows.len() > 1 {
            keep_longest(text, entities)
        } else {
            settled(entities)
        }
    }

    /// As [`entities`](Self::entities), of words that Spark NLP would read. Their pieces are in one window at most.
    fn spark_entities(
        &self, document: &Document<'_>, (spark, words): &(SparkEncoding, Vec<Span>), logits: &[Logits],
        places: &[(usize, usize)],
    ) -> Vec<Entity> {
        let Settings { decoder, wanted, .. } = self.settings;
        let window = document.windows.first().zip(document.unique.first());
        // the row of the end token takes part: Spark NLP reads it where it has cut a text
        let rows = window.map_or(&[][..], |(window, &unique)| {
            self.gather(window, window.tokens.start..window.tokens.end + 1, places[unique], logits)
        });
        let units = spark.units(words, rows, decoder.labels().labels().len());
        decoder.entities_of_units(&units, wanted)
    }

    /// The logits of `pieces`, counted in the document, from `window`, which is a batch's row.
    fn gather<'l>(
        &self, window: &Window, pieces: Range<usize>, (batch, row): (usize, usize), logits: &'l [Logits],
    ) -> &'l [f32] {
        let before = self.model.tokenizer.prefix().len();
        let at = |piece: usize| before + piece - window.tokens.start;
        logits[batch].tokens(row, at(pieces.start)..at(pieces.end))
    }
}
