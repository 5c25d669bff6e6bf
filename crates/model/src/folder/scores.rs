//! [`Scores`]: a model's scores.json, as `spanframe evaluate --json` writes it.

use serde::Deserialize;

use crate::{ModelError, ModelFiles};

use super::not_json;

const SCORES: &str = "scores.json";

/// The scores of a model. Other fields of scores.json are ignored.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Scores {
    /// One row for each set, variant and entity type; the type `all` is the micro average.
    pub scores: Vec<Score>,
}

/// The scores of one entity type on one variant of one set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Score {
    /// Language of the set, if its files name one.
    pub language: Option<String>,
    /// `gold` for annotations by people, `silver` for annotations by a program.
    pub annotation: String,
    /// `clean` for the unchanged texts.
    pub variant: String,
    /// Entity type.
    #[serde(rename = "type")]
    pub entity: String,
    /// Number of annotated mentions.
    pub support: u64,
    /// Scores if span and type must match.
    pub strict: ScoreFigures,
    /// Scores if the types match and the spans overlap.
    pub relaxed: ScoreFigures,
}

/// Precision, recall and F1 with its 95 % confidence interval, all from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct ScoreFigures {
    /// Share of the found mentions that are right.
    pub precision: f64,
    /// Share of the annotated mentions that were found.
    pub recall: f64,
    /// Harmonic mean of precision and recall.
    pub f1: f64,
    /// Lower bound of F1.
    pub f1_low: f64,
    /// Upper bound of F1.
    pub f1_high: f64,
}

impl Scores {
    /// Reads scores.json; empty if the model has none.
    ///
    /// # Errors
    /// [`ModelError::Read`]; [`ModelError::Config`] for JSON of another form.
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let Some(bytes) = files.read(SCORES)? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|e| ModelError::Config { file: files.describe(SCORES), reason: not_json(&e) })
    }

    /// The row of `entity` on the clean texts in `language`; gold annotations come before silver ones.
    #[must_use]
    pub fn clean(&self, language: &str, entity: &str) -> Option<&Score> {
        let rows = self.scores.iter().filter(|s| s.variant == "clean" && s.entity == entity);
        let mut rows: Vec<&Score> = rows.filter(|s| s.language.as_deref() == Some(language)).collect();
        rows.sort_by_key(|s| s.annotation != "gold");
        rows.first().copied()
    }
}
