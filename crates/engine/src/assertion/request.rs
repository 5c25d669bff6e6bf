//! [`Assertion`]: what an engine is asked to say of its entities.

use std::sync::{Arc, OnceLock};

use spanframe_core::{Named, assertion::Attributes};
use spanframe_model::digest_of;

use super::{Assessor, LexiconError};
use crate::{EngineError, EngineOptions, OptionError, members::members};

/// The attributes that are asked for, and the cues that decide them.
#[derive(Debug)]
pub struct Assertion {
    wanted: Attributes,
    assessor: Arc<Assessor>,
}

/// The cues that come with spanframe. They are read once, for Polars makes an engine for each chunk.
static BUNDLED: OnceLock<Arc<Assessor>> = OnceLock::new();

impl Assertion {
    /// What `options` ask for; `None` if they ask for no attribute.
    ///
    /// # Errors
    /// [`EngineError::Lexicon`] for a file of rules that cannot be used; [`EngineError::Option`] for rules that nothing
    /// asks for.
    pub fn of(options: &EngineOptions) -> Result<Option<Self>, EngineError> {
        let EngineOptions { assertion: wanted, assertion_rules: files, .. } = options;
        if wanted.is_empty() {
            let way_out = "say `assertion=true` too, or leave the rules out";
            let idle = OptionError::Conflict { option: "assertion_rules", other: "no `assertion`", way_out };
            return if files.is_empty() { Ok(None) } else { Err(idle.into()) };
        }
        let assessor = if files.is_empty() { bundled()? } else { Arc::new(Assessor::new(files)?) };
        Ok(Some(Self { wanted: *wanted, assessor }))
    }

    /// As [`of`](Self::of), with the rules of a pipeline file that `options` name. Loads no model.
    ///
    /// # Errors
    /// As [`of`](Self::of); [`EngineError::Pipeline`] for a wrong pipeline file.
    pub fn with_pipeline_file(options: &EngineOptions) -> Result<Option<Self>, EngineError> {
        Self::of(&members(options)?.1)
    }

    /// The cues.
    #[must_use]
    pub fn assessor(&self) -> &Assessor {
        &self.assessor
    }

    /// SHA-256 over the attributes and the cues, as hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        let names = self.wanted.iter().map(|attribute| attribute.name().to_string());
        let parts: Vec<String> = names.chain(self.assessor.rules()).collect();
        digest_of(parts.iter().map(String::as_str))
    }
}

/// The cues that come with spanframe.
fn bundled() -> Result<Arc<Assessor>, LexiconError> {
    if let Some(assessor) = BUNDLED.get() {
        return Ok(Arc::clone(assessor));
    }
    let assessor = Arc::new(Assessor::new(&[])?);
    Ok(Arc::clone(BUNDLED.get_or_init(|| assessor)))
}
