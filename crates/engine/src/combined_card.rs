//! The card of several models.

use spanframe_model::ModelCard;

/// One card for several: what differs stands side by side.
pub(crate) fn combined(mut cards: Vec<ModelCard>) -> ModelCard {
    if cards.len() == 1 {
        return cards.remove(0);
    }
    let all = |of: &dyn Fn(&ModelCard) -> String| {
        let mut seen: Vec<String> = Vec::new();
        cards.iter().map(of).for_each(|value| {
            if !seen.contains(&value) {
                seen.push(value);
            }
        });
        seen
    };
    let lists = |of: &dyn Fn(&ModelCard) -> Vec<String>| {
        let mut seen: Vec<String> = Vec::new();
        cards.iter().flat_map(of).for_each(|value| {
            if !seen.contains(&value) {
                seen.push(value);
            }
        });
        seen
    };
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
        note: None,
        languages: lists(&|card| card.languages.clone()),
        licence: Some(licences.join(", ")).filter(|all| !all.is_empty()),
        readme: None,
    }
}
