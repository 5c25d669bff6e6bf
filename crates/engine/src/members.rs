//! The members of a set of models, from a name, a list or a pipeline file.

use crate::{
    EngineError, EngineOptions, OptionError,
    model_choice::ModelChoice,
    pipeline_file::{MemberOptions, PipelineFile},
};

/// The members that `options` name, and the options of the call with those of a pipeline file.
pub(crate) fn members(options: &EngineOptions) -> Result<(Vec<MemberOptions>, EngineOptions), EngineError> {
    match &options.model {
        ModelChoice::One(name) => {
            let own = MemberOptions::of(name.as_deref().unwrap_or(spanframe_bundled::NAME));
            Ok((vec![own], options.clone()))
        }
        ModelChoice::List(names) => Ok((names.iter().map(|name| MemberOptions::of(name)).collect(), options.clone())),
        ModelChoice::File(path) => {
            let wrong = |e: OptionError| EngineError::Pipeline {
                path: path.display().to_string(),
                reason: format!("is wrong: {e}"),
            };
            let (own, typed) = PipelineFile::read(path)?.into_parts(&options.typed);
            let checked = EngineOptions::new(typed).map_err(wrong)?;
            // the options of the scope `Set`, which a pipeline file may have
            let set = EngineOptions {
                merge: checked.merge,
                merge_within: checked.merge_within,
                unknown_language: checked.unknown_language,
                assertion: checked.assertion,
                assertion_rules: checked.assertion_rules,
                link: checked.link,
                link_similarity: checked.link_similarity,
                link_candidates: checked.link_candidates,
                ..options.clone()
            };
            Ok((own, set))
        }
    }
}
