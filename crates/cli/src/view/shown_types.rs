//! [`ShownTypes`]: the types of entities that a page shows.

use std::collections::BTreeMap;

use spanframe_engine::Mention;

/// The types that were asked for, each with true once an entity had it. `None` for all types.
pub(super) struct ShownTypes(Option<BTreeMap<String, bool>>);

impl ShownTypes {
    pub(super) fn new(names: Option<&[String]>) -> Self {
        Self(names.map(|names| names.iter().map(|name| (name.clone(), false)).collect()))
    }

    /// Leaves out the mentions of other types.
    pub(super) fn retain(&mut self, mentions: &mut Vec<Mention<'_>>) {
        let Some(types) = &mut self.0 else { return };
        mentions.retain(|mention| types.get_mut(&*mention.entity).map(|seen| *seen = true).is_some());
    }

    /// The first type that no entity had.
    pub(super) fn missing(&self) -> Option<String> {
        self.0.iter().flatten().find(|(_, seen)| !**seen).map(|(name, _)| name.clone())
    }
}
