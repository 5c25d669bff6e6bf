//! Cards of models: what a user reads about them.

use spanframe_model::ModelCard;

use crate::{EngineError, EngineOptions, catalogue, members::members};

/// The card of the model that `options` name, or one card for a set of models. No model is loaded.
///
/// # Errors
/// [`EngineError::Model`] for a folder that cannot be read; [`EngineError::Pipeline`] for a wrong pipeline file.
pub fn card(options: &EngineOptions) -> Result<ModelCard, EngineError> {
    let (members, _) = members(options)?;
    let cards = members.iter().map(|member| {
        let resolved = catalogue::resolve(Some(&member.model))?;
        let card = catalogue::restrict(ModelCard::read(&resolved.files)?, resolved.alias);
        Ok(ModelCard { name: member.name.clone().unwrap_or(card.name), ..card })
    });
    Ok(combined(cards.collect::<Result<_, EngineError>>()?))
}

/// One card for `cards`. Values that differ are joined, each once.
pub(crate) fn combined(mut cards: Vec<ModelCard>) -> ModelCard {
    if cards.len() == 1 {
        return cards.remove(0);
    }
    let lists = |of: &dyn Fn(&ModelCard) -> Vec<String>| {
        let mut seen: Vec<String> = Vec::new();
        cards.iter().flat_map(of).for_each(|value| {
            if !seen.contains(&value) {
                seen.push(value);
            }
        });
        seen
    };
    let all = |of: &dyn Fn(&ModelCard) -> String| lists(&|card| vec![of(card)]);
    let licences = lists(&|card| card.licence.clone().into_iter().collect());
    ModelCard {
        name: all(&|card| card.name.clone()).join(" + "),
        location: all(&|card| card.location.clone()).join(", "),
        onnx: all(&|card| card.onnx.clone()).join(", "),
        onnx_bytes: None,
        architecture: all(&|card| card.architecture.clone()).join(", "),
        tokenizer: all(&|card| card.tokenizer.clone()).join(", "),
        vocabulary: cards.iter().map(|card| card.vocabulary).max().unwrap_or(0),
        entities: lists(&|card| card.entities.clone()),
        tag_scheme: all(&|card| card.tag_scheme.clone()).join(", "),
        heads: Vec::new(),
        decoder: all(&|card| card.decoder.clone()).join("; "),
        max_length: cards.iter().map(|card| card.max_length).min().unwrap_or(0),
        warnings: lists(&|card| card.warnings.clone()),
        note: None,
        languages: lists(&|card| card.languages.clone()),
        licence: Some(licences.join(", ")).filter(|all| !all.is_empty()),
        readme: None,
    }
}
