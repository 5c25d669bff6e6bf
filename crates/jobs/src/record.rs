//! [`Record`]: what became of a unit. It is in the footer of the unit's output, and copied to the ledger.

use std::{collections::BTreeMap, ops::Range};

use serde::{Deserialize, Serialize};
use spanframe_store::Object;
use tracing::info;

use crate::plan::Unit;

/// Key of the record in the footer of an output. Its value is JSON.
pub(crate) const RECORD_KEY: &str = "spanframe.record";

/// Counts of one unit, or of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    /// Input rows that were read.
    pub rows: u64,
    /// Output rows.
    pub written: u64,
    /// Rows that could not be annotated, and have null entities.
    pub nulled: u64,
    /// Rows that could not be read or annotated, and were left out.
    pub rejected: u64,
    /// Rows of damaged parts.
    pub lost: u64,
    /// Rows whose language no model names. The option `unknown_language` says whether they are annotated.
    #[serde(default)]
    pub unknown_language: u64,
    /// Entities by type.
    pub entities: BTreeMap<String, u64>,
    /// Tokens of the texts.
    pub tokens: u64,
    /// Tokens that went through the model, without padding.
    pub model_tokens: u64,
    /// Padding tokens.
    pub padded_tokens: u64,
    /// Time by stage.
    pub seconds: Seconds,
}

/// Seconds of wall-clock time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Waiting for rows.
    pub read: f64,
    /// Tokenizing, inference and decoding.
    pub annotate: f64,
    /// Building, encoding and writing the output.
    pub write: f64,
}

impl Counts {
    /// Adds `other` to these.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        self.written += other.written;
        self.nulled += other.nulled;
        self.rejected += other.rejected;
        self.lost += other.lost;
        self.unknown_language += other.unknown_language;
        for (entity, count) in &other.entities {
            *self.entities.entry(entity.clone()).or_default() += count;
        }
        self.tokens += other.tokens;
        self.model_tokens += other.model_tokens;
        self.padded_tokens += other.padded_tokens;
        self.seconds.read += other.seconds.read;
        self.seconds.annotate += other.seconds.annotate;
        self.seconds.write += other.seconds.write;
    }

    /// Logs the counts of `units` units.
    pub(crate) fn log(&self, message: &str, units: usize) {
        let Self { rows, written, nulled, rejected, lost, unknown_language, tokens, .. } = *self;
        let entities: u64 = self.entities.values().sum();
        info!(units, rows, written, nulled, rejected, lost, unknown_language, entities, tokens, "{message}");
    }

    /// Share of padding among all tokens that went through the model, 0 to 1.
    #[must_use]
    pub fn padding(&self) -> f64 {
        self.padded_tokens as f64 / (self.padded_tokens + self.model_tokens).max(1) as f64
    }
}

/// Rows that could not be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// Rows of the file.
    pub rows: Range<u64>,
    /// The row group or record batch.
    pub part: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// What became of a unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The unit.
    pub unit: Unit,
    /// Digest of the settings it was made with.
    pub settings: String,
    /// Its counts.
    pub counts: Counts,
    /// Rows that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub losses: Vec<Loss>,
    /// The output when it became visible. Absent from the output's own footer, and from records of early versions.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shown: Option<Shown>,
}

/// An output as its store listed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its length in bytes.
    pub size: u64,
    /// Version of its content.
    pub version: String,
}

impl From<Object> for Shown {
    fn from(object: Object) -> Self {
        Self { size: object.size, version: object.version }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Seconds survive JSON to the last bit. So the summary of a finished job does not depend on which records a
        /// run made and which it read.
        #[test]
        fn counts_that_are_read_are_those_that_were_written(read in 0.0..1e4, annotate in 0.0..1.0, write in 0.0..1e-3) {
            let counts = Counts { seconds: Seconds { read, annotate, write }, ..Counts::default() };
            let text = serde_json::to_string(&counts).unwrap();
            prop_assert_eq!(serde_json::from_str::<Counts>(&text).unwrap(), counts);
        }
    }
}
