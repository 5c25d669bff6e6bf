//! [`TokenizedDocument`]: a row's text, encoded once a tokenizer and cut into windows once an inference.

use std::borrow::Cow;

use spanframe_core::{
    CleanupMode, Encoding, Span, Window, capitals,
    cleanup::{Cleaned, clean},
    sentence,
    spark_words::spark_words,
    window,
};
use spanframe_model::{ModelError, SparkEncoding};

use super::Pipeline;
use crate::{
    RowErrorKind,
    model_set::{SharedInference, SharedTokenizer},
    options::Emulation,
    route::{Route, Run},
};

/// A row's text with its encodings and windows.
pub(super) struct TokenizedDocument<'a, 'r> {
    /// The text as it came.
    pub(super) original: &'a str,
    /// The text that the models read, if it is another one.
    pub(super) cleaned: Option<Cleaned>,
    pub(super) route: &'r Route,
    /// One for each of the route's tokenizers.
    pub(super) encodings: Vec<EncodedText>,
    /// One for each of the route's runs.
    pub(super) windows: Vec<RunWindows>,
}

/// A text as one tokenizer encodes it.
pub(super) struct EncodedText {
    pub(super) encoding: Encoding,
    /// Spark NLP's words and labels, where it is emulated. `encoding` has its tokens then.
    pub(super) spark: Option<SparkText>,
}

/// A text as Spark NLP reads it.
pub(super) struct SparkText {
    pub(super) words: Vec<Span>,
    pub(super) encoding: SparkEncoding,
}

/// The windows of one run.
pub(super) struct RunWindows {
    pub(super) windows: Vec<Window>,
    /// For each window, its index among the distinct windows of the batch plan.
    pub(super) distinct: Vec<usize>,
}

/// A window, and its index among the distinct windows of the batch plan.
#[derive(Clone, Copy)]
pub(super) struct PlacedWindow<'w> {
    pub(super) window: &'w Window,
    pub(super) distinct: usize,
}

impl RunWindows {
    pub(super) fn placed(&self) -> impl Iterator<Item = PlacedWindow<'_>> {
        self.windows.iter().zip(&self.distinct).map(|(window, &distinct)| PlacedWindow { window, distinct })
    }
}

impl TokenizedDocument<'_, '_> {
    /// The text that the spans of tokens are of.
    pub(super) fn text(&self) -> &str {
        self.cleaned.as_ref().map_or(self.original, |c| &c.text)
    }

    /// Number of tokens, over all tokenizers.
    pub(super) fn tokens(&self) -> usize {
        self.encodings.iter().map(|encoded| encoded.encoding.len()).sum()
    }
}

impl Pipeline<'_> {
    /// Cleans, encodes and cuts a text as its route requires.
    pub(super) fn tokenized<'a, 'r>(
        &self, original: &'a str, route: &'r Route,
    ) -> Result<TokenizedDocument<'a, 'r>, RowErrorKind> {
        let cleanup = self.options.cleanup;
        let cleaned = (cleanup != CleanupMode::Disabled).then(|| clean(original, cleanup));
        let text = cleaned.as_ref().map_or(original, |c| &c.text);
        let encode = |&tokenizer: &usize| {
            encode(text, &self.set.tokenizers[tokenizer]).map_err(|_| RowErrorKind::Tokenizer { bytes: original.len() })
        };
        let encodings = route.tokenizers.iter().map(encode).collect::<Result<Vec<_>, _>>()?;
        let cut = |run: &Run| {
            let encoding = &encodings[run.tokenizer].encoding;
            let windows = self.windows(text, encoding, &self.set.inferences[run.inference]);
            RunWindows { distinct: Vec::with_capacity(windows.len()), windows }
        };
        let windows = route.runs.iter().map(cut).collect();
        Ok(TokenizedDocument { original, cleaned, route, encodings, windows })
    }

    fn windows(&self, text: &str, encoding: &Encoding, inference: &SharedInference) -> Vec<Window> {
        let SharedInference { capacity, stride, .. } = *inference;
        match self.options.emulate {
            Some(Emulation::SparkNlp) => window::overlapping(encoding.len(), encoding.len().max(1), 0),
            Some(Emulation::HuggingFace) => window::overlapping(encoding.len(), capacity, stride),
            None => {
                let ends = sentence::sentence_ends(text, encoding.spans());
                window::windows(&ends, encoding.inside_word(), capacity, stride)
            }
        }
    }
}

fn encode(text: &str, shared: &SharedTokenizer) -> Result<EncodedText, ModelError> {
    let tokenizer = &shared.loaded.model.tokenizer;
    if let Some(limits) = shared.spark {
        let words = spark_words(text);
        let mut spark = tokenizer.encode_spark(text, &words, limits.max_length, limits.is_cased)?;
        let encoding = std::mem::take(&mut spark.encoding);
        return Ok(EncodedText { encoding, spark: Some(SparkText { words, encoding: spark }) });
    }
    // lower-casing keeps every character in its place, so that spans stay those of the text
    let text = &shared.capitals.map_or(Cow::Borrowed(text), |capitals| capitals::lower(text, capitals));
    let encoding = if shared.with_words { tokenizer.encode(text)? } else { tokenizer.encode_without_words(text)? };
    Ok(EncodedText { encoding, spark: None })
}
