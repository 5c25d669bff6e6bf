//! The assertion attributes of gold mentions, and which of them a corpus tells.

use spanframe_engine::{Attribute, Attributes, Named};

use super::Document;

/// What a gold mention says of each attribute, as in [`Mention::attributes`](spanframe_engine::Mention::attributes).
pub type Told = [Option<bool>; 5];

/// A mention of which nothing is known.
pub const UNKNOWN: Told = [None; 5];
/// A mention that is there, now, and the patient's.
pub const AFFIRMED: Told = [Some(false); 5];

/// The attribute called `name`, whatever its case.
pub fn named(name: &str) -> Option<Attribute> {
    Attribute::named().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, attribute)| attribute)
}

/// Keeps the attributes that the corpus tells: those that some mention has, or all five if no mention has any.
///
/// A reader leaves [`UNKNOWN`] where gold says nothing of a mention, and sets [`Document::attributes`] to all five
/// where it reads any. A corpus of negated and uncertain mentions does not say whether these are historical.
pub fn keep_told(documents: &mut [Document]) {
    let told = || documents.iter().flat_map(|document| &document.mentions).map(|mention| mention.attributes);
    let has = |attribute: &Attribute| told().any(|of| of[*attribute as usize] == Some(true));
    let occurring: Attributes = Attribute::ALL.into_iter().filter(has).collect();
    let corpus = match told().any(|of| of != UNKNOWN) {
        false => Attributes::NONE,
        true if occurring.is_empty() => Attributes::EVERY,
        true => occurring,
    };
    for document in documents {
        document.attributes = document.attributes.iter().filter(|&attribute| corpus.contains(attribute)).collect();
        let kept = document.attributes;
        for mention in &mut document.mentions {
            for attribute in Attribute::ALL.into_iter().filter(|&attribute| !kept.contains(attribute)) {
                mention.attributes[attribute as usize] = None;
            }
        }
    }
}
