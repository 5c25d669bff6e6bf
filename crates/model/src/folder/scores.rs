//! [`Scores`]: what `spanframe evaluate --json` wrote into a model folder.

use serde::Deserialize;

use crate::{ModelError, ModelFiles};

const SCORES: &str = "scores.json";

/// The scores in a model folder's scores.json. Fields that are not named here are passed over.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct Scores {
    /// One row a set, variant and type; the type `all` is the micro average.
    pub scores: Vec<Score>,
}

/// The scores of one type on one variant of one set.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Score {
    /// Language of the set, where its files name one.
    pub language: Option<String>,
    /// `gold`, or `silver` for annotations that were made by a program.
    pub annotation: String,
    /// `clean` for the texts as they are.
    pub variant: String,
    /// Entity type.
    #[serde(rename = "type")]
    pub entity: String,
    /// Number of annotated mentions.
    pub support: u64,
    /// Exact span and type.
    pub strict: Figures,
    /// Same type and at least one shared character.
    pub relaxed: Figures,
}

/// Precision, recall and F1, 0 to 1, the last with the bounds of its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Figures {
    /// Share of what was found that is right.
    pub precision: f64,
    /// Share of what is right that was found.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Lower bound.
    pub f1_low: f64,
    /// Upper bound.
    pub f1_high: f64,
}

impl Scores {
    /// The scores of a model; none if it has no scores.json.
    ///
    /// # Errors
    /// [`ModelError::Read`] and [`ModelError::Config`].
    pub fn read(files: &ModelFiles) -> Result<Self, ModelError> {
        let Some(bytes) = files.read(SCORES)? else { return Ok(Self::default()) };
        serde_json::from_slice(&bytes)
            .map_err(|e| ModelError::Config { file: files.describe(SCORES), reason: e.to_string() })
    }

    /// The row of the clean texts in `language` for `entity`: of gold annotations if there are any.
    #[must_use]
    pub fn clean(&self, language: &str, entity: &str) -> Option<&Score> {
        let rows = self.scores.iter().filter(|s| s.variant == "clean" && s.entity == entity);
        let mut rows: Vec<&Score> = rows.filter(|s| s.language.as_deref() == Some(language)).collect();
        rows.sort_by_key(|s| s.annotation != "gold");
        rows.first().copied()
    }
}
