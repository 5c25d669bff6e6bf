//! From the logits of windows to the entities of their document.

use std::borrow::Cow;

use spanframe_core::{
    Entity, Merge, aggregate::TokenLogits, entity::settled, hugging_face::keep_longest, merge::merge,
};

use super::{
    Pipeline,
    document::{EncodedText, RunWindows, SparkText, TokenizedDocument},
    logits::WindowLogits,
};
use crate::{model_set::Member, options::Emulation};

/// The input of the decoders of one run.
struct DecoderInput<'d> {
    text: &'d str,
    encoded: &'d EncodedText,
    windows: &'d RunWindows,
    logits: &'d WindowLogits<'d>,
}

impl Pipeline<'_> {
    /// The entities that the models of a run find in a document, above their thresholds. Spans are bytes of the text
    /// that the models read.
    pub(super) fn decode(
        &self, document: &TokenizedDocument<'_, '_>, run: usize, logits: &WindowLogits<'_>,
    ) -> Vec<Entity> {
        let mut all = Vec::new();
        let windows = &document.windows[run];
        let run = &document.route.runs[run];
        let input =
            DecoderInput { text: document.text(), encoded: &document.encodings[run.tokenizer], windows, logits };
        for member in run.members.iter().map(|&member| &self.set.members[member]) {
            let mut entities = match (&input.encoded.spark, self.options.emulate) {
                (Some(spark), _) => input.spark_entities(member, spark),
                (None, Some(Emulation::HuggingFace)) => input.entities_by_window(member),
                (None, _) => input.entities(member),
            };
            entities.retain(|e| e.score >= member.settings.threshold);
            entities.iter_mut().for_each(|e| e.entity_type += member.first_kind);
            all.append(&mut entities);
        }
        all
    }

    /// The text that a document's row carries, and the entities of all its models, merged, at their places in that
    /// text.
    pub(super) fn merged<'a>(
        &self, document: TokenizedDocument<'a, '_>, mut entities: Vec<Entity>,
    ) -> (Cow<'a, str>, Vec<Entity>) {
        let text = match document.cleaned {
            None => Cow::Borrowed(document.original),
            Some(cleaned) if self.options.cleaned_offsets => Cow::Owned(cleaned.text),
            Some(cleaned) => {
                entities.iter_mut().for_each(|e| e.span = cleaned.original(e.span));
                Cow::Borrowed(document.original)
            }
        };
        // the entities of one model are sorted already
        if self.set.members.len() > 1 || self.set.merge.merge != Merge::All {
            entities = merge(&text, entities, &self.set.origins, self.set.merge);
        }
        (text, entities)
    }
}

impl DecoderInput<'_> {
    /// Decodes the document once, with the logits of each token from the window that owns it.
    ///
    /// ```text
    /// window 0   t0 t1 t2 t3 t4         owns t0 t1 t2
    /// window 1         t2 t3 t4 t5 t6   owns t3 t4 t5 t6
    /// decoded    t0 t1 t2 t3 t4 t5 t6
    /// ```
    fn entities(&self, member: &Member) -> Vec<Entity> {
        let (decoder, wanted) = (&member.settings.decoder, &member.settings.wanted);
        let (encoding, labels) = (&self.encoded.encoding, decoder.labels().labels().len());
        let mut owned = Vec::with_capacity(encoding.len() * labels);
        for placed in self.windows.placed() {
            owned.extend_from_slice(self.logits.tokens(placed, placed.window.owned.clone()));
        }
        let run = TokenLogits { encoding, tokens: 0..encoding.len(), logits: &owned, labels };
        decoder.entities(self.text, &run, wanted)
    }

    /// Decodes each window, then settles the overlaps, as Hugging Face's pipeline does.
    fn entities_by_window(&self, member: &Member) -> Vec<Entity> {
        let (decoder, wanted) = (&member.settings.decoder, &member.settings.wanted);
        let (encoding, labels) = (&self.encoded.encoding, decoder.labels().labels().len());
        let mut found = Vec::new();
        for placed in self.windows.placed() {
            let tokens = placed.window.tokens.clone();
            let logits = self.logits.tokens(placed, tokens.clone());
            let run = TokenLogits { encoding, tokens, logits, labels };
            found.append(&mut decoder.unsettled(self.text, &run, wanted));
        }
        if self.windows.windows.len() > 1 { keep_longest(self.text, found) } else { settled(found) }
    }

    /// The entities of the words that Spark NLP reads. Their tokens are in one window at most.
    fn spark_entities(&self, member: &Member, spark: &SparkText) -> Vec<Entity> {
        let (decoder, wanted) = (&member.settings.decoder, &member.settings.wanted);
        // Spark NLP labels the first token that it cuts off by the logits of the end token, so these are read too
        let logits = self.windows.placed().next().map_or(&[][..], |placed| {
            self.logits.tokens(placed, placed.window.tokens.start..placed.window.tokens.end + 1)
        });
        let units = spark.encoding.units(&spark.words, logits, decoder.labels().labels().len());
        decoder.entities_of_units(&units, wanted)
    }
}
