//! [`SpecialToken`]: tokens that stand for no text, in the form of tokenizer.json.

use serde_json::{Value, json};

use super::vocabulary::Vocabulary;

/// A special token of a family.
#[derive(Clone, Copy)]
pub(super) struct SpecialToken {
    pub text: &'static str,
    /// True if it takes the space before it, as RoBERTa's mask does.
    pub strips_left: bool,
}

impl SpecialToken {
    pub(super) const fn new(text: &'static str) -> Self {
        Self { text, strips_left: false }
    }

    pub(super) const fn stripping_left(text: &'static str) -> Self {
        Self { text, strips_left: true }
    }
}

/// A special token with its id, at one end of a text.
#[derive(Clone, Copy)]
pub(super) struct EndToken {
    pub text: &'static str,
    pub id: u32,
}

/// `added_tokens`: those of `tokens` that the vocabulary has, by id.
pub(super) fn added_tokens(tokens: &[SpecialToken], vocabulary: &Vocabulary) -> Vec<Value> {
    let with_id = |token: &SpecialToken| Some((*vocabulary.0.get(token.text)?, *token));
    let mut found: Vec<(u32, SpecialToken)> = tokens.iter().filter_map(with_id).collect();
    found.sort_by_key(|(id, _)| *id);
    let entry = |(id, token): (u32, SpecialToken)| {
        json!({
            "id": id, "content": token.text, "single_word": false, "lstrip": token.strips_left, "rstrip": false,
            "normalized": false, "special": true,
        })
    };
    found.into_iter().map(entry).collect()
}

/// `post_processor`: `begin text end`, and `begin first end second end` for a pair of texts.
pub(super) fn template(begin: EndToken, end: EndToken) -> Value {
    let special = |token: EndToken, type_id: u32| json!({"SpecialToken": {"id": token.text, "type_id": type_id}});
    let text = |name: &str, type_id: u32| json!({"Sequence": {"id": name, "type_id": type_id}});
    let entry = |token: EndToken| json!({"id": token.text, "ids": [token.id], "tokens": [token.text]});
    json!({
        "type": "TemplateProcessing",
        "single": [special(begin, 0), text("A", 0), special(end, 0)],
        "pair": [special(begin, 0), text("A", 0), special(end, 0), text("B", 1), special(end, 1)],
        "special_tokens": {begin.text: entry(begin), end.text: entry(end)},
    })
}
