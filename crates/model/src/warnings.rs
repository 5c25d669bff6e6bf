//! What a user of a model should know before the first row.

use spanframe_core::Tag;

use crate::{Config, Graph, Tokenizer};

/// Labels that often mean outside, in lower case.
const LIKE_OUTSIDE: [&str; 8] = ["0", "o", "out", "outside", "other", "none", "null", "label_0"];

/// The warnings about a model, each a sentence with the way out.
pub(crate) fn warnings(config: &Config, tokenizer: &Tokenizer, graph: &Graph) -> Vec<String> {
    let dynamic = graph.dynamic.map(|operator| {
        format!(
            "its graph rounds activations by the content of a batch ({operator}, dynamic quantization), so each window runs \
             alone, which is slower: export it in fp32 or by `spanframe model export --precision int8`"
        )
    });
    tokenizer.warnings.iter().cloned().chain(no_outside(config)).chain(dynamic).collect()
}

/// The warning for a head without an outside label.
fn no_outside(config: &Config) -> Option<String> {
    let labels = &config.labels;
    let has_outside = |head: &&spanframe_core::Head| labels.tags()[head.columns.clone()].contains(&Tag::Outside);
    let head = labels.heads().iter().find(|head| !has_outside(head))?;
    let names = &labels.labels()[head.columns.clone()];
    let like = names.iter().find(|label| LIKE_OUTSIDE.contains(&label.to_lowercase().as_str()));
    let (condition, name) = match like {
        Some(label) => (format!("if `{}` means outside", label.escape_debug()), label.escape_debug().to_string()),
        None => ("if a label means outside".to_string(), "LABEL".to_string()),
    };
    Some(format!(
        "none of its labels is `O`, so every word is in an entity: {condition}, use `--ignore-labels O,{name}` \
         (ignore_labels=[\"O\", \"{name}\"])"
    ))
}
