//! What an entity may be said to be: [`Attribute`] and sets of them.

use strum::{IntoStaticStr, VariantArray};

/// A statement about an entity other than that it is there, now, and the patient's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Attribute {
    /// It is said not to be: "denies chest pain".
    Negated,
    /// It may be: "possible pneumonia".
    Uncertain,
    /// It was, before this episode: "history of stroke".
    Historical,
    /// It is not yet: "return if fever".
    Hypothetical,
    /// It is somebody else's: "mother has diabetes".
    Family,
}

impl Attribute {
    /// All attributes, in the order of the output's fields.
    pub const ALL: [Self; 5] = [Self::Negated, Self::Uncertain, Self::Historical, Self::Hypothetical, Self::Family];
}

/// A set of [`Attribute`]s.
///
/// ```
/// # use spanframe_core::assertion::{Attribute, Attributes};
/// let both: Attributes = [Attribute::Negated, Attribute::Family].into_iter().collect();
/// assert!(both.contains(Attribute::Family) && !both.contains(Attribute::Uncertain));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(u8);

impl Attributes {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// All five attributes.
    pub const EVERY: Self = Self(0b1_1111);

    /// Whether `attribute` is in the set.
    #[must_use]
    pub fn contains(self, attribute: Attribute) -> bool {
        self.0 & (1 << attribute as u8) != 0
    }

    /// The set with `attribute` added.
    #[must_use]
    pub fn with(self, attribute: Attribute) -> Self {
        Self(self.0 | (1 << attribute as u8))
    }

    /// The attributes of the set, in the order of [`Attribute::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Attribute> {
        Attribute::ALL.into_iter().filter(move |&attribute| self.contains(attribute))
    }

    /// Whether all attributes are in the set.
    #[must_use]
    pub fn is_every(self) -> bool {
        self == Self::EVERY
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }
}

impl FromIterator<Attribute> for Attributes {
    fn from_iter<I: IntoIterator<Item = Attribute>>(attributes: I) -> Self {
        attributes.into_iter().fold(Self::NONE, Self::with)
    }
}
