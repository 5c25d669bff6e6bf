//! [`Palette`]: the colour of each entity type.

use std::collections::BTreeSet;

/// Colours of the style sheet. Further types take them again, with another line below.
pub const COLORS: usize = 8;

/// The entity types of a page, in alphabetical order. A type has one colour wherever the same types are shown.
#[derive(Debug)]
pub struct Palette(Vec<String>);

impl Palette {
    /// Takes each of `types` once.
    pub fn new<'a>(types: impl IntoIterator<Item = &'a str>) -> Self {
        Self(types.into_iter().collect::<BTreeSet<_>>().into_iter().map(String::from).collect())
    }

    /// Returns the types, in order.
    pub fn types(&self) -> &[String] {
        &self.0
    }

    /// Returns the index of `name`, or the number of types if it is unknown.
    pub fn index(&self, name: &str) -> usize {
        self.0.binary_search_by(|known| known.as_str().cmp(name)).unwrap_or(self.0.len())
    }

    /// Returns the CSS classes of a type: its colour and, after the first [`COLORS`] types, its line.
    pub fn class(&self, name: &str) -> String {
        let index = self.index(name);
        match index / COLORS {
            0 => format!("k{}", index % COLORS),
            round => format!("k{} again{}", index % COLORS, 1 + (round - 1) % 3),
        }
    }
}
