//! A row's text as the models of its route need it: tokenized once a tokenizer, cut into windows once an inference.

use std::borrow::Cow;

use spanframe_core::{
    CleanupMode, Encoding, Span, Window, capitals,
    cleanup::{Cleaned, clean},
    sentence,
    spark_words::spark_words,
    window,
};
use spanframe_model::{ModelError, SparkEncoding};

use super::{Manner, Pipeline};
use crate::{
    Fault,
    model_set::{Group, Reading},
    options::Emulation,
    route::{Route, Run},
};

/// A text as one tokenizer reads it.
pub(super) struct Read {
    pub(super) encoding: Encoding,
    /// As Spark NLP would read it, with its words.
    pub(super) spark: Option<(SparkEncoding, Vec<Span>)>,
}

/// The windows of one inference of a text.
pub(super) struct Cut {
    pub(super) windows: Vec<Window>,
    /// For each window, its place in [`Work::unique`](super::Work::unique).
    pub(super) unique: Vec<usize>,
}

/// A row's text, read by the tokenizers and cut into the windows of its route.
pub(super) struct Document<'a, 'r> {
    /// As it came.
    pub(super) original: &'a str,
    /// As it is read, where that is another text.
    pub(super) cleaned: Option<Cleaned>,
    pub(super) route: &'r Route,
    /// One for each of the route's readings.
    pub(super) reads: Vec<Read>,
    /// One for each of the route's runs.
    pub(super) cuts: Vec<Cut>,
}

impl Document<'_, '_> {
    /// The text that positions of pieces refer to.
    pub(super) fn text(&self) -> &str {
        self.cleaned.as_ref().map_or(self.original, |c| &c.text)
    }

    /// Pieces, of all tokenizers.
    pub(super) fn tokens(&self) -> usize {
        self.reads.iter().map(|read| read.encoding.len()).sum()
    }
}

impl Pipeline<'_> {
    /// Reads a text as its route asks.
    pub(super) fn document<'a, 'r>(&self, original: &'a str, route: &'r Route) -> Result<Document<'a, 'r>, Fault> {
        let Manner { cleanup, .. } = *self.manner;
        let cleaned = (cleanup != CleanupMode::Disabled).then(|| clean(original, cleanup));
        let text = cleaned.as_ref().map_or(original, |c| &c.text);
        let read = |&reading: &usize| {
            read(text, &self.set.readings[reading]).map_err(|_| Fault::Tokenizer { bytes: original.len() })
        };
        let reads = route.readings.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let cut = |run: &Run| {
            let windows = self.windows(text, &reads[run.reading].encoding, &self.set.groups[run.group]);
            Cut { unique: Vec::with_capacity(windows.len()), windows }
        };
        let cuts = route.runs.iter().map(cut).collect();
        Ok(Document { original, cleaned, route, reads, cuts })
    }

    fn windows(&self, text: &str, encoding: &Encoding, group: &Group) -> Vec<Window> {
        match self.manner.emulate {
            Some(Emulation::SparkNlp) => window::overlapping(encoding.len(), encoding.len().max(1), 0),
            Some(Emulation::HuggingFace) => window::overlapping(encoding.len(), group.capacity, group.stride),
            None => {
                let ends = sentence::sentence_ends(text, encoding.spans());
                window::windows(&ends, encoding.joined(), group.capacity, group.stride)
            }
        }
    }
}

/// Tokenizes a text.
fn read(text: &str, reading: &Reading) -> Result<Read, ModelError> {
    let tokenizer = &reading.loaded.model.tokenizer;
    if let Some((max_length, cased)) = reading.spark {
        let words = spark_words(text);
        let mut spark = tokenizer.encode_spark(text, &words, max_length, cased)?;
        return Ok(Read { encoding: std::mem::take(&mut spark.encoding), spark: Some((spark, words)) });
    }
    // every character stays where it is, so that positions are those of the text
    let text = &if reading.lower_capitals { capitals::lower(text) } else { Cow::Borrowed(text) };
    let encoding = if reading.words { tokenizer.encode(text)? } else { tokenizer.encode_without_words(text)? };
    Ok(Read { encoding, spark: None })
}
