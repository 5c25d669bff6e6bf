//! [`Kinds`]: the entity types of a page and their colours.

use std::collections::BTreeSet;

/// Colours that there are; further types take them again, with another line below.
pub const COLORS: usize = 8;

/// The types, in alphabetical order: the same types have the same colours wherever they are shown.
#[derive(Debug)]
pub struct Kinds(Vec<String>);

impl Kinds {
    /// Of all `names`, each once.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self(names.into_iter().collect::<BTreeSet<_>>().into_iter().map(String::from).collect())
    }

    /// Names, in order.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Place of `name`; that of a name that is not there is the end.
    pub fn place(&self, name: &str) -> usize {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).unwrap_or(self.0.len())
    }

    /// Classes of the style sheet for a type: its colour, and its line where the colours are used up.
    pub fn class(&self, name: &str) -> String {
        let place = self.place(name);
        match place / COLORS {
            0 => format!("k{}", place % COLORS),
            round => format!("k{} again{}", place % COLORS, 1 + (round - 1) % 3),
        }
    }
}
